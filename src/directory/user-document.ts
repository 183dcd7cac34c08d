import sql, { raw, type Sql } from "sql-template-tag";
import { z } from "zod";
import { phoneSql, scalarSql } from "../person/document-sql.ts";
import { personFields, scalarFields } from "../person/fields.ts";
import { manual, selfRegistered } from "./claims.ts";
import type { UserDocument } from "./user-schema.ts";

const list = (items: string) => `'[' || coalesce(${items}, '') || ']'`;

/** SQL that makes the JSON text of each list, from users `u` and the lists that `userDocuments` joins. */
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

/** The JSON text of users `u` and the lists of `userDocuments`. */
const document = raw(
  `'{' || ${properties.map(([name, json]) => `'"${name}":' || ${json}`).join(" || ',' || ")} || '}'`,
);

const membership = sql`'{"groupId":' || to_json(group_id)::text || ',"role":' || role || '}'`;
const link = sql`'{"source":' || to_json(pairs.name)::text || ',"databaseId":' ||
  coalesce(to_json(database_id)::text, 'null') || '}'`;

/** One list of each person. It is read by the key, so that a page costs the same with any statistics of the tables. */
const gather = (name: Sql, item: Sql, table: Sql, order: Sql, organization: number | Sql) => sql`
  left join lateral (
    select string_agg(${item}, ',' order by ${order}) as items
    from ${table} owned where owned.organization_id = ${organization} and owned.user_id = u.id
  ) ${name} on true`;

/** Links are found by source and person, as their key goes. */
const gatherLinks = (organization: number | Sql) => sql`
  left join lateral (
    select string_agg(${link}, ',' order by pairs.name) as items
    from sources pairs join user_sources
      on user_sources.organization_id = ${organization} and user_sources.source = pairs.number and user_sources.user_id = u.id
    where pairs.organization_id = ${organization}
  ) links on true`;

/**
 * A select of the documents of many people: columns `id` (bigint), `version` (bigint) and `document` (JSON text), in no
 * order. People who do not exist are left out.
 *
 * @param organization the organization's id, as a value or a literal
 * @param ids a select with the column `id`, each at most once. The better PostgreSQL can guess how many there are
 *   (`limit`, an analyzed table, an array), the better its plan
 */
export const userDocuments = (organization: number | Sql, ids: Sql): Sql => sql`
    with chosen as materialized (
      select users.* from users join (${ids}) ids on ids.id = users.id where users.organization_id = ${organization}
    )
    select u.id, u.version, ${document} as document
    from chosen u
    ${gather(sql`further_emails`, sql`to_json(email)::text`, sql`user_emails`, sql`email_normalized`, organization)}
    ${gather(sql`phones`, raw(phoneSql), sql`user_phones`, sql`number, extension`, organization)}
    ${gather(sql`memberships`, membership, sql`memberships`, sql`group_id`, organization)}
    ${gatherLinks(organization)}`;

/** A row of `userDocuments`. */
export const storedUserRow = z.object({ id: z.int(), version: z.int(), document: z.string() });
/** A person as stored; `document` is a `UserDocument` as JSON text. */
export type StoredUser = z.infer<typeof storedUserRow>;

/** Reads the document of a stored person. */
export const parseDocument = ({ document }: Pick<StoredUser, "document">): UserDocument => JSON.parse(document);
