import type pg from "pg";
import { appendStatement, type Recorded, recordChanges, together } from "../changes/record.ts";
import { createPlainGroups, createPlainLocations } from "../directory/create-many.ts";
import { buryUsers } from "../directory/tombstone.ts";
import type { ImportContext } from "./context.ts";
import type { ImportRun } from "./planned-file.ts";
import { runStatements } from "./run-statements.ts";
import { advanceUserIds, applyLinks, applyPeople } from "./statements/apply.ts";
import { createdEntries } from "./statements/changes.ts";
import { applyContacts } from "./statements/contacts.ts";
import { applyMemberships } from "./statements/memberships.ts";

/**
 * Applies what was planned, and appends it to the change log, in the caller's transaction, which holds the
 * organization's lock.
 * @returns the numbers that the log gave out
 */
export async function applyUsers(client: pg.PoolClient, context: ImportContext, run: ImportRun): Promise<Recorded> {
  const { id, at } = run;
  const created = await createGroupsAndLocations(client, context, run);
  await deletePlanned(client, context, run);
  const { rowCount: returning } = await client.query("select from returns limit 1");
  await runStatements(client, applyPeople(context, returning !== 0), [id, at]);
  await runStatements(client, [...applyLinks(context), ...applyContacts(context)], [id]);
  await runStatements(client, [...applyMemberships(context), advanceUserIds(context)], [at]);
  const people = await appendPlannedChanges(client, context, run);
  return together(created, people);
}

async function deletePlanned(
  client: pg.PoolClient,
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

/** These stand in the log ahead of the people who belong to them. */
async function createGroupsAndLocations(
  client: pg.PoolClient,
  { organizationId, source }: ImportContext,
  { id, actor, at }: ImportRun,
): Promise<Recorded> {
  const named = async (query: string) => (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);
  const groupIds = await named("select group_id as name from known_groups where is_new order by group_id");
  const locations = await named("select name from known_locations where is_new order by name_normalized");
  const changes = [
    ...(await createPlainGroups(client, organizationId, groupIds, at)),
    ...(await createPlainLocations(client, organizationId, locations, at)),
  ];
  if (changes.length === 0) return { count: 0 };
  return recordChanges(client, organizationId, { actor, importId: id, source }, changes);
}

async function appendPlannedChanges(
  client: pg.PoolClient,
  { organizationId, source, knowsNobody }: ImportContext,
  { id, actor, sourceName }: ImportRun,
): Promise<Recorded> {
  const created = `
    select number, 'user' as type, 'created' as action, person::text as id, database_id, username, changed, memberships
    from (${createdEntries("$5::text", knowsNobody)}) created join numbered using (person)`;
  const updated = `
    select number, 'user' as type, action, person::text as id, database_id, username, changed, memberships
    from planned_changes join numbered using (person)`;
  const fresh = "select person, first_row from people where is_new";
  const changing = knowsNobody ? fresh : `select person, first_row from planned_changes union all ${fresh}`;
  const { rows } = await client.query<Recorded & { [column: string]: unknown }>(
    appendStatement({
      // Numbered apart from what is told, so that only numbers are sorted.
      with: `
        numbered as (
          select person, row_number() over (order by first_row, person) as number from (${changing}) changing
        ),`,
      entries: knowsNobody ? created : `${updated} union all ${created}`,
      count: `select count(*) as count from (${changing}) changing`,
    }),
    [organizationId, actor, id, source, sourceName],
  );
  return rows[0] ?? { count: 0 };
}
