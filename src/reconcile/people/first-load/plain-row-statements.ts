import { raw } from "sql-template-tag";
import { byDefault } from "../../../directory/claims.ts";
import { companionColumns } from "../../../person/columns.ts";
import { scalarFields } from "../../../person/fields.ts";
import type { ImportContext } from "../../setup/context.ts";
import { insertUsersOf } from "../apply/insert-users.ts";
import { rangesOf } from "../report/report.ts";
import { hasSeveralItems } from "../stage/lists.ts";
import { items, part } from "../stage/tables.ts";

/** The single values of plain rows, as `insertUsersOf` takes them. */
const plainValues = [
  ...scalarFields.map(({ kind, column }) => {
    if (kind === "texts") return `${items(column)} as ${column}`;
    return kind === "location" ? `nullif(${column}, '') as known_${column}` : column;
  }),
  ...companionColumns.map(({ name }) => name),
].join(", ");

/** SQL: the id of a plain row's person. */
const personOf = (row: string, offset: number) => `(${row} + ${offset}::bigint)`;

/** A row that has nothing but an e-mail to be known by. */
const hasOnlyEmail = "database_id is null and username_normalized is null and email_normalized is not null";
const areRepeated = (column: string) => `count(${column}) > count(distinct hashtext(${column}))`;

/**
 * How many rows are plain, and how many are not. One row with the columns `plain`, `others` and `firstRow`, the number of the
 * first of all, and `mayBeRelated`: whether two rows may mean the same person.
 */
export const countPlainRows = `
  select (count(*) filter (where plain))::integer as plain, (count(*) filter (where not plain))::integer as others,
    min(row) as "firstRow",
    ${areRepeated("database_id")} or ${areRepeated("username_normalized")}
      or bool_or(${hasOnlyEmail}) as "mayBeRelated"
  from staged_rows`;

/**
 * Takes plain rows for others if another row of the part may mean the same person: then it takes all of matching to tell
 * what they say.
 */
export const dismissRelatedRows = `
  update staged_rows set plain = false
  where plain and (
    database_id in (
      select database_id from staged_rows where database_id is not null group by database_id having count(*) > 1)
    or username_normalized in (
      select username_normalized from staged_rows where username_normalized is not null
      group by username_normalized having count(*) > 1)
    or email_normalized in (select email_normalized from staged_rows where ${hasOnlyEmail}))`;

/** Takes all rows for others. */
export const dismissAllRows = "update staged_rows set plain = false where plain";

/** Which rows are plain, as one multirange in the column `ranges`. */
export const plainRanges = rangesOf("(select row, true as plain from staged_rows where plain) plain_rows", "plain");

/** The items of the lists of plain rows, beside the number and the primary e-mail of their rows. */
const itemsOfPlainRows = (list: string, chosen = `${list} <> ''`) =>
  `(select row, email_normalized, unnest(${items(list)}) as item from staged_rows where plain and ${chosen})`;

/**
 * Adds the people of plain rows: what is planned of others in steps (people, contacts, memberships, links) is here just
 * what the row says. Parameters: $1 the import, $2 its time.
 * @param offset what the number of a row is short of its person's id
 */
export function addPlainPeople(c: ImportContext, offset: number): string[] {
  return [
    insertUsersOf(
      c,
      `(select ${personOf("row", offset)} as person, ${plainValues}, email, email_normalized
        from staged_rows where plain)`,
    ),
    `insert into user_sources (organization_id, source, user_id, database_id, digest, rules_epoch, user_version, style, last_import_id)
     select ${c.organizationId}, ${c.source.text}, ${personOf("row", offset)}, database_id, digest, ${c.rulesEpoch.text}, 1, ${c.style.text}, $1
     from staged_rows where plain`,
    `insert into user_emails (organization_id, user_id, email_normalized, email, claims)
     select ${c.organizationId}, ${personOf("row", offset)}, ${part("item", 1)}, ${part("item", 2)}, ${c.claim.text}
     from ${itemsOfPlainRows("emails", hasSeveralItems(raw("emails")).text)} address where ${part("item", 1)} <> email_normalized`,
    `insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
     select ${c.organizationId}, ${personOf("row", offset)}, ${part("item", 1)}, ${part("item", 2)}, ${part("item", 3)}::smallint,
       ${part("item", 4)}, ${part("item", 5)}, ${c.source.text}, ${c.claim.text}
     from ${itemsOfPlainRows("phones")} phone`,
    `update feed_heads set last_user_id = ${c.lastUserId.text} where organization_id = ${c.organizationId}`,
  ];
}

/**
 * Has the people of plain rows join the groups that they name. Parameters: $1 the time of the import, $2 groups that
 * everybody joins.
 */
export const joinPlainPeople = (c: ImportContext, offset: number): string => `
  insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
  select ${c.organizationId}, ${personOf("row", offset)}, ${part("item", 1)}, greatest(${part("item", 2)}::smallint, 0), ${c.source.text},
    case when ${part("item", 1)} = any($2::text[]) then ${c.claim.text} | ${1 << byDefault} else ${c.claim.text} end, $1
  from ${itemsOfPlainRows("joins")} named`;

/** The same for the groups that everybody joins, as far as their rows don't name them. */
export const joinPlainPeopleByDefault = (c: ImportContext, offset: number): string => `
  insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
  select ${c.organizationId}, ${personOf("row", offset)}, group_id, 0, ${byDefault}, ${1 << byDefault}, $1
  from staged_rows cross join unnest($2::text[]) group_id
  where plain and not exists (select from unnest(${items("joins")}) item where ${part("item", 1)} = group_id)`;

/** What the log says of the people of plain rows. */
export const plainEntries = (offset: number): string => `
  select ${personOf("row", offset)} as person, row as first_row, 'created' as action, database_id, username,
    entry_changed as changed, entry_memberships as memberships
  from staged_rows where plain`;
