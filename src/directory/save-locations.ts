import sql, { type Sql } from "sql-template-tag";
import { type ChangeEntry, type Origin, type Recorded, recordChanges, together } from "../changes/record.ts";
import { inBatches } from "../store/batches.ts";
import { runStatements } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { expireDigests } from "./digests.ts";
import type { LocationDocument } from "./location-document.ts";
import { foldCase } from "./text.ts";

/** The part of a location that files set; the rest is the service's own. */
export type LocationState = Readonly<Pick<LocationDocument, "name">> & { readonly groups: readonly string[] };

/** A location as it is to be, and its changes for the log. */
export interface SavedLocation {
  readonly location: LocationState;
  /** True if the location is to be created. */
  readonly isNew: boolean;
  readonly changed: ChangeEntry["changed"];
}

/**
 * Creates locations and sets the groups of others, however many; all the groups exist. The caller holds the organization's lock.
 */
export async function saveLocations(
  executor: Executor,
  organizationId: number,
  locations: readonly SavedLocation[],
  origin: Origin,
  at: Date,
): Promise<Recorded> {
  if (locations.length === 0) return { count: 0 };
  let recorded: Recorded = { count: 0 };
  for (const some of inBatches(locations)) {
    await runStatements(executor, writeLocations(organizationId, some, at));
    recorded = together(recorded, await recordChanges(executor, organizationId, origin, some.map(entryOf)));
  }
  await expireDigests(executor, organizationId, { affectsRows: false });
  return recorded;
}

/** The statements that create locations, and set the groups of these and others. */
export function writeLocations(organizationId: number, locations: readonly SavedLocation[], at: Date): readonly Sql[] {
  const rows = locations.map(({ location: { name, groups } }) => ({ nameNormalized: foldCase(name), name, groups }));
  const saved = sql`json_to_recordset(${JSON.stringify(rows)}) saved ("nameNormalized" text, name text, groups json)`;
  return [
    sql`insert into locations (organization_id, name_normalized, name, created_at, updated_at)
      select ${organizationId}, "nameNormalized", name, ${at}, ${at} from ${saved}
      on conflict (organization_id, name_normalized) do update
      set version = locations.version + 1, updated_at = excluded.updated_at`,
    sql`delete from location_groups using ${saved}
      where organization_id = ${organizationId} and location_normalized = "nameNormalized" collate "C"`,
    sql`insert into location_groups (organization_id, location_normalized, group_id)
      select ${organizationId}, "nameNormalized", group_id
      from ${saved} cross join json_array_elements_text(groups) group_id`,
  ];
}

const entryOf = ({ location, isNew, changed }: SavedLocation): ChangeEntry => ({
  type: "location",
  action: isNew ? "created" : "updated",
  id: location.name,
  changed,
});
