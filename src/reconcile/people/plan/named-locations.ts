import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { locationNamePattern } from "../../../directory/location-document.ts";
import { foldCase } from "../../../directory/text.ts";
import { hasLostLetters } from "../../../intake/lost-letters.ts";
import { runStatements, selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";
import { rowOf } from "./value-rows.ts";

/** Tells if imports may create a location of this name. */
export const isNameOfLocation = (name: string): boolean => locationNamePattern.test(name) && !hasLostLetters(name);

const unknownLocationRow = z.object({ location: z.string() });

/** Lists the locations that exist and those that the import creates, and reports others that the file names. */
export async function planNamedLocations(executor: Executor, context: ImportContext): Promise<void> {
  await executor.query(listLocations(context));
  if (context.settings.createLocations) {
    const unknown = await selectRows(executor, unknownLocationRow, unknownLocations);
    const wanted = unknown.map(({ location }) => location).filter(isNameOfLocation);
    // Of several spellings of a name the first one is created.
    const byName = new Map(wanted.reverse().map((name) => [foldCase(name), name]));
    await executor.query(planLocations(byName));
  }
  await runStatements(executor, [sql`analyze known_locations`, reportUnknownLocations]);
}

export const listLocations = (c: ImportContext): Sql => sql`
  insert into known_locations (name_normalized, name, is_new)
  select name_normalized, name, false from locations where organization_id = ${c.organization}`;

/** SQL condition: the person's location is not known. */
const isUnknown = sql`location <> '' and applies
  and not exists (select from known_locations l where l.name_normalized = people.location_normalized)`;

export const unknownLocations: Sql = sql`
  select location from people where ${isUnknown} group by location order by min(first_row)`;

/** @param byName names of locations by their folded names */
export const planLocations = (byName: ReadonlyMap<string, string>): Sql => sql`
  insert into known_locations (name_normalized, name, is_new)
  select name_normalized, name, true
  from unnest(${[...byName.keys()]}::text[], ${[...byName.values()]}::text[]) as wanted (name_normalized, name)`;

export const reportUnknownLocations: Sql = sql`
  insert into row_issues (row, code, field, details, failure)
  select ${rowOf(sql`people`, sql`'campusName'`)}, 'location_unknown', 'campusName', jsonb_build_object('location', location), false
  from people
  where ${isUnknown}`;
