import sql, { type Sql } from "sql-template-tag";
import type { Stretch } from "../changes/feed.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import { readLocations } from "./location-document.ts";
import { compareBytes, foldCase } from "./text.ts";

/** A location that exists or was deleted, with the name that sorts it. A deleted one has no groups. */
export interface LocationRecord {
  readonly normalized: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly isDeleted: boolean;
}

/**
 * Locations that changed within a stretch of the log, as they are now, in the order of their names in lower case. A name
 * that a location had before it was renamed counts as deleted.
 */
export function changedLocations(
  database: Database,
  organizationId: number,
  stretch: Stretch,
): Promise<LocationRecord[]> {
  return withOrganization(database, organizationId, async (transaction) => {
    const { rows } = await transaction.query<{ name: string }>(prepared(locationsChanged(organizationId, stretch)));
    const names = new Map(rows.map(({ name }) => [foldCase(name), name]));
    const found = await readLocations(transaction, organizationId, [...names.keys()]);
    const known = new Map(found.map((location) => [foldCase(location.name), location]));
    return [...names]
      .map(([normalized, name]) => {
        const location = known.get(normalized);
        return location === undefined
          ? { normalized, name, groups: [], isDeleted: true }
          : { normalized, name: location.name, groups: location.groups, isDeleted: false };
      })
      .sort((one, other) => compareBytes(one.normalized, other.normalized));
  });
}

/** The statement of `changedLocations`: the names that the log has, of each change in its order. */
export const locationsChanged = (organizationId: number, { after, through }: Stretch): Sql => sql`
  with entry as materialized (
    select sequence, id, changed::json #>> '{name,to}' as renamed from changes
    where organization_id = ${organizationId} and type = 'location' and sequence > ${after} and sequence <= ${through}
  )
  select name from (
    select sequence, id as name from entry union select sequence, renamed from entry where renamed is not null
  ) told order by sequence`;
