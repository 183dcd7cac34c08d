import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import { manual } from "../../../directory/claims.ts";
import { companionColumns, ownerColumns, valueColumns } from "../../../person/columns.ts";
import { type Scalar, scalarFields } from "../../../person/fields.ts";
import { kindOf } from "../../../person/kinds.ts";
import { constant, identifier, identifiers, literal } from "../../../store/sql.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { returningClaims, returningVersion } from "./returning-people.ts";

/**
 * Adds the people of the plan who are new.
 * @param hasReturns some of them were deleted before; they keep what was entered by hand
 */
export const insertNewPeople = (c: ImportContext, run: ImportRun, hasReturns: boolean): Sql => sql`
  ${insertPeople(c, run, plannedPeople, hasReturns)} order by f.person`;

const plannedPeople = sql`
  select p.*, l.name as known_location
  from people p left join known_locations l on l.name_normalized = p.location_normalized
  where p.is_new`;

/** Columns of users that new people get values in, in the order of `insertedValues`. */
const insertedColumns = [
  ...[...valueColumns, ...companionColumns].map(({ name }) => name),
  "email",
  "email_normalized",
  ...ownerColumns.map(({ name }) => name),
  "email_owner",
];

/**
 * Adds selected people. Every value that is not blank belongs to the import's source.
 * @param people select with the columns of the table people, and `known_location`: the location's stored name, or null
 * @param hasReturns some of them were deleted before
 */
export const insertPeople = (c: ImportContext, run: ImportRun, people: Sql, hasReturns = false): Sql => sql`
  insert into users
    (organization_id, id, ${identifiers(insertedColumns)}, claims, version, last_import_id, created_at, updated_at)
  select ${c.organization}, f.person, ${insertedValues}, ${insertedOwners(c, hasReturns)},
    ${hasReturns ? returningClaims(c) : c.claim}, ${hasReturns ? returningVersion(c) : literal(1)},
    ${run.id}::uuid, ${run.at}::timestamptz, ${run.at}::timestamptz
  from (${people}) f`;

/** SQL: the value of a new person `f` that the file sent. */
const sentValue = ({ kind, column }: Scalar) => sql`f.${identifier(kind === "location" ? `known_${column}` : column)}`;

const storedValue = (field: Scalar) => {
  const { blankSql } = kindOf(field);
  return blankSql === "null" ? sentValue(field) : sql`coalesce(${sentValue(field)}, ${raw(blankSql)})`;
};

const insertedValues = join([
  ...scalarFields.map(storedValue),
  ...companionColumns.map(({ name }) => sql`f.${identifier(name)}`),
  sql`f.email`,
  sql`f.email_normalized`,
]);

/** SQL condition: a new person `f` gets a value. */
const isGiven = (field: Scalar) => {
  const { blankSql } = kindOf(field);
  return blankSql === "null" ? sql`${sentValue(field)} is not null` : sql`${sentValue(field)} <> ${raw(blankSql)}`;
};

/** Columns of values that have an owner, and the condition on which they get one. */
const ownedValues: readonly (readonly [column: string, isGiven: Sql])[] = [
  ...scalarFields.map((field) => [field.column, isGiven(field)] as const),
  ["email", sql`f.email is not null`],
];

const insertedOwners = ({ source }: ImportContext, hasReturns: boolean) =>
  join(
    ownedValues.map(([column, isGiven]) => {
      const byHand = hasReturns ? sql`when ${constant(column)} = any(f.by_hand) then ${literal(manual)}` : empty;
      return sql`case ${byHand} when ${isGiven} then ${source} end`;
    }),
  );
