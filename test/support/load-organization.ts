import type { Pool } from "pg";
import type { Phone } from "../../src/intake/records.ts";
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
import { eachText } from "../model/texts.ts";

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
      name,
      category,
      type,
      privacy,
      description,
      style,
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
    ...before,
    optOuts,
    groups,
    locations,
    users,
    tombstones,
    lastUserId: Number(head!.last_user_id),
    lastGroupNumber: Number(head!.last_group_number),
  };
}

/** A deleted person's rows, as they were. */
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

function claimsOf(row: Row): Set<ClaimNumber> {
  const set = BigInt(row.claims as string);
  return new Set(Array.from({ length: 63 }, (_, number) => number).filter((number) => (set >> BigInt(number)) & 1n));
}
