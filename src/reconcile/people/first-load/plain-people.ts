import sql, { join, type Sql } from "sql-template-tag";
import { z } from "zod";
import { type AppendedEntries, appendChanges, type Recorded } from "../../../changes/record.ts";
import { byDefault } from "../../../directory/claims.ts";
import { companionColumns } from "../../../person/columns.ts";
import { type Scalar, scalarFields } from "../../../person/fields.ts";
import type { Transaction } from "../../../store/database.ts";
import { identifier, identifiers, literal, runStatements, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { insertPeople } from "../apply/new-people.ts";
import { rangesOf } from "../report/describe-plan.ts";
import { hasSeveralItems, items, part } from "../stage/lists.ts";
import { nothingDone, type Part } from "./parts.ts";
import type { RowsOfPart } from "./sort-out-rows.ts";

/** The people whom the plain rows of a part add. Their rows need no planning: one statement a table adds them. */
export interface PlainPeople {
  readonly context: ImportContext;
  readonly run: ImportRun;
  readonly rows: RowsOfPart;
  /** The id of a plain row's person is the number of the row plus this. */
  readonly offset: number;
  /** Ids of the groups that every new person joins. */
  readonly joinedByEverybody: readonly string[];
}

/** Adds the people of plain rows. `appendPlainPeople` or `appendPeople` tells the log of them. */
export async function addPlainPeople(transaction: Transaction, people: PlainPeople): Promise<Part> {
  await runStatements(transaction, plainPeopleStatements(people));
  const join = async (statement: Sql) => (await transaction.query(statement)).rowCount ?? 0;
  const named = await join(joinNamedGroups(people));
  const byDefault = people.joinedByEverybody.length === 0 ? 0 : await join(joinDefaultGroups(people));
  const { plain } = people.rows;
  return {
    ...nothingDone,
    counts: { ...nothingDone.counts, rows: plain, people: plain, added: plain, membershipsAdded: named + byDefault },
    outcomes: { added: await rangesOfPlainRows(transaction, people.rows) },
    groups: { added: named, unknown: 0 },
  };
}

/** SQL: the id of a plain row's person. */
const personOf = ({ offset }: PlainPeople) => sql`(row + ${literal(offset)}::bigint)`;

/** The statements of `addPlainPeople` but for memberships. */
export const plainPeopleStatements = (people: PlainPeople): Sql[] => [
  insertPeople(people.context, people.run, plainRows(people)),
  linkPlainPeople(people),
  addPlainEmails(people),
  addPlainPhones(people),
  advanceUserIds(people),
];

/** Selects plain rows with the columns that `insertPeople` takes. */
const plainRows = (people: PlainPeople) => sql`
  select ${personOf(people)} as person, ${join(scalarFields.map(plainValue))},
    ${identifiers(companionColumns.map(({ name }) => name))}, email, email_normalized
  from staged_rows where plain`;

function plainValue({ kind, column }: Scalar): Sql {
  if (kind === "texts") return sql`${items(identifier(column))} as ${identifier(column)}`;
  return kind === "location"
    ? sql`nullif(${identifier(column)}, '') as ${identifier(`known_${column}`)}`
    : identifier(column);
}

function linkPlainPeople(people: PlainPeople): Sql {
  const { organization, source, rulesEpoch, style } = people.context;
  return sql`
    insert into user_sources
      (organization_id, source, user_id, database_id, digest, byte_digest, rules_epoch, user_version, style, last_import_id)
    select ${organization}, ${source}, ${personOf(people)}, database_id, digest, byte_digest, ${rulesEpoch}, 1, ${style}, ${people.run.id}::uuid
    from staged_rows where plain`;
}

/** SQL: the items of a list of the plain rows, as `item`, beside the number and the primary e-mail of their rows. */
const itemsOfPlainRows = (list: Sql, isChosen: Sql) => sql`
  (select row, email_normalized, unnest(${items(list)}) as item from staged_rows where plain and ${isChosen})`;

const item = sql`item`;

function addPlainEmails(people: PlainPeople): Sql {
  const { organization, claim } = people.context;
  return sql`
    insert into user_emails (organization_id, user_id, email_normalized, email, claims)
    select ${organization}, ${personOf(people)}, ${part(item, 1)}, ${part(item, 2)}, ${claim}
    from ${itemsOfPlainRows(sql`emails`, hasSeveralItems(sql`emails`))} address
    where ${part(item, 1)} <> email_normalized`;
}

function addPlainPhones(people: PlainPeople): Sql {
  const { organization, source, claim } = people.context;
  return sql`
    insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
    select ${organization}, ${personOf(people)}, ${part(item, 1)}, ${part(item, 2)}, ${part(item, 3)}::smallint,
      ${part(item, 4)}, ${part(item, 5)}, ${source}, ${claim}
    from ${itemsOfPlainRows(sql`phones`, sql`phones <> ''`)} phone`;
}

const advanceUserIds = ({ context: { organization, lastUserId } }: PlainPeople) => sql`
  update feed_heads set last_user_id = ${lastUserId} where organization_id = ${organization}`;

const defaultClaim = literal(1 << byDefault);

/** Adds memberships in the groups that plain rows name. */
export function joinNamedGroups(people: PlainPeople): Sql {
  const { organization, source, claim } = people.context;
  return sql`
    insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
    select ${organization}, ${personOf(people)}, ${part(item, 1)}, greatest(${part(item, 2)}::smallint, 0), ${source},
      case when ${part(item, 1)} = any(${people.joinedByEverybody}::text[]) then ${claim} | ${defaultClaim} else ${claim} end,
      ${people.run.at}::timestamptz
    from ${itemsOfPlainRows(sql`joins`, sql`joins <> ''`)} named`;
}

/** Adds memberships in the groups that everybody joins and that the row does not name. */
export const joinDefaultGroups = (people: PlainPeople): Sql => sql`
  insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
  select ${people.context.organization}, ${personOf(people)}, group_id, 0, ${literal(byDefault)}, ${defaultClaim},
    ${people.run.at}::timestamptz
  from staged_rows cross join unnest(${people.joinedByEverybody}::text[]) group_id
  where plain and not exists (select from unnest(${items(sql`joins`)}) item where ${part(item, 1)} = group_id)`;

/** The rows as a multirange. */
async function rangesOfPlainRows(executor: Executor, { plain, others, firstRow }: RowsOfPart): Promise<string> {
  if (others === 0) return `{[${firstRow},${firstRow + plain})}`;
  return (await selectRow(executor, z.object({ ranges: z.string() }), plainRanges))!.ranges;
}

/** Selects the plain rows as one multirange. */
export const plainRanges = rangesOf(
  sql`(select row, true as plain from staged_rows where plain) plain_rows`,
  sql`plain`,
);

/** SQL select of the log's entries of plain people, with the columns that `appendPeople` takes. */
export const plainEntries = (people: PlainPeople): Sql => sql`
  select ${personOf(people)} as person, row as first_row, 'created' as action, database_id, username,
    entry_changed as changed, entry_memberships as memberships
  from staged_rows where plain`;

/** Appends the people of a part to the change log if all its rows are plain: they are in order already. */
export function appendPlainPeople(executor: Executor, people: PlainPeople): Promise<Recorded> {
  const { organizationId, sourceNumber: source } = people.context;
  const { actor, id: importId } = people.run;
  return appendChanges(executor, organizationId, { actor, importId, source }, plainPeopleEntries(people));
}

/** The entries of `appendPlainPeople`. */
export const plainPeopleEntries = (people: PlainPeople): AppendedEntries => ({
  entries: sql`
    select first_row - ${literal(people.rows.firstRow - 1)} as number, 'user' as type, action, person::text as id,
      database_id, username, changed, memberships
    from (${plainEntries(people)}) plain`,
  count: sql`select ${literal(people.rows.plain)} as count`,
});
