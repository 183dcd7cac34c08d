import sql, { empty, join, type Sql } from "sql-template-tag";
import type { EmailAddress, Phone } from "../intake/records.ts";
import { ownerColumn, type Scalar, scalarFields } from "../person/fields.ts";
import { identifier, literal } from "../store/sql.ts";
import { byDefault } from "./claims.ts";
import { foldCase } from "./text.ts";
import type { NewUserInput, UserEdit } from "./user-input.ts";

/** The row that is written, and the bit of its author. */
export interface UserRowTarget {
  readonly organizationId: number;
  readonly userId: number;
  /** Bit of claims: manual or self-registered. */
  readonly author: number;
}

/** A column of users, and the value that it gets. */
type Assignment = readonly [column: string, value: unknown];

/** Nobody owns a value that was taken away, so that imports may fill it again. */
const isTakenAway = (value: unknown) => value === null || value === "" || (Array.isArray(value) && value.length === 0);

/** A single value, the form in which it is compared, and its owner. */
function scalarAssignments(field: Scalar, edit: UserEdit, author: number): readonly Assignment[] {
  const value = edit[field.property];
  if (value === undefined) return [];
  const compared = typeof value === "string" ? foldCase(value) : null;
  return [
    [field.column, field.kind === "flag" ? (value ?? false) : value],
    ...(field.companion === undefined ? [] : [[field.companion, compared] as const]),
    [ownerColumn(field), isTakenAway(value) ? null : author],
  ];
}

/** The primary address, the form in which it is compared, and its owner. */
function primaryAssignments([primary]: readonly EmailAddress[], author: number): readonly Assignment[] {
  return [
    ["email", primary?.email ?? null],
    ["email_normalized", primary?.normalized ?? null],
    ["email_owner", primary === undefined ? null : author],
  ];
}

/** The columns of users that an edit sets. Of `emails` they hold the primary address. */
function assignmentsOf(edit: UserEdit, author: number): readonly Assignment[] {
  return [
    ...scalarFields.flatMap((field) => scalarAssignments(field, edit, author)),
    ...(edit.emails === undefined ? [] : primaryAssignments(edit.emails, author)),
  ];
}

/** The statement that adds a person's row with the values of an edit. */
export function insertUser({ organizationId, userId, author }: UserRowTarget, edit: UserEdit, at: Date): Sql {
  const assignments = assignmentsOf(edit, author);
  const columns = assignments.map(([column]) => sql`, ${identifier(column)}`);
  const values = assignments.map(([, value]) => sql`, ${value}`);
  return sql`
    insert into users (organization_id, id, claims, created_at, updated_at${concatenated(columns)})
    values (${organizationId}, ${userId}, 1::bigint << ${author}::integer, ${at}, ${at}${concatenated(values)})`;
}

/**
 * The statement that sets the values of an edit, and increments the version.
 * @param primaryChanges true if the primary address comes from `edit.emails`
 */
export function updateUserRow(
  { organizationId, userId, author }: UserRowTarget,
  edit: UserEdit,
  primaryChanges: boolean,
  at: Date,
): Sql {
  const { emails, ...others } = edit;
  const assignments = assignmentsOf(primaryChanges ? edit : others, author);
  const set = assignments.map(([column, value]) => sql`, ${identifier(column)} = ${value}`);
  return sql`
    update users set version = version + 1, updated_at = ${at}${concatenated(set)}
    where organization_id = ${organizationId} and id = ${userId}`;
}

const concatenated = (parts: readonly Sql[]): Sql => (parts.length === 0 ? empty : join(parts, ""));

/**
 * The statements that make these the further addresses; run them before the primary one changes. An address that is taken
 * out goes, whatever its claims. A new one is the author's, unless it was the primary address till now: then it is claimed
 * by the owner of that. An address that is only kept gets no claim: to repeat a value is not to vouch for it.
 */
export function replaceFurtherEmails(
  { organizationId, userId, author }: UserRowTarget,
  further: readonly EmailAddress[],
): readonly Sql[] {
  const normalized = further.map((address) => address.normalized);
  return [
    sql`delete from user_emails
      where organization_id = ${organizationId} and user_id = ${userId} and email_normalized <> all (${normalized}::text[])`,
    sql`
      insert into user_emails (organization_id, user_id, email_normalized, email, claims)
      select ${organizationId}, ${userId}, wanted.normalized, wanted.email,
        1::bigint << coalesce(users.email_owner, ${author}::smallint)::integer
      from unnest(${normalized}::text[], ${further.map(({ email }) => email)}::text[]) wanted (normalized, email)
      left join users on users.organization_id = ${organizationId} and users.id = ${userId}
        and users.email_normalized = wanted.normalized
      on conflict (organization_id, user_id, email_normalized) do update
      set email = excluded.email, claims = user_emails.claims | (1::bigint << ${author}::integer)
      where user_emails.email <> excluded.email`,
  ];
}

/** The statements that make these the phones, by the rules of further addresses. */
export function replacePhones(
  { organizationId, userId, author }: UserRowTarget,
  phones: readonly Phone[],
): readonly Sql[] {
  const numbers = phones.map(({ number }) => number);
  const extensions = phones.map(({ extension }) => extension);
  const messageTypes = phones.map(({ messageType }) => messageType);
  const labels = phones.map(({ label }) => label);
  const carriers = phones.map(({ carrier }) => carrier);
  return [
    sql`
      delete from user_phones where organization_id = ${organizationId} and user_id = ${userId}
        and not exists (select from unnest(${numbers}::text[], ${extensions}::text[]) kept (number, extension)
          where kept.number = user_phones.number and kept.extension = user_phones.extension)`,
    sql`
      insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
      select ${organizationId}, ${userId}, number, extension, message_type, label, carrier, ${author}::smallint,
        1::bigint << ${author}::integer
      from unnest(${numbers}::text[], ${extensions}::text[], ${messageTypes}::smallint[], ${labels}::text[], ${carriers}::text[])
        wanted (number, extension, message_type, label, carrier)
      on conflict (organization_id, user_id, number, extension) do update
      set message_type = excluded.message_type, label = excluded.label, carrier = excluded.carrier,
        owner = excluded.owner, claims = user_phones.claims | excluded.claims
      where (user_phones.message_type, user_phones.label, user_phones.carrier)
        <> (excluded.message_type, excluded.label, excluded.carrier)`,
  ];
}

/** True for a group that every new person joins. */
const joinsEverybody = sql`(groups.is_default or groups.group_id = 'ALL' or groups.name = 'ALL')`;

/** A select of the groups that every new person joins (file formats, section 5.5). */
export const defaultGroups = (organizationId: number): Sql =>
  sql`select from groups where groups.organization_id = ${organizationId} and ${joinsEverybody}`;

/** The statement that makes a new person a member of these groups, and of those that everybody joins (file formats, section 5). */
export const insertMemberships = (
  { organizationId, userId, author }: UserRowTarget,
  memberships: NonNullable<NewUserInput["memberships"]>,
  at: Date,
): Sql => sql`
  insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
  select ${organizationId}, ${userId}, group_id, coalesce(role, 0),
    case when is_wanted then ${author}::smallint else ${literal(byDefault)} end,
    case when is_wanted then 1::bigint << ${author}::integer else 0 end
      | case when joins_everybody then ${literal(1 << byDefault)} else 0 end,
    ${at}
  from (
    select groups.group_id, wanted.role, wanted.group_id is not null as is_wanted,
      ${joinsEverybody} as joins_everybody
    from groups
    left join unnest(${memberships.map(({ groupId }) => groupId)}::text[], ${memberships.map(({ role }) => role)}::smallint[])
      wanted (group_id, role) on wanted.group_id = groups.group_id
    where organization_id = ${organizationId}
  ) joined
  where is_wanted or joins_everybody`;
