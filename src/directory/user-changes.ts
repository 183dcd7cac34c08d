import sql, { type Sql } from "sql-template-tag";
import type { ChangeEntry } from "../changes/record.ts";
import { type PersonProperty, personFields } from "../person/fields.ts";
import { changedProperties } from "./changed-properties.ts";
import type { UserDocument } from "./user-schema.ts";

/** The properties of a person whose changes the log tells one by one. It tells memberships group by group. */
export const recordedProperties: readonly (PersonProperty | "origins")[] = [
  ...personFields.map(({ property }) => property).filter((property) => property !== "memberships"),
  "origins",
];

/** Compares a person before and after a change, as the change log tells it; null if the person did not or does not exist. */
export function compareUsers(
  before: UserDocument | null,
  after: UserDocument | null,
): Required<Pick<ChangeEntry, "changed" | "memberships">> {
  return {
    changed: changedProperties(before, after, recordedProperties),
    memberships: compareMemberships(before, after),
  };
}

function compareMemberships(
  before: UserDocument | null,
  after: UserDocument | null,
): NonNullable<ChangeEntry["memberships"]> {
  const roles = (user: UserDocument | null) => new Map(user?.memberships.map(({ groupId, role }) => [groupId, role]));
  const from = roles(before);
  const to = roles(after);
  return [...new Set([...from.keys(), ...to.keys()])]
    .map((groupId) => ({ groupId, role: { from: from.get(groupId) ?? null, to: to.get(groupId) ?? null } }))
    .filter(({ role }) => role.from !== role.to);
}

/**
 * A common table expression `identifier` of the people in `person` (column user_id). It has the databaseID by which the
 * source of the highest rank knows somebody. People whom no source knows by one are left out.
 */
export const identifiersOfPeople = (organizationId: number): Sql => sql`
  identifier as materialized (
    select distinct on (person.user_id) person.user_id, user_sources.database_id
    from person cross join sources
    join user_sources on user_sources.organization_id = ${organizationId} and user_sources.source = sources.number
      and user_sources.user_id = person.user_id
    where sources.organization_id = ${organizationId} and user_sources.database_id is not null
    order by person.user_id, sources.rank, sources.number
  )`;
