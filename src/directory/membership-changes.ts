import { appendStatement, type Origin, type Recorded } from "../changes/record.ts";
import type { Executor } from "../store/database.ts";
import { identifiersOfPeople } from "./user-changes.ts";

/** What is done to memberships. */
export interface MembershipChange {
  /**
   * Common table expressions that do it. The last one, `changed`, has a row for each membership that begins, ends or gets
   * another role, with the columns user_id, group_id, role_from and role_to; null stands for no membership. Parameters:
   * $1 organization, $5 time, `values` from $6 on.
   */
  readonly expressions: string;
  readonly values: readonly unknown[];
}

/** What was done to memberships, and the numbers that the log gave out: one a person. */
export interface ChangedMemberships extends Recorded {
  /** How many memberships changed; `count` says of how many people. */
  readonly memberships: number;
}

/**
 * Changes memberships, however many, in one statement: the people whose they are count up, so that imports look at their
 * rows again, and the change log gets one change a person, in the order of their ids. The caller holds the organization's
 * lock.
 */
export async function changeMemberships(
  executor: Executor,
  organizationId: number,
  { expressions, values }: MembershipChange,
  origin: Origin,
  at: Date,
): Promise<ChangedMemberships> {
  const { rows } = await executor.query<ChangedMemberships & Record<string, unknown>>(
    appendStatement({
      with: `
        ${expressions}, person as materialized (
          select user_id, row_number() over (order by user_id) as number, json_agg(json_build_object(
              'groupId', group_id, 'role', json_build_object('from', role_from, 'to', role_to)) order by group_id) as memberships
          from changed group by user_id
        ), counted_up as (
          update users set version = version + 1, updated_at = $5, last_import_id = coalesce($3, last_import_id)
          from person where users.organization_id = $1 and users.id = person.user_id
        ), ${identifiersOfPeople},`,
      entries: `
        select person.number, 'user' as type, 'updated' as action, person.user_id::text as id, identifier.database_id,
          users.username, '{}'::json as changed, person.memberships
        from person join users on users.organization_id = $1 and users.id = person.user_id
        left join identifier on identifier.user_id = person.user_id`,
      count: "select count(*) as count, (select count(*) from changed) as memberships from person",
      returning: "counted.memberships::integer as memberships",
    }),
    [organizationId, origin.actor, origin.importId ?? null, origin.source ?? null, at, ...values],
  );
  return rows[0] ?? { count: 0, memberships: 0 };
}
