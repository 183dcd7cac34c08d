/**
 * Puts an organization of the reference model into the database, and reads it back with everything that the API does
 * not show: claims and owners. For tests that compare the two.
 */
import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import type { Phone } from "../../src/intake/records.ts";
import { type GuardLimits, guardLimitsSchema } from "../../src/organizations/guard-limits.ts";
import { scalarField } from "../../src/person/fields.ts";
import {
  blankUser,
  type ClaimNumber,
  type Group,
  type Location,
  type Membership,
  type Organization,
  phoneKey,
  plainLocation,
  type User,
} from "../model/state.ts";
import { eachText, textProperties } from "../model/texts.ts";

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
  const insert = async (table: string, records: readonly Record<string, unknown>[]) => {
    if (records.length === 0) return;
    const columns = Object.keys(records[0]!);
    await owner.query(
      `insert into ${table} (organization_id, ${columns.join(", ")})
       select $1, ${columns.join(", ")} from json_populate_recordset(null::${table}, $2)`,
      [id, JSON.stringify(records)],
    );
  };
  const times = { created_at: time, updated_at: time };
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
      ...{ group_id, name, name_normalized: name.toLowerCase(), category, type, privacy, description, style },
      ...{ is_default: group.isDefault, is_protected: group.isProtected, post_approval: group.postApproval },
      ...{ guard_percent: group.guardPercent, parent_group_id: group.parent, version: 1, ...times },
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
      ...{ id: randomUUID(), kind: address.startsWith("+") ? "phone" : "email", address, reason: "unsubscribed" },
      ...{ actor: "test", created_at: time },
    })),
  );
  const users = [...organization.users.values()];
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
        ...{ user_id, ...phone, message_type },
        claims: bits(claims),
      })),
    ),
  );
  await insert(
    "memberships",
    users.flatMap(({ id: user_id, memberships }) =>
      [...memberships].map(([group_id, { role, roleOwner, claims }]) => ({
        ...{ user_id, group_id, role, role_owner: roleOwner, since: time },
        claims: bits(claims),
      })),
    ),
  );
  return id;
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

interface Row {
  [column: string]: unknown;
}

/** Reads an organization that `saveOrganization` stored, as the database has it now. */
export async function loadOrganization(owner: Pool, id: number, before: Organization): Promise<Organization> {
  const read = async (text: string) => (await owner.query<Row & { id: string; user_id: string }>(text, [id])).rows;
  const users = new Map<number, User>();
  for (const row of await read("select *, claims::text from users where organization_id = $1 order by id")) {
    users.set(Number(row.id), userOf(row));
  }
  const of = (row: { user_id: string }) => {
    const user = users.get(Number(row.user_id));
    if (!user) throw new Error(`something is stored for ${row.user_id}, who does not exist`);
    return user;
  };
  for (const row of await read("select * from user_sources where organization_id = $1")) {
    of(row).sources.set(row.source as number, row.database_id as string | null);
  }
  for (const row of await read("select *, claims::text from user_emails where organization_id = $1")) {
    of(row).emails.set(row.email_normalized as string, { email: row.email as string, claims: claimsOf(row) });
  }
  for (const row of await read("select *, claims::text from user_phones where organization_id = $1")) {
    const {
      number,
      extension,
      label,
      carrier,
      owner: phoneOwner,
    } = row as unknown as User["phones"] extends Map<string, infer P> ? P : never;
    const phone = { number, extension, messageType: row.message_type as 1 | 2 | 3, label, carrier };
    of(row).phones.set(phoneKey(phone), { ...phone, owner: phoneOwner, claims: claimsOf(row) });
  }
  for (const row of await read("select *, claims::text from memberships where organization_id = $1")) {
    const membership: Membership = {
      role: row.role as number,
      roleOwner: row.role_owner as number,
      claims: claimsOf(row),
    };
    of(row).memberships.set(row.group_id as string, membership);
  }
  const tombstones = new Map<number, User>();
  for (const { user_id, state } of await read(
    "select user_id, state from user_tombstones where organization_id = $1",
  )) {
    tombstones.set(Number(user_id), deletedUser(user_id, state as Tombstone));
  }
  const groups = new Map<string, Group>();
  for (const row of await read("select * from groups where organization_id = $1 order by group_id")) {
    const { name, category, type, privacy, description, style } = row as unknown as Group;
    groups.set(row.group_id as string, {
      ...{ name, category, type, privacy, description, style },
      postApproval: row.post_approval as boolean,
      isDefault: row.is_default as boolean,
      isProtected: row.is_protected as boolean,
      guardPercent: row.guard_percent as number | null,
      parent: row.parent_group_id as string | null,
    });
  }
  const locations = new Map<string, Location>();
  for (const row of await read("select * from locations where organization_id = $1 order by name_normalized")) {
    locations.set(row.name_normalized as string, plainLocation(row.name as string));
  }
  for (const row of await read("select * from location_groups where organization_id = $1 order by group_id")) {
    locations.get(row.location_normalized as string)!.groups.add(row.group_id as string);
  }
  const [head] = await read("select last_user_id, last_group_number from feed_heads where organization_id = $1");
  const stored = await read("select address from opt_outs where organization_id = $1 order by address");
  const optOuts = new Set(stored.map(({ address }) => address as string));
  return {
    ...{ ...before, optOuts, groups, locations, users, tombstones },
    ...{ lastUserId: Number(head!.last_user_id), lastGroupNumber: Number(head!.last_group_number) },
  };
}

/** A deleted person's rows, as they stood. */
interface Tombstone {
  readonly user: Row & { readonly claims: number };
  readonly emails: readonly Row[];
  readonly phones: readonly (Row &
    Omit<Phone, "messageType"> & { message_type: Phone["messageType"]; owner: number })[];
  readonly memberships: readonly (Row & { group_id: string; role: number; role_owner: number })[];
  readonly sources: readonly { readonly source: number; readonly database_id: string | null }[];
}

function deletedUser(id: string, { user, emails, phones, memberships, sources }: Tombstone): User {
  const claims = (row: Row) => claimsOf({ claims: String(row.claims) });
  const deleted = userOf({ ...user, id, claims: String(user.claims) });
  deleted.sources = new Map(sources.map(({ source, database_id }) => [source, database_id]));
  deleted.emails = new Map(
    emails.map((row) => [row.email_normalized as string, { email: row.email as string, claims: claims(row) }]),
  );
  for (const row of phones) {
    const { number, extension, message_type, label, carrier, owner } = row;
    const phone = { number, extension, messageType: message_type, label, carrier };
    deleted.phones.set(phoneKey(phone), { ...phone, owner, claims: claims(row) });
  }
  for (const row of memberships) {
    const { group_id, role, role_owner } = row;
    deleted.memberships.set(group_id, { role, roleOwner: role_owner, claims: claims(row) });
  }
  return deleted;
}

function userOf(row: Row & { id: string }): User {
  const own = <Value>(value: Value, owner: unknown) => ({ value, owner: owner as ClaimNumber | null });
  const pair = <Name extends string>(name: Name, value: unknown, normalized: unknown) =>
    value === null ? null : ({ [name]: value, normalized } as Record<Name | "normalized", string>);
  return {
    ...blankUser(Number(row.id)),
    ...eachText((property) => {
      const { column } = scalarField(property);
      return own(row[column] as string, row[`${column}_owner`]);
    }),
    username: own(pair("username", row.username, row.username_normalized), row.username_owner),
    customFields: own(row.custom_fields as string[], row.custom_fields_owner),
    location: own((row.location as string | null) ?? "", row.location_owner),
    showAllGroups: own(row.show_all_groups as boolean, row.show_all_groups_owner),
    email: own(pair("email", row.email, row.email_normalized), row.email_owner),
    claims: claimsOf(row),
  };
}

const bits = (claims: ReadonlySet<ClaimNumber>): string =>
  String([...claims].reduce((set, number) => set | (1n << BigInt(number)), 0n));

function claimsOf(row: Row): Set<ClaimNumber> {
  const set = BigInt(row.claims as string);
  return new Set(Array.from({ length: 63 }, (_, number) => number).filter((number) => (set >> BigInt(number)) & 1n));
}
