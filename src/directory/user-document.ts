import type { MembershipDocument, PhoneDocument, ScalarDocuments, SourceLinkDocument } from "../person/document.ts";
import { phoneSql, scalarSql } from "../person/document-sql.ts";
import { personFields, scalarFields } from "../person/fields.ts";
import { manual, selfRegistered, type UserOrigin } from "./claims.ts";

/**
 * A person as the API shows them. The properties are in the table's order, after `id` and `version`; a location is
 * spelled as the location itself spells it.
 */
export interface UserDocument extends ScalarDocuments {
  /** Numbered within the organization, from "1". */
  readonly id: string;
  /** Counts the changes of this person. */
  readonly version: number;
  /** The first is the primary address; the others are in the order of their normalised form, byte by byte. */
  readonly emails: readonly string[];
  /** In the order of number and extension. */
  readonly phones: readonly PhoneDocument[];
  /** In the order of the group's id, byte by byte. */
  readonly memberships: readonly MembershipDocument[];
  /** Who knows the person, in the order of the sources' names. */
  readonly sources: readonly SourceLinkDocument[];
  /** How the person came in beside sources. */
  readonly origins: readonly UserOrigin[];
  /** RFC 3339, UTC, microseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

const list = (items: string) => `'[' || coalesce(${items}, '') || ']'`;

/** SQL that makes the JSON text of each list, from users `u` and the lists that `from` joins. */
const lists: Readonly<Record<string, string>> = {
  emails: `'[' || concat_ws(',', to_json(u.email)::text, further_emails.items) || ']'`,
  phones: list("phones.items"),
  memberships: list("memberships.items"),
  sources: list("links.items"),
};

const scalars: Readonly<Record<string, string>> = Object.fromEntries(
  scalarFields.map((field) => [field.property, scalarSql(field, `u.${field.column}`)]),
);

/** SQL that makes the JSON text of each property; never null. */
const properties: readonly (readonly [property: string, json: string])[] = [
  ["id", `'"' || u.id || '"'`],
  ["version", "u.version::text"],
  ...personFields.map(({ property }) => [property, scalars[property] ?? lists[property]!] as const),
  [
    "origins",
    `case (u.claims & ${(1 << manual) | (1 << selfRegistered)})::integer
    when 0 then '[]'
    when ${1 << manual} then '["manual"]'
    when ${1 << selfRegistered} then '["self-registered"]'
    else '["manual","self-registered"]' end`,
  ],
  ["createdAt", `'"' || timestamp_text(u.created_at) || '"'`],
  ["updatedAt", `'"' || timestamp_text(u.updated_at) || '"'`],
];

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
  const members = properties.map(([name, json]) => `'"${name}":' || ${json}`);
  return `
    with chosen as materialized (
      select users.* from users join (${ids}) ids on ids.id = users.id where users.organization_id = ${organization}
    )
    select u.id, u.version, '{' || ${members.join(" || ',' || ")} || '}' as document
    from chosen u
    ${gather("further_emails", "to_json(user_emails.email)::text", "user_emails", "user_emails.email_normalized", organization)}
    ${gather("phones", phoneSql, "user_phones", "number, extension", organization)}
    ${gather("memberships", membership, "memberships", "group_id", organization)}
    ${gatherLinks(organization)}`;
}
