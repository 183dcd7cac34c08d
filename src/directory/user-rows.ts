import type { EmailAddress, Phone } from "../intake/records.ts";
import type { Executor } from "../store/database.ts";
import { byDefault } from "./claims.ts";
import type { NewUserInput, UserEdit } from "./user-input.ts";

/** Whose row is written, and the bit of whoever writes it. */
export interface UserRowTarget {
  readonly organizationId: number;
  readonly userId: number;
  /** Bit of claims: manual or self-registered. */
  readonly author: number;
}

type Columns = readonly (readonly [column: string, value: unknown])[];

/** A scalar, and its owner: nobody owns a value that was taken away, so that imports may fill it again. */
const owned = (column: string, value: unknown, isBlank: boolean, author: number): Columns => [
  [column, value],
  [`${column}_owner`, isBlank ? null : author],
];

/** The columns of users that an edit sets. Of `emails` they hold the primary address. */
function columnsOf(edit: UserEdit, author: number): Columns {
  const { firstName, lastName, username, emails, address, customFields, location, showAllGroups } = edit;
  return [
    ...(firstName === undefined ? [] : owned("first_name", firstName, firstName === "", author)),
    ...(lastName === undefined ? [] : owned("last_name", lastName, lastName === "", author)),
    ...(username === undefined
      ? []
      : [
          ...owned("username", username?.username ?? null, username === null, author),
          ["username_normalized", username?.normalized ?? null] as const,
        ]),
    ...(emails === undefined
      ? []
      : [
          ...owned("email", emails[0]?.email ?? null, emails.length === 0, author),
          ["email_normalized", emails[0]?.normalized ?? null] as const,
        ]),
    ...(address === undefined ? [] : owned("address", address, address === "", author)),
    ...(customFields === undefined ? [] : owned("custom_fields", customFields, customFields.length === 0, author)),
    ...(location === undefined ? [] : owned("location", location, location === null, author)),
    ...(showAllGroups === undefined
      ? []
      : owned("show_all_groups", showAllGroups ?? false, showAllGroups === null, author)),
  ];
}

/** Adds a person's row with what the edit says. */
export async function insertUser(executor: Executor, target: UserRowTarget, edit: UserEdit, at: Date): Promise<void> {
  const { organizationId, userId, author } = target;
  const columns = columnsOf(edit, author);
  await executor.query(
    `insert into users (organization_id, id, claims, created_at, updated_at${columns.map(([name]) => `, ${name}`).join("")})
     values ($1, $2, 1::bigint << $3::integer, $4, $4${columns.map((_, index) => `, $${index + 5}`).join("")})`,
    [organizationId, userId, author, at, ...columns.map(([, value]) => value)],
  );
}

/**
 * Sets what an edit says, and counts the version up.
 * @param primaryChanges whether the primary address becomes that of `edit.emails`
 */
export async function updateUserRow(
  executor: Executor,
  target: UserRowTarget,
  edit: UserEdit,
  primaryChanges: boolean,
  at: Date,
): Promise<void> {
  const { emails, ...others } = edit;
  const columns = columnsOf(primaryChanges ? edit : others, target.author);
  await executor.query(
    `update users set version = version + 1, updated_at = $3${columns
      .map(([name], index) => `, ${name} = $${index + 4}`)
      .join("")}
     where organization_id = $1 and id = $2`,
    [target.organizationId, target.userId, at, ...columns.map(([, value]) => value)],
  );
}

/**
 * Makes these the further addresses; call it before the primary one changes. What is taken out goes, whoever claims it.
 * What is new is the author's, unless it was the primary address till now: that stays the claim of who set it. What is
 * only kept gets no claim: to repeat a value is not to vouch for it.
 */
export async function replaceFurtherEmails(
  executor: Executor,
  { organizationId, userId, author }: UserRowTarget,
  further: readonly EmailAddress[],
): Promise<void> {
  const normalized = further.map((address) => address.normalized);
  await executor.query(
    "delete from user_emails where organization_id = $1 and user_id = $2 and email_normalized <> all ($3::text[])",
    [organizationId, userId, normalized],
  );
  await executor.query(
    `insert into user_emails (organization_id, user_id, email_normalized, email, claims)
     select $1, $2, wanted.normalized, wanted.email, 1::bigint << coalesce(users.email_owner, $5::smallint)::integer
     from unnest($3::text[], $4::text[]) wanted (normalized, email)
     left join users on users.organization_id = $1 and users.id = $2 and users.email_normalized = wanted.normalized
     on conflict (organization_id, user_id, email_normalized) do update
     set email = excluded.email, claims = user_emails.claims | (1::bigint << $5::integer)
     where user_emails.email <> excluded.email`,
    [organizationId, userId, normalized, further.map(({ email }) => email), author],
  );
}

/** Makes these the phones, by the same rules. */
export async function replacePhones(
  executor: Executor,
  { organizationId, userId, author }: UserRowTarget,
  phones: readonly Phone[],
): Promise<void> {
  const numbers = phones.map(({ number }) => number);
  const extensions = phones.map(({ extension }) => extension);
  await executor.query(
    `delete from user_phones where organization_id = $1 and user_id = $2
       and not exists (select from unnest($3::text[], $4::text[]) kept (number, extension)
         where kept.number = user_phones.number and kept.extension = user_phones.extension)`,
    [organizationId, userId, numbers, extensions],
  );
  await executor.query(
    `insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
     select $1, $2, number, extension, message_type, label, carrier, $8::smallint, 1::bigint << $8::integer
     from unnest($3::text[], $4::text[], $5::smallint[], $6::text[], $7::text[])
       wanted (number, extension, message_type, label, carrier)
     on conflict (organization_id, user_id, number, extension) do update
     set message_type = excluded.message_type, label = excluded.label, carrier = excluded.carrier,
       owner = excluded.owner, claims = user_phones.claims | excluded.claims
     where (user_phones.message_type, user_phones.label, user_phones.carrier)
       <> (excluded.message_type, excluded.label, excluded.carrier)`,
    [
      organizationId,
      userId,
      numbers,
      extensions,
      phones.map(({ messageType }) => messageType),
      phones.map(({ label }) => label),
      phones.map(({ carrier }) => carrier),
      author,
    ],
  );
}

/** Makes a new person a member of these groups, and of those that everybody joins (file formats, section 5). */
export async function insertMemberships(
  executor: Executor,
  { organizationId, userId, author }: UserRowTarget,
  memberships: NonNullable<NewUserInput["memberships"]>,
  at: Date,
): Promise<void> {
  await executor.query(
    `insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
     select $1, $2, group_id, coalesce(role, 0), case when is_wanted then $5::smallint else ${byDefault} end,
       case when is_wanted then 1::bigint << $5::integer else 0 end | case when joins_everybody then ${1 << byDefault} else 0 end,
       $6
     from (
       select groups.group_id, wanted.role, wanted.group_id is not null as is_wanted,
         is_default or groups.group_id = 'ALL' or groups.name = 'ALL' as joins_everybody
       from groups left join unnest($3::text[], $4::smallint[]) wanted (group_id, role) on wanted.group_id = groups.group_id
       where organization_id = $1
     ) joined
     where is_wanted or joins_everybody`,
    [
      organizationId,
      userId,
      memberships.map(({ groupId }) => groupId),
      memberships.map(({ role }) => role),
      author,
      at,
    ],
  );
}
