/**
 * Puts an organization of the reference model into the database, and reads it back with everything that the API does
 * not show: claims and owners. For tests that compare the two.
 */
import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { type GuardLimits, guardLimitsSchema } from "../../src/organizations/guard-limits.ts";
import { scalarField } from "../../src/person/fields.ts";
import type { ClaimNumber, Organization, User } from "../model/state.ts";
import { textProperties } from "../model/texts.ts";

const time = "2026-01-01T00:00:00Z";

/** Limits that hold nothing: the model knows no guard. */
export const noGuard: GuardLimits = {
  ...(Object.fromEntries(Object.keys(guardLimitsSchema.shape).map((limit) => [limit, null])) as Record<
    keyof GuardLimits,
    null
  >),
  applyAdditions: true,
};

/** Limits that hold whatever would go. */
export const strictGuard: GuardLimits = {
  ...noGuard,
  peopleRemoved: { percent: 0, above: 0 },
  membershipsRemoved: { percent: 0, above: 0 },
  contactsRemoved: { percent: 0, above: 0 },
};

const times = { created_at: time, updated_at: time };

type Insert = (table: string, records: readonly Record<string, unknown>[]) => Promise<void>;

/** Returns a function that inserts records into tables of an organization. */
function inserterFor(owner: Pool, id: number): Insert {
  return async (table, records) => {
    if (records.length === 0) return;
    const columns = Object.keys(records[0]!);
    await owner.query(
      `insert into ${table} (organization_id, ${columns.join(", ")})
       select $1, ${columns.join(", ")} from json_populate_recordset(null::${table}, $2)`,
      [id, JSON.stringify(records)],
    );
  };
}

/** Stores a new organization, and returns its id. */
export async function saveOrganization(
  owner: Pool,
  organization: Organization,
  guard: GuardLimits = noGuard,
): Promise<number> {
  const { rows } = await owner.query<{ id: number }>(
    "insert into organizations (name, settings, created_at, updated_at) values (gen_random_uuid()::text, $1, $2, $2) returning id",
    [organization.settings, time],
  );
  const id = rows[0]!.id;
  await owner.query("insert into feed_heads (organization_id, last_user_id, last_group_number) values ($1, $2, $3)", [
    id,
    organization.lastUserId,
    organization.lastGroupNumber,
  ]);
  const insert = inserterFor(owner, id);
  await saveThings(insert, organization, guard);
  await saveUsers(insert, [...organization.users.values()]);
  return id;
}

/** Stores everything but people. */
async function saveThings(insert: Insert, organization: Organization, guard: GuardLimits): Promise<void> {
  await insert(
    "sources",
    [...organization.sources].map(([name, { number, rank, ownsPrimaryEmail }]) => ({
      number,
      name,
      rank,
      settings: { guard, primaryEmail: ownsPrimaryEmail ? "source" : "kept" },
      version: 1,
      ...times,
    })),
  );
  await insert(
    "groups",
    [...organization.groups].map(([group_id, { name, category, type, privacy, description, style, ...group }]) => ({
      group_id,
      name,
      name_normalized: name.toLowerCase(),
      category,
      type,
      privacy,
      description,
      style,
      is_default: group.isDefault,
      is_protected: group.isProtected,
      post_approval: group.postApproval,
      guard_percent: group.guardPercent,
      parent_group_id: group.parent,
      version: 1,
      ...times,
    })),
  );
  await insert(
    "locations",
    [...organization.locations].map(([name_normalized, { name }]) => ({ name_normalized, name, version: 1, ...times })),
  );
  await insert(
    "location_groups",
    [...organization.locations].flatMap(([location_normalized, { groups }]) =>
      [...groups].map((group_id) => ({ location_normalized, group_id })),
    ),
  );
  await insert(
    "opt_outs",
    [...organization.optOuts].map((address) => ({
      id: randomUUID(),
      kind: address.startsWith("+") ? "phone" : "email",
      address,
      reason: "unsubscribed",
      actor: "test",
      created_at: time,
    })),
  );
}

/** Stores people with all that they have. */
async function saveUsers(insert: Insert, users: readonly User[]): Promise<void> {
  await insert(
    "users",
    users.map((user) => ({ ...userColumns(user), ...times })),
  );
  await insert(
    "user_sources",
    users.flatMap(({ id: user_id, sources }) =>
      [...sources].map(([source, database_id]) => ({ source, user_id, database_id })),
    ),
  );
  await insert(
    "user_emails",
    users.flatMap(({ id: user_id, emails }) =>
      [...emails].map(([email_normalized, { email, claims }]) => ({
        user_id,
        email_normalized,
        email,
        claims: bits(claims),
      })),
    ),
  );
  await insert(
    "user_phones",
    users.flatMap(({ id: user_id, phones }) =>
      [...phones.values()].map(({ messageType: message_type, claims, ...phone }) => ({
        user_id,
        ...phone,
        message_type,
        claims: bits(claims),
      })),
    ),
  );
  await insert(
    "memberships",
    users.flatMap(({ id: user_id, memberships }) =>
      [...memberships].map(([group_id, { role, roleOwner, claims }]) => ({
        user_id,
        group_id,
        role,
        role_owner: roleOwner,
        since: time,
        claims: bits(claims),
      })),
    ),
  );
}

function textColumns(user: User): Record<string, unknown> {
  const columns = textProperties.flatMap((property) => {
    const { column } = scalarField(property);
    return [
      [column, user[property].value],
      [`${column}_owner`, user[property].owner],
    ];
  });
  return Object.fromEntries(columns);
}

function userColumns(user: User): Record<string, unknown> {
  return {
    id: user.id,
    ...textColumns(user),
    username: user.username.value?.username ?? null,
    username_normalized: user.username.value?.normalized ?? null,
    username_owner: user.username.owner,
    email: user.email.value?.email ?? null,
    email_normalized: user.email.value?.normalized ?? null,
    email_owner: user.email.owner,
    custom_fields: user.customFields.value,
    custom_fields_owner: user.customFields.owner,
    location: user.location.value || null,
    location_owner: user.location.owner,
    show_all_groups: user.showAllGroups.value,
    show_all_groups_owner: user.showAllGroups.owner,
    claims: bits(user.claims),
    version: 1,
  };
}

const bits = (claims: ReadonlySet<ClaimNumber>): string =>
  String([...claims].reduce((set, number) => set | (1n << BigInt(number)), 0n));
