import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type ChangeEntry, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { manual, origins } from "./claims.ts";
import { buryUsers } from "./tombstone.ts";
import { compareUsers } from "./user-changes.ts";
import { parseDocument, type StoredUser, storedUserRow, userDocuments } from "./user-document.ts";
import { readEdit } from "./user-edit.ts";
import type { NewUserInput, UserInput } from "./user-input.ts";
import {
  insertMemberships,
  insertUser,
  replaceFurtherEmails,
  replacePhones,
  type UserRowTarget,
  updateUserRow,
} from "./user-rows.ts";

/** Ids have 15 digits at most, far more than there are people, so that they are exact as JavaScript's numbers. */
const idPattern = /^[1-9][0-9]{0,14}$/;

/**
 * Reads the id of a person as the API writes it.
 * @throws MusterError not_found if no person can have it
 */
export function readUserId(id: string): number {
  const userId = parseUserId(id);
  if (userId === undefined) throw noSuchUser();
  return userId;
}

/** The id of a person as the API writes it; undefined if no person can have it. */
export function parseUserId(id: string): number | undefined {
  return idPattern.test(id) ? Number(id) : undefined;
}

/** The problem of an id that no person has. */
export const noSuchUser = () => new MusterError("not_found", "There is no such user.");

/**
 * One person.
 * @throws MusterError not_found
 */
export function getUser(database: Database, organizationId: number, id: string): Promise<StoredUser> {
  const userId = readUserId(id);
  return withOrganization(database, organizationId, (transaction) => readUser(transaction, organizationId, userId));
}

/**
 * Adds a person. The sender (manual, or self-registered) claims the person and all given values.
 * The person also joins the groups that everybody joins.
 * @throws MusterError request_invalid, conflict (the username is taken), organization_busy
 */
export function createUser(context: ChangeContext, input: NewUserInput): Promise<StoredUser> {
  const { database, queue, organizationId, clock } = context;
  const memberships = input.memberships ?? [];
  const author = input.origin === undefined ? manual : origins.indexOf(input.origin);
  return asWriter(database, queue, organizationId, async (transaction, { lastUserId }) => {
    const target: UserRowTarget = { organizationId, userId: lastUserId + 1, author };
    const edit = await readEdit(transaction, target, input, null, memberships);
    const at = clock();
    await runPrepared(transaction, [
      sql`update feed_heads set last_user_id = ${target.userId} where organization_id = ${organizationId}`,
      insertUser(target, edit, at),
      ...replaceFurtherEmails(target, edit.emails?.slice(1) ?? []),
      ...replacePhones(target, edit.phones ?? []),
      insertMemberships(target, memberships, at),
    ]);
    const after = await readUser(transaction, organizationId, target.userId);
    await record(transaction, context, "created", null, after);
    return after;
  });
}

/**
 * Changes a person (JSON merge patch, RFC 7396). What the input repeats stays as it is, with its owner: an edit that
 * changes nothing writes nothing. What it changes becomes manual, and stays so through imports; what it takes away
 * belongs to nobody, so that imports may fill it again. To edit somebody is not to vouch for them: the person's own
 * claims stay, and with them what rosters may do.
 * @param checkVersion throws when the stored version is not the one that the caller knows
 * @throws MusterError not_found, request_invalid, conflict (the username is taken), organization_busy
 */
export function updateUser(
  context: ChangeContext,
  id: string,
  input: UserInput,
  checkVersion: (version: number) => void,
): Promise<StoredUser> {
  const userId = readUserId(id);
  const { database, queue, organizationId, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const target: UserRowTarget = { organizationId, userId, author: manual };
    const before = await readUser(transaction, organizationId, userId);
    checkVersion(before.version);
    const stored = parseDocument(before);
    const edit = await readEdit(transaction, target, input, stored, []);
    if (Object.keys(edit).length === 0) return before;
    const primaryChanges = edit.emails !== undefined && edit.emails[0]?.email !== stored.emails[0];
    await runPrepared(transaction, [
      ...(edit.emails ? replaceFurtherEmails(target, edit.emails.slice(1)) : []),
      ...(edit.phones ? replacePhones(target, edit.phones) : []),
      updateUserRow(target, edit, primaryChanges, clock()),
    ]);
    const after = await readUser(transaction, organizationId, userId);
    await record(transaction, context, "updated", before, after);
    return after;
  });
}

/**
 * Deletes a person; the whole last state stays behind as a tombstone.
 * @param checkVersion throws when the stored version is not the one that the caller knows
 * @throws MusterError not_found, organization_busy
 */
export function deleteUser(context: ChangeContext, id: string, checkVersion: (version: number) => void): Promise<void> {
  const userId = readUserId(id);
  const { database, queue, organizationId, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const before = await readUser(transaction, organizationId, userId);
    checkVersion(before.version);
    await buryUsers(transaction, organizationId, [userId], null, clock());
    await record(transaction, context, "deleted", before, null);
  });
}

const readUserRow = storedUserRow.extend({
  /** The databaseID by which the source of the highest rank knows the person. */
  databaseId: z.string().nullable(),
});
export type ReadUser = z.infer<typeof readUserRow>;

/** One person as the transaction sees it. */
export async function readUser(executor: Executor, organizationId: number, userId: number): Promise<ReadUser> {
  const user = await selectRow(executor, readUserRow, prepared(oneUser(organizationId, userId)));
  if (!user) throw noSuchUser();
  return user;
}

/** The statement that reads one person. */
export const oneUser = (organizationId: number, userId: number): Sql => sql`
  select documents.*, (
    select database_id from sources join user_sources on source = number
    where sources.organization_id = ${organizationId} and user_sources.organization_id = ${organizationId}
      and user_id = ${userId} and database_id is not null
    order by rank, number limit 1) as "databaseId"
  from (${userDocuments(organizationId, sql`select ${userId}::bigint as id`)}) documents`;

/** Runs statements of a single request in their order. */
async function runPrepared(executor: Executor, statements: readonly Sql[]): Promise<void> {
  for (const statement of statements) await executor.query(prepared(statement));
}

async function record(
  executor: Executor,
  { organizationId, actor }: ChangeContext,
  action: ChangeEntry["action"],
  before: ReadUser | null,
  after: ReadUser | null,
): Promise<void> {
  const user = (after ?? before)!;
  const { id, username } = parseDocument(user);
  const difference = compareUsers(before && parseDocument(before), after && parseDocument(after));
  await recordChanges(executor, organizationId, { actor }, [
    { type: "user", action, id, databaseId: user.databaseId, username, ...difference },
  ]);
}
