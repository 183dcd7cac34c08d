import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { literal, prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { manual } from "./claims.ts";
import { noSuchGroup } from "./groups.ts";
import { type MemberAuthority, requireAuthority } from "./member-authority.ts";
import { type ChangedMemberships, changeMemberships, type MembershipExpressions } from "./membership-changes.ts";
import { roleNames } from "./roles.ts";
import { noSuchUser, readUserId } from "./users.ts";

const exampleMember = {
  userId: "17",
  role: 0,
  since: "2026-11-22T02:00:03.123000Z",
  firstName: "Jane",
  lastName: "Doe",
  username: "jdoe",
};

/** A membership, seen from the group. Times are RFC 3339, UTC, microseconds. */
export const memberSchema = z
  .object({
    userId: z.string(),
    role: z.int().describe(roleNames),
    since: z.string().describe("Since when, in this role."),
    firstName: z.string(),
    lastName: z.string(),
    username: z.string().nullable(),
  })
  .meta({ id: "Member", examples: [exampleMember] });

export type MemberDocument = z.infer<typeof memberSchema>;

/**
 * Members of a group in the order of their ids. A page costs the same wherever it begins. A person who belongs to the group
 * all the while is listed exactly once, however many come and go.
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
  return withOrganization(database, organizationId, async (transaction) => {
    await requireGroup(transaction, organizationId, groupId);
    return readMembers(transaction, organizationId, groupId, page.after ?? 0, page.limit + 1);
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
  return withOrganization(database, organizationId, async (transaction) => {
    await requireGroup(transaction, organizationId, groupId);
    const [member] = await readMembers(transaction, organizationId, groupId, userId - 1, 1);
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
  const statement = pageOfMembers(organizationId, groupId, after, limit);
  return selectRows(executor, memberSchema, prepared(statement));
}

/** The statement of a page of members, in the order of their ids. */
export const pageOfMembers = (organizationId: number, groupId: string, after: number, limit: number): Sql => sql`
  select member.user_id::text as "userId", member.role, timestamp_text(member.since) as since,
    users.first_name as "firstName", users.last_name as "lastName", users.username
  from (
    select user_id, role, since from memberships
    where organization_id = ${organizationId} and group_id = ${groupId} and user_id > ${after}
    order by user_id limit ${limit}
  ) member join users on users.organization_id = ${organizationId} and users.id = member.user_id
  order by member.user_id`;

/**
 * Makes a person a member in a role. The membership gets a manual claim beside the present ones, and the role is manual:
 * imports leave both alone. Repeating it changes nothing.
 * @param role undefined: a member keeps the present role, and its owner; anybody else becomes a member without more rights
 * @returns the membership, and whether it is new
 * @throws MusterError not_found when there is no such group or user, organization_busy; forbidden when it takes more than
 *   the authority
 */
export function putMember(
  context: ChangeContext,
  groupId: string,
  id: string,
  role: number | undefined,
  authority: MemberAuthority = "organization",
): Promise<{ readonly member: MemberDocument; readonly isNew: boolean }> {
  const userId = readUserId(id);
  const { database, queue, organizationId } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    await requireGroup(transaction, organizationId, groupId);
    const known = await readRoles(transaction, organizationId, groupId, [userId]);
    if (!known.has(userId)) throw noSuchUser();
    const held = known.get(userId) ?? null;
    await requireAuthority(transaction, organizationId, authority, userId, role ?? held ?? 0, held);
    await addMembers(transaction, context, groupId, [{ userId, role }]);
    const [member] = await readMembers(transaction, organizationId, groupId, userId - 1, 1);
    return { member: member!, isNew: known.get(userId) === null };
  });
}

/**
 * Ends a membership, whatever its claims. An import that puts the person into the group does so again.
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
  return asWriter(database, queue, organizationId, async (transaction) => {
    await requireGroup(transaction, organizationId, groupId);
    await requireAuthority(transaction, organizationId, authority, userId, null, null);
    const { memberships } = await removeMembers(transaction, context, groupId, [userId]);
    if (memberships === 0) throw noMember();
  });
}

/**
 * The roles of people in a group, by their ids.
 * @returns null for people who do not belong to the group; unknown people are left out
 */
export async function readRoles(
  executor: Executor,
  organizationId: number,
  groupId: string,
  userIds: readonly number[],
): Promise<Map<number, number | null>> {
  const rows = await selectRows(executor, roleRow, prepared(rolesOf(organizationId, groupId, userIds)));
  return new Map(rows.map(({ id, role }) => [id, role]));
}

const roleRow = z.object({ id: z.int(), role: z.int().nullable() });

/** The statement of `readRoles`. */
export const rolesOf = (organizationId: number, groupId: string, userIds: readonly number[]): Sql => sql`
  select users.id, memberships.role
  from users left join memberships on memberships.organization_id = ${organizationId}
    and memberships.user_id = users.id and memberships.group_id = ${groupId}
  where users.organization_id = ${organizationId} and users.id = any(${userIds}::bigint[])`;

/** A person who is to be a member of a group. */
export interface MemberToAdd {
  readonly userId: number;
  /** undefined: a member keeps the present role; anybody else gets role 0. */
  readonly role: number | undefined;
}

/**
 * The expressions that make people members in a role, by hand.
 * @param at since when the new members belong to the group
 * @param members existing people, each once
 */
export const additions = (
  organizationId: number,
  groupId: string,
  members: readonly MemberToAdd[],
  at: Date,
): MembershipExpressions => [
  sql`wanted as materialized (
    select asked.user_id, coalesce(asked.role, memberships.role, 0) as role, memberships.role as role_from,
      case when asked.role is null and memberships.role is not null then memberships.role_owner
        else ${literal(manual)} end as role_owner
    from unnest(${members.map(({ userId }) => userId)}::bigint[], ${members.map(({ role }) => role ?? null)}::smallint[])
      asked (user_id, role)
    left join memberships on memberships.organization_id = ${organizationId} and memberships.user_id = asked.user_id
      and memberships.group_id = ${groupId}
  )`,
  sql`entered as (
    insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
    select ${organizationId}, user_id, ${groupId}, role, role_owner, 1::bigint << ${literal(manual)}, ${at}
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
 * Makes people members in a role, by hand, as `putMember` does, for the holder of the organization's lock.
 * @param members existing people, each once
 */
export function addMembers(
  executor: Executor,
  { organizationId, actor, clock }: Pick<ChangeContext, "organizationId" | "actor" | "clock">,
  groupId: string,
  members: readonly MemberToAdd[],
): Promise<ChangedMemberships> {
  const at = clock();
  return changeMemberships(executor, organizationId, additions(organizationId, groupId, members, at), { actor }, at);
}

/** The expressions that end memberships. */
export const removals = (
  organizationId: number,
  groupId: string,
  userIds: readonly number[],
): MembershipExpressions => [
  sql`changed as (
    delete from memberships
    where organization_id = ${organizationId} and user_id = any(${userIds}::bigint[]) and group_id = ${groupId}
    returning user_id, group_id, role as role_from, null::smallint as role_to
  )`,
];

/** Ends memberships, for the holder of the organization's lock. */
export function removeMembers(
  executor: Executor,
  { organizationId, actor, clock }: ChangeContext,
  groupId: string,
  userIds: readonly number[],
): Promise<ChangedMemberships> {
  const expressions = removals(organizationId, groupId, userIds);
  return changeMemberships(executor, organizationId, expressions, { actor }, clock());
}

/**
 * Makes sure that there is such a group.
 * @throws MusterError not_found
 */
export async function requireGroup(executor: Executor, organizationId: number, groupId: string): Promise<void> {
  const { rowCount } = await executor.query(prepared(groupWithId(organizationId, groupId)));
  if (rowCount === 0) throw noSuchGroup();
}

/** The statement of `requireGroup`. */
export const groupWithId = (organizationId: number, groupId: string): Sql =>
  sql`select from groups where organization_id = ${organizationId} and group_id = ${groupId}`;

const noMember = () => new MusterError("not_found", "The user does not belong to the group.");
