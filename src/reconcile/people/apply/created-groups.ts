import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type Recorded, recordChanges } from "../../../changes/record.ts";
import { createPlainGroups, createPlainLocations } from "../../../directory/create-many.ts";
import { selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import type { Wanted } from "../stage/plain-entry.ts";

/** Selects the groups that the plan creates, as `name`. */
const plannedGroups = sql`select group_id as name from known_groups where is_new order by group_id`;
/** Selects the locations that the plan creates, as `name`. */
const plannedLocations = sql`select name from known_locations where is_new order by name_normalized`;

/**
 * Creates the groups and locations of the plan in the temporary tables.
 * @returns the numbers that the log gave out
 */
export async function createPlanned(executor: Executor, context: ImportContext, run: ImportRun): Promise<Recorded> {
  const groups = await readNames(executor, plannedGroups);
  const locations = await readNames(executor, plannedLocations);
  return createWanted(executor, context, run, { groups, locations });
}

async function readNames(executor: Executor, statement: Sql): Promise<string[]> {
  return (await selectRows(executor, z.object({ name: z.string() }), statement)).map(({ name }) => name);
}

/**
 * Creates groups and locations that a file names. In the log they come before the people who belong to them.
 * @returns the numbers that the log gave out
 */
export async function createWanted(
  executor: Executor,
  { organizationId, sourceNumber: source }: ImportContext,
  { id, actor, at }: ImportRun,
  { groups, locations }: Wanted,
): Promise<Recorded> {
  const changes = [
    ...(await createPlainGroups(executor, organizationId, groups, at)),
    ...(await createPlainLocations(executor, organizationId, locations, at)),
  ];
  if (changes.length === 0) return { count: 0 };
  return recordChanges(executor, organizationId, { actor, importId: id, source }, changes);
}
