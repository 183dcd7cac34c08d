import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { appendStatement, type Origin, type Recorded, recordedRow } from "../changes/record.ts";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { identifiersOfPeople } from "./user-changes.ts";

/**
 * Common table expressions that change memberships. The last one, `changed`, has a row for each membership that begins,
 * ends or gets another role, with the columns user_id, group_id, role_from and role_to. A role is null where there is no
 * membership.
 */
export type MembershipExpressions = readonly Sql[];

/** The outcome of a change of memberships. The log gave out one number a person. */
export interface ChangedMemberships extends Recorded {
  /** The number of memberships that changed; `count` is the number of people. */
  readonly memberships: number;
}

const changedMembershipsRow = recordedRow.extend({ memberships: z.int() });

/**
 * Changes memberships, however many, in one statement. The versions of the people concerned are incremented, so that
 * imports look at their rows again. The change log gets one change a person, in the order of their ids. The caller holds
 * the organization's lock.
 */
export async function changeMemberships(
  executor: Executor,
  organizationId: number,
  expressions: MembershipExpressions,
  origin: Origin,
  at: Date,
): Promise<ChangedMemberships> {
  const statement = prepared(membershipStatement(organizationId, expressions, origin, at));
  return (await selectRow(executor, changedMembershipsRow, statement)) ?? { count: 0, memberships: 0 };
}

/** The statement of `changeMemberships`. */
export const membershipStatement = (
  organizationId: number,
  expressions: MembershipExpressions,
  origin: Origin,
  at: Date,
): Sql =>
  appendStatement(organizationId, origin, {
    with: [
      ...expressions,
      sql`person as materialized (
        select user_id, row_number() over (order by user_id) as number, json_agg(json_build_object(
            'groupId', group_id, 'role', json_build_object('from', role_from, 'to', role_to)) order by group_id) as memberships
        from changed group by user_id
      )`,
      sql`counted_up as (
        update users set version = version + 1, updated_at = ${at},
          last_import_id = coalesce(${origin.importId ?? null}, last_import_id)
        from person where users.organization_id = ${organizationId} and users.id = person.user_id
      )`,
      identifiersOfPeople(organizationId),
    ],
    entries: sql`
      select person.number, 'user' as type, 'updated' as action, person.user_id::text as id, identifier.database_id,
        users.username, '{}'::json as changed, person.memberships
      from person join users on users.organization_id = ${organizationId} and users.id = person.user_id
      left join identifier on identifier.user_id = person.user_id`,
    count: sql`select count(*) as count, (select count(*) from changed) as memberships from person`,
    returning: sql`counted.memberships::integer as memberships`,
  });
