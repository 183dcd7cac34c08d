import { manual } from "../../../directory/claims.ts";
import type { ImportContext } from "../../setup/context.ts";
import { ownerColumns, values } from "../plan/scalars.ts";
import { returningClaims, returningVersion } from "./returns.ts";

/** What new people are given, and when that is said: every value that isn't blank is this source's. */
const given: Readonly<Record<string, string>> = {
  first_name: "f.first_name <> ''",
  last_name: "f.last_name <> ''",
  username: "f.username is not null",
  address: "f.address <> ''",
  custom_fields: "f.custom_fields <> '{}'",
  location: "f.known_location is not null",
  show_all_groups: "f.show_all_groups",
  email: "f.email is not null",
};

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
  select ${c.organizationId}, f.person, coalesce(f.first_name, ''), coalesce(f.last_name, ''), f.username, f.username_normalized,
    coalesce(f.address, ''), coalesce(f.custom_fields, '{}'), f.known_location, coalesce(f.show_all_groups, false), f.email,
    f.email_normalized,
    ${Object.entries(given)
      .map(([column, isGiven]) =>
        hasReturns
          ? `case when '${column}' = any(f.by_hand) then ${manual} when ${isGiven} then ${c.source.text} end`
          : `case when ${isGiven} then ${c.source.text} end`,
      )
      .join(", ")},
    ${hasReturns ? returningClaims(c) : c.claim.text}, ${hasReturns ? returningVersion(c) : "1"}, $1, $2, $2
  from ${people} f`;
