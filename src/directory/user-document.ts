import { manual, selfRegistered, type UserOrigin } from "./claims.ts";

/** A person as the API shows them; the order of the properties is fixed. */
export interface UserDocument {
  /** Numbered within the organization, from "1". */
  readonly id: string;
  /** Counts the changes of this person. */
  readonly version: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly username: string | null;
  /** The first is the primary address; the others are in the order of their normalised form, byte by byte. */
  readonly emails: readonly string[];
  /** In the order of number and extension. */
  readonly phones: readonly PhoneDocument[];
  /** In the order of the group's id, byte by byte. */
  readonly memberships: readonly MembershipDocument[];
  readonly address: AddressDocument | null;
  readonly customFields: readonly string[];
  /** The location's name as the location itself spells it. */
  readonly location: string | null;
  readonly showAllGroups: boolean;
  /** Who knows the person, in the order of the sources' names. */
  readonly sources: readonly SourceLinkDocument[];
  /** How the person came in beside sources. */
  readonly origins: readonly UserOrigin[];
  /** RFC 3339, UTC, microseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A phone (file formats, section 2). */
export interface PhoneDocument {
  /** E.164. */
  readonly number: string;
  readonly extension: string;
  /** 1 text, 2 voice, 3 both. */
  readonly messageType: number;
  readonly label: string;
  readonly carrier: string;
}

/** A membership, seen from the person. The role is the number that feeds write (file formats, section 3). */
export interface MembershipDocument {
  readonly groupId: string;
  readonly role: number;
}

/** What a source calls the person. */
export interface SourceLinkDocument {
  readonly source: string;
  readonly databaseId: string | null;
}

/** An address: in five parts, or free text. */
export type AddressDocument =
  | {
      readonly street: string;
      readonly city: string;
      readonly state: string;
      readonly country: string;
      readonly zip: string;
    }
  | { readonly text: string };

const quoted = (expression: string) => `to_json(${expression})::text`;
const quotedOrNull = (expression: string) => `coalesce(to_json(${expression})::text, 'null')`;
const list = (items: string) => `'[' || coalesce(${items}, '') || ']'`;

/** SQL that makes the JSON text of each property from users `u` and the lists that `from` joins; never null. */
const properties: Readonly<Record<keyof UserDocument, string>> = {
  id: `'"' || u.id || '"'`,
  version: "u.version::text",
  firstName: quoted("u.first_name"),
  lastName: quoted("u.last_name"),
  username: quotedOrNull("u.username"),
  emails: `'[' || concat_ws(',', to_json(u.email)::text, further_emails.items) || ']'`,
  phones: list("phones.items"),
  memberships: list("memberships.items"),
  address: "coalesce(address_document(u.address)::text, 'null')",
  customFields: quoted("u.custom_fields"),
  location: quotedOrNull("u.location"),
  showAllGroups: "u.show_all_groups::text",
  sources: list("links.items"),
  origins: `case (u.claims & ${(1 << manual) | (1 << selfRegistered)})::integer
    when 0 then '[]'
    when ${1 << manual} then '["manual"]'
    when ${1 << selfRegistered} then '["self-registered"]'
    else '["manual","self-registered"]' end`,
  createdAt: `'"' || timestamp_text(u.created_at) || '"'`,
  updatedAt: `'"' || timestamp_text(u.updated_at) || '"'`,
};

const phone = `'{"number":' || to_json(number)::text || ',"extension":' || to_json(extension)::text ||
  ',"messageType":' || message_type || ',"label":"' || label || '","carrier":' || to_json(carrier)::text || '}'`;
const membership = `'{"groupId":' || to_json(group_id)::text || ',"role":' || role || '}'`;
const link = `'{"source":' || to_json(pairs.name)::text || ',"databaseId":' ||
  coalesce(to_json(database_id)::text, 'null') || '}'`;

/** One list of each person: by the key, so that a page costs the same whatever PostgreSQL knows of the tables. */
const gather = (name: string, item: string, table: string, order: string, organization: string) => `
  left join lateral (
    select string_agg(${item}, ',' order by ${order}) as items
    from ${table} where ${table}.organization_id = ${organization} and ${table}.user_id = u.id
  ) ${name} on true`;

/** Links are found by source and person, as their key goes. */
const gatherLinks = (organization: string) => `
  left join lateral (
    select string_agg(${link}, ',' order by pairs.name) as items
    from sources pairs join user_sources
      on user_sources.organization_id = ${organization} and user_sources.source = pairs.number and user_sources.user_id = u.id
    where pairs.organization_id = ${organization}
  ) links on true`;

/**
 * SQL of a select with the documents of many people: columns `id` (bigint), `version` (bigint) and `document` (JSON
 * text), in no order. Whoever does not exist is left out.
 *
 * @param ids SQL of a select with the column `id`, each at most once; the better PostgreSQL can guess how many
 * there are (`limit`, an analyzed table, an array), the better its plan
 * @param organization SQL of the organization's id
 */
export function userDocuments(ids: string, organization = "$1"): string {
  const members = Object.entries(properties).map(([name, json]) => `'"${name}":' || ${json}`);
  return `
    with chosen as materialized (
      select users.* from users join (${ids}) ids on ids.id = users.id where users.organization_id = ${organization}
    )
    select u.id, u.version, '{' || ${members.join(" || ',' || ")} || '}' as document
    from chosen u
    ${gather("further_emails", "to_json(user_emails.email)::text", "user_emails", "user_emails.email_normalized", organization)}
    ${gather("phones", phone, "user_phones", "number, extension", organization)}
    ${gather("memberships", membership, "memberships", "group_id", organization)}
    ${gatherLinks(organization)}`;
}
