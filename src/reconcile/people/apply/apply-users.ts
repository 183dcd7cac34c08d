import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type Recorded, together } from "../../../changes/record.ts";
import { buryUsers } from "../../../directory/tombstone.ts";
import type { Transaction } from "../../../store/database.ts";
import { runStatements, selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { appendPeople } from "./append-people.ts";
import { applyContacts } from "./contacts.ts";
import { createPlanned } from "./created-groups.ts";
import { updateKnownPeople } from "./known-people.ts";
import { applyLinks } from "./links.ts";
import { applyMemberships } from "./memberships.ts";
import { insertNewPeople } from "./new-people.ts";
import { dropTombstones } from "./returning-people.ts";

/**
 * Applies the plan in the temporary tables, and appends it to the change log. The caller's transaction holds the
 * organization's lock.
 * @returns the numbers that the log gave out
 */
export async function applyUsers(transaction: Transaction, context: ImportContext, run: ImportRun): Promise<Recorded> {
  const created = await applyPlan(transaction, context, run);
  return together(created, await appendPeople(transaction, context, run));
}

/**
 * Applies the plan in the temporary tables. The change log gets the groups and locations that it creates, but not the
 * people: `appendPeople` does that.
 * @returns the numbers that the log gave out
 */
export async function applyPlan(transaction: Transaction, context: ImportContext, run: ImportRun): Promise<Recorded> {
  const created = await createPlanned(transaction, context, run);
  await deletePlanned(transaction, context, run);
  const { rowCount: returning } = await transaction.query(anyReturn);
  await runStatements(transaction, applyStatements(context, run, returning !== 0));
  return created;
}

const anyReturn = sql`select from returns limit 1`;

/**
 * The statements of `applyPlan` for people who stay or come, in their order.
 * @param hasReturns some of the new people were deleted before
 */
export const applyStatements = (c: ImportContext, run: ImportRun, hasReturns: boolean): Sql[] => [
  ...(c.knowsNobody ? [] : updateKnownPeople(c, run)),
  insertNewPeople(c, run, hasReturns),
  ...(hasReturns ? dropTombstones(c) : []),
  ...applyLinks(c, run),
  ...applyContacts(c),
  ...applyMemberships(c, run),
  advanceUserIds(c),
];

/** Counts up the ids that were given out. */
const advanceUserIds = ({ organization }: ImportContext) => sql`
  update feed_heads set last_user_id = greatest(last_user_id, (select max(person) from people where is_new))
  where organization_id = ${organization}`;

const plannedDeletions = sql`select person from planned_deletions order by person`;

async function deletePlanned(executor: Executor, { organizationId }: ImportContext, run: ImportRun): Promise<void> {
  const rows = await selectRows(executor, z.object({ person: z.int() }), plannedDeletions);
  if (rows.length === 0) return;
  const people = rows.map(({ person }) => person);
  await buryUsers(executor, organizationId, people, run.id, run.at);
}
