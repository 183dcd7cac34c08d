import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { literal } from "../store/sql.ts";
import { manual } from "./claims.ts";
import { noSuchGroup } from "./groups.ts";
import {
  findUntouchable,
  type MemberAuthority,
  mayGrant,
  notChangeable,
  notGrantable,
  requireAuthority,
} from "./member-authority.ts";
import { type ChangedMemberships, changeMemberships, type MembershipExpressions } from "./membership-changes.ts";
import { noSuchUser, parseUserId, readUserId } from "./users.ts";

/** A membership, seen from the group. */
export interface MemberDocument {
  readonly userId: string;
  /** The number that feeds write (file formats, section 3). */
  readonly role: number;
  /** Since when the person belongs to the group in this role: RFC 3339, UTC, microseconds. */
  readonly since: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly username: string | null;
}

/**
 * Members of a group in the order of their ids. A page costs the same wherever it begins, and somebody who belongs to the
 * group all the while is listed exactly once, whoever comes and goes.
 * @param page `after`: the id after which to begin
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such group
 */
export function listMembers(
  database: Database,
  organizationId: number,
  groupId: string,
  page: { readonly after: number | undefined; readonly limit: number },
): Promise<MemberDocument[]> {
  return withOrganization(database, organizationId, async (client) => {
    await requireGroup(client, organizationId, groupId);
    return readMembers(client, organizationId, groupId, page.after ?? 0, page.limit + 1);
  });
}

/**
 * One member of a group.
 * @throws MusterError not_found when there is no such group, or the person does not belong to it
 */
export function getMember(
  database: Database,
  organizationId: number,
  groupId: string,
  id: string,
): Promise<MemberDocument> {
  const userId = readUserId(id);
  return withOrganization(database, organizationId, async (client) => {
    await requireGroup(client, organizationId, groupId);
    const [member] = await readMembers(client, organizationId, groupId, userId - 1, 1);
    if (member?.userId !== id) throw noMember();
    return member;
  });
}

async function readMembers(
  executor: Executor,
  organizationId: number,
  groupId: string,
  after: number,
  limit: number,
): Promise<MemberDocument[]> {
  const { rows } = await executor.query<MemberDocument & Record<string, unknown>>(
    `select member.user_id::text as "userId", member.role, timestamp_text(member.since) as since,
       users.first_name as "firstName", users.last_name as "lastName", users.username
     from (
       select user_id, role, since from memberships
       where organization_id = $1 and group_id = $2 and user_id > $3 order by user_id limit $4
     ) member join users on users.organization_id = $1 and users.id = member.user_id
     order by member.user_id`,
    [organizationId, groupId, after, limit],
  );
  return rows;
}

/**
 * Makes somebody a member in a role. The membership is manual from then on, beside whoever claims it already, and so is
 * the role: imports leave both alone. Repeating it changes nothing.
 * @returns the membership, and whether it is new
 * @throws MusterError not_found when there is no such group or user, organization_busy; forbidden when it takes more than
 *   the authority
 */
export function putMember(
  context: ChangeContext,
  groupId: string,
  id: string,
  role: number,
  authority: MemberAuthority = "organization",
): Promise<{ readonly member: MemberDocument; readonly isNew: boolean }> {
  const userId = readUserId(id);
  const { database, queue, organizationId } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    await requireGroup(client, organizationId, groupId);
    const known = await readRoles(client, organizationId, groupId, [userId]);
    if (!known.has(userId)) throw noSuchUser();
    await requireAuthority(client, organizationId, authority, userId, role, known.get(userId) ?? null);
    await addMembers(client, context, groupId, [{ userId, role }]);
    const [member] = await readMembers(client, organizationId, groupId, userId - 1, 1);
    return { member: member!, isNew: known.get(userId) === null };
  });
}

/**
 * Ends a membership, whoever claims it. An import that puts the person into the group does so again.
 * @throws MusterError not_found when there is no such group, or the person does not belong to it; organization_busy;
 *   forbidden when it takes more than the authority
 */
export function removeMember(
  context: ChangeContext,
  groupId: string,
  id: string,
  authority: MemberAuthority = "organization",
): Promise<void> {
  const userId = readUserId(id);
  const { database, queue, organizationId } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    await requireGroup(client, organizationId, groupId);
    await requireAuthority(client, organizationId, authority, userId, null, null);
    const { memberships } = await removeMembers(client, context, groupId, [userId]);
    if (memberships === 0) throw noMember();
  });
}

/** Who is to come into a group and who is to leave it. */
export interface MembersEdit {
  readonly add: readonly { readonly userId: string; readonly role: number }[];
  readonly remove: readonly string[];
}

/** What became of it. */
export interface MembersEdited {
  /** People who belong to the group now and did not. */
  readonly added: number;
  /** Members who have another role now. */
  readonly roleChanged: number;
  /** People who belonged to the group and do not any more. */
  readonly removed: number;
  /** People for whom nothing changed: members already in the role, or no members to begin with. */
  readonly unchanged: number;
  /** Items that were left out, by their places: what was sent is not repeated, it may be anything. */
  readonly errors: readonly { readonly field: string; readonly message: string }[];
}

/**
 * Has many people come into a group and leave it, as `putMember` and `removeMember` do. Items that cannot be applied are
 * left out and told, all others are applied.
 * @throws MusterError not_found when there is no such group, organization_busy
 */
export function editMembers(
  context: ChangeContext,
  groupId: string,
  edit: MembersEdit,
  authority: MemberAuthority = "organization",
): Promise<MembersEdited> {
  const { database, queue, organizationId } = context;
  const { add, remove, errors } = sortOut(edit);
  return asWriter(database, queue, organizationId, async (client) => {
    await requireGroup(client, organizationId, groupId);
    const known = await readRoles(client, organizationId, groupId, [...add.keys(), ...remove.keys()]);
    const untouchable = await findUntouchable(client, organizationId, authority, [...known.keys()]);
    const reasonAgainst = ({ userId, role }: Item) => {
      if (!known.has(userId)) return unknownUser;
      if (untouchable.has(userId)) return notChangeable;
      return mayGrant(authority, role, known.get(userId) ?? null) ? undefined : notGrantable;
    };
    const isPossible = (item: Item) => reasonAgainst(item) === undefined;
    const coming = [...add.values()].filter(isPossible);
    const leaving = [...remove.values()].filter(isPossible);
    const impossible = [...add.values(), ...remove.values()].flatMap((item) => {
      const message = reasonAgainst(item);
      return message === undefined ? [] : [{ field: item.field, message }];
    });
    const removed = await removeMembers(
      client,
      context,
      groupId,
      leaving.map(({ userId }) => userId),
    );
    const changed = await addMembers(client, context, groupId, coming);
    const added = coming.filter(({ userId }) => known.get(userId) === null).length;
    return {
      added,
      roleChanged: changed.memberships - added,
      removed: removed.memberships,
      unchanged: coming.length + leaving.length - changed.memberships - removed.memberships,
      errors: [...errors, ...impossible],
    };
  });
}

/** One item of an edit. */
interface Item {
  readonly userId: number;
  readonly role: number;
  /** Where it stands: `add.0.userId`. */
  readonly field: string;
}

const unknownUser = "is no user";

/** Leaves out what can be nobody's id and who stands twice: the first of several counts, and `add` before `remove`. */
function sortOut(
  edit: MembersEdit,
): Readonly<Record<"add" | "remove", Map<number, Item>>> & Pick<MembersEdited, "errors"> {
  const errors: MembersEdited["errors"][number][] = [];
  const seen = new Map<number, string>();
  const sort = (asked: readonly { readonly id: string; readonly role: number; readonly field: string }[]) => {
    const items = new Map<number, Item>();
    for (const { id, role, field } of asked) {
      const userId = parseUserId(id);
      const first = userId === undefined ? undefined : seen.get(userId);
      if (userId === undefined) errors.push({ field, message: unknownUser });
      else if (first !== undefined) errors.push({ field, message: `is the user of ${first}, which counts` });
      else {
        seen.set(userId, field);
        items.set(userId, { userId, role, field });
      }
    }
    return items;
  };
  const add = sort(edit.add.map(({ userId, role }, index) => ({ id: userId, role, field: `add.${index}.userId` })));
  const remove = sort(edit.remove.map((id, index) => ({ id, role: 0, field: `remove.${index}` })));
  return { add, remove, errors };
}

/** The roles that people have in a group, by their ids: null of those who do not belong to it; unknown people are left out. */
async function readRoles(
  executor: Executor,
  organizationId: number,
  groupId: string,
  userIds: readonly number[],
): Promise<Map<number, number | null>> {
  const { rows } = await executor.query<{ id: number; role: number | null }>(
    `select users.id, memberships.role
     from users left join memberships
       on memberships.organization_id = $1 and memberships.user_id = users.id and memberships.group_id = $2
     where users.organization_id = $1 and users.id = any($3::bigint[])`,
    [organizationId, groupId, userIds],
  );
  return new Map(rows.map(({ id, role }) => [id, role]));
}

/**
 * @param at since when the new members belong to the group
 * @param members people that there are, each once
 */
const additions = (
  organizationId: number,
  groupId: string,
  members: readonly { readonly userId: number; readonly role: number }[],
  at: Date,
): MembershipExpressions => [
  sql`wanted as materialized (
    select asked.user_id, asked.role, memberships.role as role_from
    from unnest(${members.map(({ userId }) => userId)}::bigint[], ${members.map(({ role }) => role)}::smallint[])
      asked (user_id, role)
    left join memberships on memberships.organization_id = ${organizationId} and memberships.user_id = asked.user_id
      and memberships.group_id = ${groupId}
  )`,
  sql`entered as (
    insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
    select ${organizationId}, user_id, ${groupId}, role, ${literal(manual)}, 1::bigint << ${literal(manual)}, ${at}
    from wanted
    on conflict (organization_id, user_id, group_id) do update
    set role = excluded.role, role_owner = excluded.role_owner, claims = memberships.claims | excluded.claims,
      since = case when memberships.role = excluded.role then memberships.since else excluded.since end
    where (memberships.role, memberships.role_owner) <> (excluded.role, excluded.role_owner)
      or memberships.claims & excluded.claims = 0
  )`,
  sql`changed as (
    select user_id, ${groupId}::text collate "C" as group_id, role_from, role as role_to
    from wanted where role_from is distinct from role
  )`,
];

/**
 * Has people belong to a group in a role, by hand: what `putMember` does, for the holder of the organization's lock.
 * @param members people that there are, each once
 */
export function addMembers(
  executor: Executor,
  { organizationId, actor, clock }: Pick<ChangeContext, "organizationId" | "actor" | "clock">,
  groupId: string,
  members: readonly { readonly userId: number; readonly role: number }[],
): Promise<ChangedMemberships> {
  const at = clock();
  return changeMemberships(executor, organizationId, additions(organizationId, groupId, members, at), { actor }, at);
}

const removals = (organizationId: number, groupId: string, userIds: readonly number[]): MembershipExpressions => [
  sql`changed as (
    delete from memberships
    where organization_id = ${organizationId} and user_id = any(${userIds}::bigint[]) and group_id = ${groupId}
    returning user_id, group_id, role as role_from, null::smallint as role_to
  )`,
];

function removeMembers(
  executor: Executor,
  { organizationId, actor, clock }: ChangeContext,
  groupId: string,
  userIds: readonly number[],
): Promise<ChangedMemberships> {
  const expressions = removals(organizationId, groupId, userIds);
  return changeMemberships(executor, organizationId, expressions, { actor }, clock());
}

/** @throws MusterError not_found when there is no such group */
export async function requireGroup(executor: Executor, organizationId: number, groupId: string): Promise<void> {
  const statement = "select from groups where organization_id = $1 and group_id = $2";
  const { rowCount } = await executor.query(statement, [organizationId, groupId]);
  if (rowCount === 0) throw noSuchGroup();
}

const noMember = () => new MusterError("not_found", "The user does not belong to the group.");
