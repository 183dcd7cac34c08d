import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import { companionColumns } from "../../../person/columns.ts";
import { type Scalar, scalarFields } from "../../../person/fields.ts";
import { identifier, identifiers, literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { failPeople } from "../match/fail-people.ts";
import { items } from "../stage/lists.ts";
import { hasFailed } from "../stage/row-issues.ts";
import { joinsEverybody } from "./group-styles.ts";

/**
 * Fills `people` with what the file says about each person. Rows of one person become one: lists are united, and of other
 * values the last that is not blank wins (file formats, section 4.4). People who cannot be added are then taken out.
 */
export const listPeople = (c: ImportContext): Sql[] => [
  peopleOfOneRow(c),
  peopleOfSeveralRows(c),
  sql`delete from people where is_new and only_removes`,
  failIncompletePeople(c),
  dropFailedPeople,
  sql`analyze people (person, first_row, is_new, applies, username_normalized, location_normalized)`,
];

/** Takes people out of the plan whose rows failed. */
export const dropFailedPeople: Sql = sql`
  with failed as (
    delete from row_persons using row_issues
    where row_issues.row = row_persons.row and row_issues.failure
    returning row_persons.person
  )
  delete from people using failed where people.person = failed.person`;

/** Keeps the groups of people of whom a row failed: that row might have named more groups (file formats, section 5.1). */
export const keepGroupsOfFailedRows: Sql = sql`
  with failed as materialized (
    select s.database_id, s.username_normalized, s.email_normalized from staged_rows s
    where ${hasFailed}
  )
  update people set groups_replaced = false
  where groups_replaced and (
    database_id in (select database_id from failed)
    or username_normalized in (select username_normalized from failed)
    or email_normalized in (select email_normalized from failed))`;

/** Has the file withdraw nothing from known people. Their rows keep no digest, because the removals are still to come. */
export const takeNothingAway: Sql = sql`
  update people set emails_replaced = false, phones_replaced = false, groups_replaced = false, leave_all = false, digest = null, byte_digest = null
  where not is_new`;

const companions = companionColumns.map(({ name }) => name);
const columns = sql`person, first_row, is_new, replaces, database_id, ${identifiers(scalarFields.map(({ column }) => column))},
  ${identifiers(companions)}, email, email_normalized, location_normalized, emails_replaced, phones_replaced, delete_person,
  applies, leave_all, groups_replaced, only_removes, names_group, digest, byte_digest, value_rows`;

/** Columns that say something of a person, but for the groups that they join. */
const comparedColumns = [
  ...scalarFields.map(({ column }) => column),
  ...companions,
  "database_id",
  "email",
  "email_normalized",
  "location_normalized",
  "emails",
  "phones",
  "leaves",
  "emails_incomplete",
  "phones_incomplete",
  "groups_given",
  "delete_person",
  "leave_all",
];

/** SQL: a column of the staged row. */
const staged = (column: string) => sql`s.${identifier(column)}`;

/** SQL: a staged value in the form of `people`, where lists are arrays. */
const unstaged = ({ kind }: Scalar, value: Sql) => (kind === "texts" ? items(value) : value);

/** SQL condition: the person's rows replace the values that their source brought (file formats, section 5.1). */
const replaces = ({ rules }: ImportContext, hasDatabaseId: Sql) =>
  rules.replacesWithoutDatabaseId ? sql`true` : sql`(${hasDatabaseId})`;

/** SQL condition: the row orders to remove no address and no phone. Such orders count each time that they come. */
const ordersNothing = sql`(s.email_removals is null and s.phone_removals is null)`;

function peopleOfOneRow(c: ImportContext): Sql {
  const replacing = replaces(c, sql`s.database_id is not null`);
  return sql`
    insert into people (${columns})
    select r.person, s.row, r.person > ${c.lastUserId}, ${replacing}, s.database_id,
      ${join(scalarFields.map((field) => unstaged(field, staged(field.column))))},
      ${join(companions.map(staged))}, s.email, s.email_normalized, s.location_normalized,
      ${replacing} and s.emails is not null and not s.emails_incomplete,
      ${replacing} and s.phones is not null and not s.phones_incomplete,
      s.delete_person, not s.only_removes, s.leave_all,
      ${literal(c.rules.replacesGroups)} and s.groups_given and not s.only_removes and not s.groups_incomplete, s.only_removes, s.names_group,
      case when ${ordersNothing} then s.digest end, case when ${ordersNothing} then s.byte_digest end, null
    from row_persons r join staged_rows s on s.row = r.row
    where not r.same and not exists (select from merged_persons m where m.person = r.person)`;
}

/** SQL: the last value of several rows that is not blank; a blank one if there is no other; null if no row has the field. */
const lastNotBlank = (column: string) => sql`
  coalesce((array_agg(${staged(column)} order by s.row desc) filter (where s.says and ${staged(column)} <> ''))[1],
    case when bool_or(s.says and ${staged(column)} = '') then '' end)`;

/** SQL: the last value of several rows; null if no row has one. */
const last = (column: string) =>
  sql`(array_agg(${staged(column)} order by s.row desc) filter (where s.says and ${staged(column)} is not null))[1]`;

/** SQL: the value that several rows together say. */
function lastSaid(field: Scalar): Sql {
  const { kind, column } = field;
  if (kind === "flag") return sql`bool_or(${staged(column)}) filter (where s.says)`;
  return unstaged(field, kind === "identifier" ? last(column) : lastNotBlank(column));
}

/** SQL condition: a row says the value, and more than a blank. */
const isSaid = ({ kind, column }: Scalar) => (kind === "flag" ? staged(column) : sql`${staged(column)} <> ''`);

/** SQL: for each field the row that says its value, as members of a JSON object. */
const valueRows = join([
  ...scalarFields.map((field) => sql`'${raw(field.feed)}', max(s.row) filter (where s.says and ${isSaid(field)})`),
  sql`'email', max(s.row) filter (where s.says and s.email is not null)`,
  sql`'leaveAll', min(s.row) filter (where s.leave_all)`,
]);

/**
 * SQL relation: the rows `s` of people with several rows. A row that only removes says nothing of the person's values,
 * unless all of the person's rows only remove: then they still say who it is.
 */
const mergedRows = sql`(
  select person, s.*, not s.only_removes or bool_and(s.only_removes) over (partition by person) as says
  from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row) s`;

/** A person of more rows keeps no digest. */
const mostDigests = literal(64);

/** SQL: a hash of all that a row says, but for the groups that it joins: uniting them takes no order. */
const saidBesideGroups = sql`hash_record_extended(row(${identifiers(comparedColumns)}), 0)`;

/**
 * SQL: the digests of several rows, in order; null if it depends on the order of the rows what they say together, or if
 * anything was reported for one.
 */
const digestsOf = (column: "digest" | "byte_digest") => sql`
  case when min(${saidBesideGroups}) = max(${saidBesideGroups}) and count(*) <= ${mostDigests} and count(s.issues) = 0 and bool_and(${ordersNothing})
      and count(${staged(column)}) = count(*)
    then string_agg(distinct ${staged(column)}, ''::bytea order by ${staged(column)}) end`;

function peopleOfSeveralRows(c: ImportContext): Sql {
  const replacing = replaces(c, sql`bool_or(s.says and s.database_id is not null)`);
  return sql`
    insert into people (${columns})
    select person, min(s.row), person > ${c.lastUserId}, ${replacing}, min(s.database_id),
      ${join(scalarFields.map(lastSaid))}, ${join([...companions, "email", "email_normalized"].map(last))},
      ${lastNotBlank("location_normalized")},
      ${replacing} and bool_or(s.says and s.emails is not null) and not bool_or(s.says and s.emails_incomplete),
      ${replacing} and bool_or(s.says and s.phones is not null) and not bool_or(s.says and s.phones_incomplete),
      bool_and(s.delete_person), not bool_and(s.only_removes), bool_or(s.leave_all),
      ${literal(c.rules.replacesGroups)} and bool_or(s.groups_given and not s.only_removes)
        and not bool_or(s.groups_incomplete), bool_and(s.only_removes),
      bool_or(s.names_group), ${digestsOf("digest")}, ${digestsOf("byte_digest")}, jsonb_build_object(${valueRows})
    from ${mergedRows}
    group by person`;
}

/** Fails new people without a name, an e-mail or a group (file formats, section 1.7). */
function failIncompletePeople(c: ImportContext): Sql {
  const noEmail = c.settings.requireEmail ? sql`when email is null then 'email'` : empty;
  const noGroup = c.settings.requireGroup
    ? sql`when not names_group and not exists (
        select from groups where organization_id = ${c.organization} and (${joinsEverybody})) then 'groupID'`
    : empty;
  const failures = failPeople(
    "required_missing",
    sql`failing.details ->> 'field'`,
    sql`select person, jsonb_build_object('field', field) as details from missing where field is not null`,
  );
  return sql`
    with missing as materialized (
      select person, case
        when coalesce(first_name, '') = '' and coalesce(last_name, '') = '' then 'firstName' ${noEmail} ${noGroup}
        end as field
      from people where is_new
    )
    ${failures}`;
}
