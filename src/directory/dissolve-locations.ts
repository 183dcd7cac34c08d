import sql, { type Sql } from "sql-template-tag";
import {
  type AppendedEntries,
  appendChanges,
  type ChangeEntry,
  type Origin,
  type Recorded,
  recordChanges,
  together,
} from "../changes/record.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { expireDigests } from "./digests.ts";
import { type LocationDocument, locationProperties, readLocations } from "./location-document.ts";
import { identifiersOfPeople } from "./user-changes.ts";

/** Locations that were deleted, and what was recorded of it. */
export interface DeletedLocations extends Recorded {
  /** As they were, in the order of their names in lower case. */
  readonly locations: readonly LocationDocument[];
}

/**
 * Deletes these locations; groups and people stay, and are at no location any more. Imports look at unchanged rows again
 * afterwards: one may name a location. The caller holds the organization's lock.
 * @param names without regard to case; unknown ones are passed over
 * @returns the locations, and what was recorded: people first, then locations
 */
export async function deleteLocations(
  executor: Executor,
  organizationId: number,
  names: readonly string[],
  origin: Origin,
  at: Date,
): Promise<DeletedLocations> {
  const locations = await readLocations(executor, organizationId, names);
  if (locations.length === 0) return { count: 0, locations };
  const stored = locations.map(({ name }) => name);
  const moved = await moveUsers(executor, organizationId, stored, null, origin, at);
  await executor.query(prepared(removeLocations(organizationId, stored)));
  await expireDigests(executor, organizationId, { affectsRows: true });
  const deleted = locations.map((location): ChangeEntry => {
    const changed = changedProperties(location, null, locationProperties);
    return { type: "location", action: "deleted", id: location.name, changed };
  });
  const recorded = await recordChanges(executor, organizationId, origin, deleted);
  return { ...together(moved, recorded), locations };
}

/** The statement that deletes locations by their names as they spell themselves. */
export const removeLocations = (organizationId: number, names: readonly string[]): Sql =>
  sql`delete from locations where organization_id = ${organizationId} and name = any(${names}::text[])`;

/**
 * Moves the people of locations to another location, or to none, however many they are. Their versions are incremented, so
 * that imports look at their rows again. The change log gets one change a person, in the order of their ids. The owner of a
 * person's location remains; a location that is taken away has no owner.
 * @param from names as the locations spell themselves
 * @param to null: at none
 */
export const moveUsers = (
  executor: Executor,
  organizationId: number,
  from: readonly string[],
  to: string | null,
  origin: Origin,
  at: Date,
): Promise<Recorded> =>
  appendChanges(executor, organizationId, origin, movedUsers(organizationId, from, to, origin, at));

/** The parts of the statement of `moveUsers`. */
export const movedUsers = (
  organizationId: number,
  from: readonly string[],
  to: string | null,
  { importId }: Pick<Origin, "importId">,
  at: Date,
): AppendedEntries => ({
  with: [
    // The select sees the rows as they were before the statement.
    sql`person as materialized (
        select id as user_id, username, location, row_number() over (order by id) as number
        from users where organization_id = ${organizationId} and location = any(${from}::text[])
      )`,
    sql`target as materialized (select ${to}::text as location)`,
    sql`moved as (
        update users set location = target.location,
          location_owner = case when target.location is null then null else location_owner end,
          version = version + 1, updated_at = ${at}, last_import_id = coalesce(${importId ?? null}, last_import_id)
        from person cross join target where users.organization_id = ${organizationId} and users.id = person.user_id
      )`,
    identifiersOfPeople(organizationId),
  ],
  entries: sql`
      select person.number, 'user' as type, 'updated' as action, person.user_id::text as id, identifier.database_id,
        person.username,
        json_build_object('location', json_build_object('from', person.location, 'to', target.location)) as changed,
        '[]'::json as memberships
      from person cross join target left join identifier on identifier.user_id = person.user_id`,
  count: sql`select count(*) as count from person`,
});
