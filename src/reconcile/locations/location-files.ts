import sql, { type Sql } from "sql-template-tag";
import { type Origin, type Recorded, together } from "../../changes/record.ts";
import { changedProperties } from "../../directory/changed-properties.ts";
import { deleteLocations } from "../../directory/dissolve-locations.ts";
import { locationProperties } from "../../directory/location-document.ts";
import { type LocationState, type SavedLocation, saveLocations } from "../../directory/save-locations.ts";
import { foldCase } from "../../directory/text.ts";
import { type LocationField, locationColumns } from "../../intake/location-columns.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { LocationLoss } from "../guard/figures.ts";
import type { RecordKind } from "../records/record-files.ts";
import type { RecordItem } from "../records/record-plan.ts";
import { type LocationRow, normalizeLocation } from "./normalize-location.ts";
import { type PlannedLocation, planLocations } from "./plan-locations.ts";

/** Files of locations (file formats, section 7). The guard looks at the people of locations that are deleted. */
export const locationFiles: RecordKind<LocationField, LocationRow> = {
  columns: locationColumns,
  normalize: normalizeLocation,
  async plan(executor, organizationId, rows, holdsRemovals) {
    const stored = await readLocations(executor, organizationId);
    const planned = planLocations(rows, stored, await readGroupIds(executor, organizationId, rows));
    const { failures } = planned;
    const locations = planned.locations.filter(({ action }) => !(holdsRemovals && action === "delete"));
    const deleted = locations.flatMap((location) => (location.action === "delete" ? [location.name] : []));
    const known = new Map(stored.map((location) => [foldCase(location.name), location]));
    return {
      items: locations.flatMap((planned) => itemOf(planned, known)),
      failures,
      warnings: new Map(),
      notAdded: rows
        .filter(({ row, action, nameNormalized = "" }) => {
          return action !== "delete" && failures.has(row) && !known.has(nameNormalized);
        })
        .map(({ row }) => row),
      groupIds: new Map(),
      memberships: { before: 0, added: 0, removed: 0 },
      losses: [],
      locationLosses: await readLosses(executor, organizationId, deleted),
      apply: (origin, at) => applyLocations(executor, organizationId, origin, at, locations),
    };
  },
};

function savedLocation(planned: PlannedLocation): SavedLocation[] {
  if (planned.action === "create") {
    const { location } = planned;
    return [{ location, isNew: true, changed: changedProperties<LocationState>(null, location, locationProperties) }];
  }
  return planned.action === "update" ? [{ location: planned.location, isNew: false, changed: planned.changed }] : [];
}

function itemOf(planned: PlannedLocation, known: ReadonlyMap<string, LocationState>): RecordItem[] {
  const { row } = planned;
  const [saved] = savedLocation(planned);
  if (saved) {
    const { location, isNew, changed } = saved;
    return [{ type: "location", action: isNew ? "add" : "update", id: location.name, row, changed }];
  }
  if (planned.action !== "delete") return [];
  const changed = changedProperties<LocationState>(known.get(foldCase(planned.name))!, null, locationProperties);
  return [{ type: "location", action: "remove", id: planned.name, row, changed }];
}

async function applyLocations(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  at: Date,
  locations: readonly PlannedLocation[],
): Promise<Recorded> {
  const saved = await saveLocations(executor, organizationId, locations.flatMap(savedLocation), origin, at);
  const gone = locations.flatMap((planned) => (planned.action === "delete" ? [planned.name] : []));
  return together(saved, await deleteLocations(executor, organizationId, gone, origin, at));
}

async function readLocations(executor: Executor, organizationId: number): Promise<LocationState[]> {
  const { rows } = await executor.query<{ name: string; groups: string[] }>(
    prepared(sql`select name, array(select group_id from location_groups
       where organization_id = ${organizationId} and location_normalized = name_normalized order by group_id) as groups
     from locations where organization_id = ${organizationId} order by name_normalized`),
  );
  return rows;
}

/** The statement of `readLosses`. */
export const peopleAtLocations = (organizationId: number, names: readonly string[]): Sql => sql`
  select location as name, count(*)::integer as people from users
  where organization_id = ${organizationId} and location = any(${names}::text[])
  group by location order by people desc, location`;

/** Reads how many people each of the deleted locations has; nobody stays at them, so they lose all. */
async function readLosses(
  executor: Executor,
  organizationId: number,
  deleted: readonly string[],
): Promise<LocationLoss[]> {
  if (deleted.length === 0) return [];
  const statement = prepared(peopleAtLocations(organizationId, deleted));
  const { rows } = await executor.query<{ name: string; people: number }>(statement);
  return rows.map(({ name, people }) => ({ name, people, lost: people, deleted: people }));
}

/** Reads which of the groups that the rows name exist. */
async function readGroupIds(
  executor: Executor,
  organizationId: number,
  rows: readonly LocationRow[],
): Promise<Set<string>> {
  const named = new Set(rows.flatMap(({ groups = [] }) => groups));
  const { rows: found } = await executor.query<{ groupId: string }>(
    prepared(
      sql`select group_id as "groupId" from groups where organization_id = ${organizationId} and group_id = any(${[...named]}::text[])`,
    ),
  );
  return new Set(found.map(({ groupId }) => groupId));
}
