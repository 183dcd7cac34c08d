import sql, { raw } from "sql-template-tag";
import { appendChanges, type Recorded, recordChanges, together } from "../../../changes/record.ts";
import { createPlainGroups, createPlainLocations } from "../../../directory/create-many.ts";
import { buryUsers } from "../../../directory/tombstone.ts";
import type { Transaction } from "../../../store/database.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { createdEntries } from "../plan/changes.ts";
import { runStatements } from "../run-statements.ts";
import type { Wanted } from "../stage/plain-entry.ts";
import { advanceUserIds, applyLinks, applyPeople } from "./apply-people.ts";
import { applyContacts } from "./contacts.ts";
import { applyMemberships } from "./memberships.ts";

/**
 * Applies what was planned, and appends it to the change log, in the caller's transaction, which holds the
 * organization's lock.
 * @returns the numbers that the log gave out
 */
export async function applyUsers(client: Transaction, context: ImportContext, run: ImportRun): Promise<Recorded> {
  const created = await applyPlan(client, context, run);
  return together(created, await appendPeople(client, context, run));
}

/** Applies what was planned, but for what the log says of people; returns what it says of groups and locations. */
export async function applyPlan(client: Transaction, context: ImportContext, run: ImportRun): Promise<Recorded> {
  const { id, at } = run;
  const created = await createGroupsAndLocations(client, context, run);
  await deletePlanned(client, context, run);
  const { rowCount: returning } = await client.query("select from returns limit 1");
  await runStatements(client, applyPeople(context, returning !== 0), [id, at]);
  await runStatements(client, [...applyLinks(context), ...applyContacts(context)], [id]);
  await runStatements(client, [...applyMemberships(context), advanceUserIds(context)], [at]);
  return created;
}

async function deletePlanned(
  client: Transaction,
  { organizationId }: ImportContext,
  { id, at }: ImportRun,
): Promise<void> {
  const { rows } = await client.query<{ person: number }>("select person from planned_deletions order by person");
  if (rows.length === 0) return;
  await buryUsers(
    client,
    organizationId,
    rows.map(({ person }) => person),
    id,
    at,
  );
}

/** What the plan creates. */
async function createGroupsAndLocations(
  client: Transaction,
  context: ImportContext,
  run: ImportRun,
): Promise<Recorded> {
  const named = async (query: string) => (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);
  const groups = await named("select group_id as name from known_groups where is_new order by group_id");
  const locations = await named("select name from known_locations where is_new order by name_normalized");
  return createWanted(client, context, run, { groups, locations });
}

/** Creates groups and locations that a file names. They stand in the log ahead of the people who belong to them. */
export async function createWanted(
  client: Transaction,
  { organizationId, sourceNumber: source }: ImportContext,
  { id, actor, at }: ImportRun,
  { groups, locations }: Wanted,
): Promise<Recorded> {
  const changes = [
    ...(await createPlainGroups(client, organizationId, groups, at)),
    ...(await createPlainLocations(client, organizationId, locations, at)),
  ];
  if (changes.length === 0) return { count: 0 };
  return recordChanges(client, organizationId, { actor, importId: id, source }, changes);
}

/**
 * Appends to the change log what becomes of people.
 * @param others select of those who are not added by the plan, with what is to be told of them: the columns person, first_row,
 *   action, database_id, username, changed and memberships
 */
export async function appendPeople(
  client: Transaction,
  { organizationId, sourceNumber: source }: ImportContext,
  { id, actor, sourceName }: ImportRun,
  others = "select * from planned_changes",
): Promise<Recorded> {
  const entry = (action: string) =>
    `select number, 'user' as type, ${action} as action, person::text as id, database_id, username, changed, memberships`;
  const changing = `
    select person, first_row from people where is_new union all select person, first_row from (${others}) others`;
  return appendChanges(
    client,
    organizationId,
    { actor, importId: id, source },
    {
      with: [
        sql`source_name as (select ${sourceName}::text as name)`,
        // Numbered apart from what is told, so that only numbers are sorted.
        raw(`numbered as (
        select person, row_number() over (order by first_row, person) as number from (${changing}) changing
      )`),
      ],
      entries: raw(`
      ${entry("action")} from (${others}) others join numbered using (person)
      union all
      ${entry("'created'")} from (${createdEntries("(select name from source_name)")}) created join numbered using (person)`),
      count: raw(`select count(*) as count from (${changing}) changing`),
    },
  );
}
