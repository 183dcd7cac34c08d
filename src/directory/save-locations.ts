import { type ChangeEntry, type Origin, type Recorded, recordChanges, together } from "../changes/record.ts";
import { inBatches } from "../store/batches.ts";
import type { Executor } from "../store/database.ts";
import type { LocationDocument } from "./locations.ts";
import { foldCase } from "./text.ts";

/** The part of a location that is set by others; the rest is the service's own. */
export type LocationState = Pick<LocationDocument, "name" | "groups">;

/** A location as it is to be, and what the change log is to say of it. */
export interface SavedLocation {
  readonly location: LocationState;
  /** There is none yet. */
  readonly isNew: boolean;
  readonly changed: ChangeEntry["changed"];
}

/**
 * Creates locations and sets the groups of others, however many; all the groups exist. Imports look at unchanged rows
 * again afterwards. The caller holds the organization's lock.
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
    await writeLocations(executor, organizationId, some, at);
    recorded = together(recorded, await recordChanges(executor, organizationId, origin, some.map(entryOf)));
  }
  await executor.query("update organizations set rules_epoch = rules_epoch + 1 where id = $1", [organizationId]);
  return recorded;
}

async function writeLocations(
  executor: Executor,
  organizationId: number,
  locations: readonly SavedLocation[],
  at: Date,
): Promise<void> {
  const rows = locations.map(({ location: { name, groups } }) => ({ nameNormalized: foldCase(name), name, groups }));
  const saved = `json_to_recordset($2) saved ("nameNormalized" text, name text, groups json)`;
  const values = [organizationId, JSON.stringify(rows)];
  await executor.query(
    `insert into locations (organization_id, name_normalized, name, created_at, updated_at)
     select $1, "nameNormalized", name, $3, $3 from ${saved}
     on conflict (organization_id, name_normalized) do update
     set version = locations.version + 1, updated_at = excluded.updated_at`,
    [...values, at],
  );
  await executor.query(
    `delete from location_groups using ${saved}
     where organization_id = $1 and location_normalized = "nameNormalized" collate "C"`,
    values,
  );
  await executor.query(
    `insert into location_groups (organization_id, location_normalized, group_id)
     select $1, "nameNormalized", group_id from ${saved} cross join json_array_elements_text(groups) group_id`,
    values,
  );
}

const entryOf = ({ location, isNew, changed }: SavedLocation): ChangeEntry => ({
  ...{ type: "location", action: isNew ? "created" : "updated", id: location.name, changed },
});
