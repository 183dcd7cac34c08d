import { raw } from "sql-template-tag";
import { companionColumns } from "../../../person/columns.ts";
import { type Scalar, scalarFields } from "../../../person/fields.ts";
import type { ImportContext } from "../../setup/context.ts";
import { failPeople } from "../match/fail-people.ts";
import { hasFailed, items } from "../stage/tables.ts";
import { isProtected } from "./protection.ts";

/**
 * What the file says about each person: rows of one person become one (file formats, section 4: the last non-blank
 * scalar wins, lists are united). Then those who cannot be added are taken out.
 */
export function peopleStatements(c: ImportContext): string[] {
  return [
    peopleOfOneRow(c),
    peopleOfSeveralRows(c),
    "delete from people where is_new and only_removes",
    requiredMissing(c),
    dropFailed,
    ...(c.knowsNobody ? [] : [sparesProtected(c)]),
    "analyze people (person, first_row, is_new, applies, username_normalized, location_normalized)",
  ];
}

/** Takes people out of the plan whose rows failed. */
export const dropFailed = `
  with failed as (
    delete from row_persons using row_issues
    where row_issues.row = row_persons.row and row_issues.failure
    returning row_persons.person
  )
  delete from people using failed where people.person = failed.person`;

/**
 * The groups of a person become those of the file only if all that the file says of them could be read: a row that failed
 * takes nobody's memberships away (file formats, section 4).
 */
export const keepGroupsOfFailedRows = `
  with failed as materialized (
    select s.database_id, s.username_normalized, s.email_normalized from staged_rows s
    where ${hasFailed}
  )
  update people set groups_replaced = false
  where groups_replaced and (
    database_id in (select database_id from failed)
    or username_normalized in (select username_normalized from failed)
    or email_normalized in (select email_normalized from failed))`;

/**
 * Takes out of what the file says whatever would take something away from known people. Their rows keep no digest: they
 * have more to say.
 */
export const takeNothingAway = `
  update people set emails_replaced = false, phones_replaced = false, groups_replaced = false, leave_all = false, digest = null
  where not is_new`;

const companions = companionColumns.map(({ name }) => name);
const columns = `person, first_row, is_new, replaces, database_id, ${scalarFields.map(({ column }) => column).join(", ")},
  ${companions.join(", ")}, email, email_normalized, location_normalized, emails_replaced, phones_replaced, delete_person,
  applies, leave_all, groups_replaced, only_removes, names_group, digest, value_rows`;

/** SQL of a staged value as it is in `people`: lists are joined in `staged_rows`. */
const unstaged = ({ kind }: Scalar, value: string) => (kind === "texts" ? items(value) : value);

/** SQL: whether a row's data replace what its source brought (file formats, section 5). */
const replaces = (c: ImportContext, hasDatabaseId: string) =>
  c.rules.replacesWithoutDatabaseId ? "true" : `(${hasDatabaseId})`;

const peopleOfOneRow = (c: ImportContext) => `
  insert into people (${columns})
  select r.person, s.row, r.person > ${c.lastUserId.text}, ${replaces(c, "s.database_id is not null")}, s.database_id,
    ${scalarFields.map((field) => unstaged(field, `s.${field.column}`)).join(", ")},
    ${companions.map((column) => `s.${column}`).join(", ")}, s.email, s.email_normalized, s.location_normalized,
    ${replaces(c, "s.database_id is not null")} and s.emails is not null and not s.emails_incomplete,
    ${replaces(c, "s.database_id is not null")} and s.phones is not null and not s.phones_incomplete,
    s.delete_person, not s.delete_person, s.leave_all, ${c.rules.replacesGroups} and s.groups_given and not s.only_removes,
    s.only_removes, s.names_group,
    case when s.issues is null then s.digest end, null
  from row_persons r join staged_rows s on s.row = r.row
  where not r.same and not exists (select from merged_persons m where m.person = r.person)`;

const lastNotBlank = (column: string) => `
  coalesce((array_agg(s.${column} order by s.row desc) filter (where s.${column} <> ''))[1],
    case when bool_or(s.${column} = '') then '' end)`;
const last = (column: string) =>
  `(array_agg(s.${column} order by s.row desc) filter (where s.${column} is not null))[1]`;

/** SQL of what several rows say together about a single value: what the last one says that says it. */
function saidLast(field: Scalar): string {
  const { kind, column } = field;
  if (kind === "flag") return `bool_or(s.${column})`;
  return unstaged(field, kind === "identifier" ? last(column) : lastNotBlank(column));
}

/** SQL: true when a row says a single value, and more than a blank. */
const isSaid = ({ kind, column }: Scalar) => (kind === "flag" ? `s.${column}` : `s.${column} <> ''`);

/** The row that says the value of each field. */
const valueRows = [
  ...scalarFields.map((field) => `'${field.feed}', max(s.row) filter (where ${isSaid(field)})`),
  "'email', max(s.row) filter (where s.email is not null)",
  "'leaveAll', min(s.row) filter (where s.leave_all)",
].join(", ");

const peopleOfSeveralRows = (c: ImportContext) => `
  insert into people (${columns})
  select person, min(s.row), person > ${c.lastUserId.text}, ${replaces(c, "bool_or(s.database_id is not null)")}, min(s.database_id),
    ${scalarFields.map(saidLast).join(", ")}, ${[...companions, "email", "email_normalized"].map(last).join(", ")},
    ${lastNotBlank("location_normalized")},
    ${replaces(c, "bool_or(s.database_id is not null)")} and bool_or(s.emails is not null) and not bool_or(s.emails_incomplete),
    ${replaces(c, "bool_or(s.database_id is not null)")} and bool_or(s.phones is not null) and not bool_or(s.phones_incomplete),
    bool_and(s.delete_person), not bool_and(s.delete_person), bool_or(s.leave_all),
    ${c.rules.replacesGroups} and bool_or(s.groups_given and not s.only_removes), bool_and(s.only_removes), bool_or(s.names_group), null,
    jsonb_build_object(${valueRows})
  from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row
  group by person`;

/** Codes do not remove self-registered people until a feed brings their data (file formats, sections 3 and 5). */
const sparesProtected = (c: ImportContext) => `
  update people set applies = false
  from users u
  where u.organization_id = ${c.organizationId} and u.id = people.person and people.only_removes and ${isProtected("u.claims")}`;

/** A new person needs a name, an e-mail and a group (file formats, section 1). */
const requiredMissing = (c: ImportContext) => {
  const group = c.settings.requireGroup
    ? `when not names_group and not exists (
         select from groups where organization_id = ${c.organizationId}
           and (is_default or group_id = 'ALL' or name = 'ALL')) then 'groupID'`
    : "";
  const email = c.settings.requireEmail ? "when email is null then 'email'" : "";
  return `
    with missing as materialized (
      select person,
        case when coalesce(first_name, '') = '' and coalesce(last_name, '') = '' then 'firstName' ${email} ${group} end as field
      from people where is_new
    )
    ${
      failPeople(
        "required_missing",
        raw("failing.details ->> 'field'"),
        raw("select person, jsonb_build_object('field', field) as details from missing where field is not null"),
      ).text
    }`;
};
