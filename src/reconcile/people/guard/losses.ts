import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import type { Executor } from "../../../store/database.ts";
import { literal, selectRow, selectRows } from "../../../store/sql.ts";
import type { GroupLoss } from "../../guard/figures.ts";
import type { ImportContext } from "../../setup/context.ts";
import { endsAddedPerson, restoresRole } from "./earlier-changes.ts";

const groupLossRow = z.object({
  groupId: z.string(),
  members: z.int(),
  lost: z.int(),
  isProtected: z.boolean(),
  guardPercent: z.int().nullable(),
});

/** Groups that are worth a look. */
interface ConcernedGroups {
  /** A group with so many members or more has a limit, whatever kind of group it is. */
  readonly fromMembers: number;
  /** Such a group must lose at least so many members. */
  readonly fromLost: number;
}

export const groupLossesStatement = (c: ImportContext, { fromMembers, fromLost }: ConcernedGroups): Sql => sql`
  with lost as (
    select group_id, count(*) as lost from (
      select group_id from planned_memberships p where role_from is not null and role_to is null
        and not ${restoresRole(sql`p.person`, sql`p.group_id`, sql`null`)}
      union all
      select m.group_id from planned_deletions gone join memberships m
        on m.organization_id = ${c.organization} and m.user_id = gone.person
      where not ${endsAddedPerson(sql`gone.person`)}) loss
    group by group_id
  )
  select lost.group_id as "groupId", members.count::integer as members, lost.lost::integer as lost,
    g.category = 12 or g.is_protected as "isProtected", g.guard_percent as "guardPercent"
  from lost join groups g on g.organization_id = ${c.organization} and g.group_id = lost.group_id
    and (lost.lost >= ${literal(fromLost)} or g.category = 12 or g.is_protected or g.guard_percent is not null)
  cross join lateral (
    select count(*) as count from memberships m where m.organization_id = ${c.organization} and m.group_id = lost.group_id) members
  where g.category = 12 or g.is_protected or g.guard_percent is not null or members.count >= ${literal(fromMembers)}
  order by lost.lost::real / greatest(members.count, 1) desc, lost.group_id`;

/** Reads the groups that lose members and that a limit could concern, the largest share first. */
export function readGroupLosses(
  executor: Executor,
  context: ImportContext,
  concerned: ConcernedGroups,
): Promise<GroupLoss[]> {
  return selectRows(executor, groupLossRow, groupLossesStatement(context, concerned));
}

const emptiedGroupRow = z.object({ groupId: z.string(), people: z.int() });

export const emptiedGroupStatement = (c: ImportContext): Sql => sql`
  with emptied as (
    select m.group_id, count(*) as people
    from planned_deletions gone
    join memberships m on m.organization_id = ${c.organization} and m.user_id = gone.person and m.claims & ${c.claim} <> 0
    where gone.first_row is null
    group by m.group_id order by count(*) desc limit 20
  )
  select group_id as "groupId", people::integer
  from emptied
  where people * 4 >= (select count(*) from planned_deletions)
    and not exists (
      select from memberships m
      where m.organization_id = ${c.organization} and m.group_id = emptied.group_id and m.claims & ${c.claim} <> 0
        and not exists (select from planned_deletions gone where gone.person = m.user_id))
    and not exists (select from file_joins j where j.group_id = emptied.group_id)
    and not exists (select from planned_memberships p where p.group_id = emptied.group_id and p.role_to is not null)
  order by people desc, group_id limit 1`;

/**
 * Finds the group that explains the removals: most of the removed people are in it, and none of its people of this source
 * stays. Returns null if there is no such group.
 */
export async function readEmptiedGroup(
  executor: Executor,
  context: ImportContext,
): Promise<z.infer<typeof emptiedGroupRow> | null> {
  return (await selectRow(executor, emptiedGroupRow, emptiedGroupStatement(context))) ?? null;
}
