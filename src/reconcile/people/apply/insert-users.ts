import { manual } from "../../../directory/claims.ts";
import { companionColumns } from "../../../person/columns.ts";
import { type Scalar, scalarFields } from "../../../person/fields.ts";
import { kindOf } from "../../../person/kinds.ts";
import type { ImportContext } from "../../setup/context.ts";
import { ownerColumns, values } from "../plan/scalars.ts";
import { returningClaims, returningVersion } from "./returns.ts";

/** SQL of the value of a new person `f`, as it is stored. */
const sentValue = ({ kind, column }: Scalar) => (kind === "location" ? `f.known_${column}` : `f.${column}`);
const storedValue = (scalar: Scalar) => {
  const { blankSql } = kindOf(scalar);
  return blankSql === "null" ? sentValue(scalar) : `coalesce(${sentValue(scalar)}, ${blankSql})`;
};

/** SQL: true when a new person `f` is given a value. */
const isGiven = (scalar: Scalar) => {
  const { blankSql } = kindOf(scalar);
  return blankSql === "null" ? `${sentValue(scalar)} is not null` : `${sentValue(scalar)} <> ${blankSql}`;
};

/** Columns of what new people are given, and the condition on which they are. What is given belongs to this source. */
const given: readonly (readonly [column: string, isGiven: string])[] = [
  ...scalarFields.map((scalar) => [scalar.column, isGiven(scalar)] as const),
  ["email", "f.email is not null"],
];

/** Adds new people's scalars. Those of people who return keep what was entered by hand. Parameters: $1 import, $2 time. */
export const insertUsers = (c: ImportContext, hasReturns: boolean): string =>
  `${insertUsersOf(
    c,
    `(select p.*, l.name as known_location
      from people p left join known_locations l on l.name_normalized = p.location_normalized
      where p.is_new)`,
    hasReturns,
  )} order by f.person`;

/**
 * The same for any select of people, with the columns of the table people and `known_location`, the location as it is
 * stored; null for none.
 */
export const insertUsersOf = (c: ImportContext, people: string, hasReturns = false): string => `
  insert into users (organization_id, id, ${values.join(", ")}, ${ownerColumns.join(", ")}, claims, version, last_import_id, created_at, updated_at)
  select ${c.organizationId}, f.person, ${scalarFields.map(storedValue).join(", ")},
    ${[...companionColumns.map(({ name }) => name), "email", "email_normalized"].map((column) => `f.${column}`).join(", ")},
    ${given
      .map(([column, isGiven]) =>
        hasReturns
          ? `case when '${column}' = any(f.by_hand) then ${manual} when ${isGiven} then ${c.source.text} end`
          : `case when ${isGiven} then ${c.source.text} end`,
      )
      .join(", ")},
    ${hasReturns ? returningClaims(c) : c.claim.text}, ${hasReturns ? returningVersion(c) : "1"}, $1, $2, $2
  from ${people} f`;
