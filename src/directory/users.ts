import { type ChangeEntry, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { manual, origins } from "./claims.ts";
import { buryUsers } from "./tombstone.ts";
import { compareUsers } from "./user-changes.ts";
import { type UserDocument, userDocuments } from "./user-document.ts";
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

/** A person as stored. */
export interface StoredUser {
  readonly id: number;
  readonly version: number;
  /** A `UserDocument` as JSON text, made by PostgreSQL. */
  readonly document: string;
}

/** Ids have 15 digits at most, far more than there are people, so that they are exact as JavaScript's numbers. */
const idPattern = /^[1-9][0-9]{0,14}$/;

/**
 * Reads the id of a person as the API writes it.
 * @throws MusterError not_found when it can be nobody's
 */
export function readUserId(id: string): number {
  const userId = parseUserId(id);
  if (userId === undefined) throw noSuchUser();
  return userId;
}

/** The id of a person as the API writes it; undefined when it can be nobody's. */
export function parseUserId(id: string): number | undefined {
  return idPattern.test(id) ? Number(id) : undefined;
}

/** The problem of an id that is nobody's. */
export const noSuchUser = () => new MusterError("not_found", "There is no such user.");

/**
 * One person.
 * @throws MusterError not_found
 */
export function getUser(database: Database, organizationId: number, id: string): Promise<StoredUser> {
  const userId = readUserId(id);
  return withOrganization(database, organizationId, (client) => readUser(client, organizationId, userId));
}

/**
 * Adds a person. Whoever is added so is the sender's (manual, or self-registered): so are all values that are given.
 * The person also joins the groups that everybody joins.
 * @throws MusterError request_invalid, conflict (the username is taken), organization_busy
 */
export function createUser(context: ChangeContext, input: NewUserInput): Promise<StoredUser> {
  const { database, queue, organizationId, clock } = context;
  const memberships = input.memberships ?? [];
  const author = input.origin === undefined ? manual : origins.indexOf(input.origin);
  return asWriter(database, queue, organizationId, async (client, { lastUserId }) => {
    const target: UserRowTarget = { organizationId, userId: lastUserId + 1, author };
    const edit = await readEdit(client, target, input, null, memberships);
    const at = clock();
    await client.query("update feed_heads set last_user_id = $2 where organization_id = $1", [
      organizationId,
      target.userId,
    ]);
    await insertUser(client, target, edit, at);
    await replaceFurtherEmails(client, target, edit.emails?.slice(1) ?? []);
    await replacePhones(client, target, edit.phones ?? []);
    await insertMemberships(client, target, memberships, at);
    const after = await readUser(client, organizationId, target.userId);
    await record(client, context, "created", null, after);
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
  return asWriter(database, queue, organizationId, async (client) => {
    const target: UserRowTarget = { organizationId, userId, author: manual };
    const before = await readUser(client, organizationId, userId);
    checkVersion(before.version);
    const stored = parseDocument(before);
    const edit = await readEdit(client, target, input, stored, []);
    if (Object.keys(edit).length === 0) return before;
    if (edit.emails) await replaceFurtherEmails(client, target, edit.emails.slice(1));
    if (edit.phones) await replacePhones(client, target, edit.phones);
    const primaryChanges = edit.emails !== undefined && edit.emails[0]?.email !== stored.emails[0];
    await updateUserRow(client, target, edit, primaryChanges, clock());
    const after = await readUser(client, organizationId, userId);
    await record(client, context, "updated", before, after);
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
  return asWriter(database, queue, organizationId, async (client) => {
    const before = await readUser(client, organizationId, userId);
    checkVersion(before.version);
    await buryUsers(client, organizationId, [userId], null, clock());
    await record(client, context, "deleted", before, null);
  });
}

interface ReadUser extends StoredUser {
  /** The databaseID that the source of the highest rank knows the person by. */
  readonly databaseId: string | null;
}

async function readUser(executor: Executor, organizationId: number, userId: number): Promise<ReadUser> {
  const { rows } = await executor.query<ReadUser>(
    `select documents.*, (
       select database_id from sources join user_sources on source = number
       where sources.organization_id = $1 and user_sources.organization_id = $1 and user_id = $2
         and database_id is not null
       order by rank, number limit 1) as "databaseId"
     from (${userDocuments("select $2::bigint as id")}) documents`,
    [organizationId, userId],
  );
  const [user] = rows;
  if (!user) throw noSuchUser();
  return user;
}

const parseDocument = ({ document }: StoredUser): UserDocument => JSON.parse(document);

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
