import sql, { join, type Sql } from "sql-template-tag";
import { z } from "zod";
import { literal, selectRow, selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { GroupLoss, LocationLoss } from "../../guard/figures.ts";
import type { ImportContext } from "../../setup/context.ts";
import { endsAddedPerson, restoresRole, restoresValue } from "./earlier-changes.ts";

const groupLossRow = z.object({
  groupId: z.string(),
  members: z.int(),
  lost: z.int(),
  isProtected: z.boolean(),
  guardPercent: z.int().nullable(),
});

/** Groups that are worth a look. */
interface ConcernedGroups {
  /** Sizes of groups from which a limit judges them, with the limit's percentage. */
  readonly sizes: readonly { readonly from: number; readonly percent: number }[];
}

export const groupLossesStatement = (c: ImportContext, { sizes }: ConcernedGroups): Sql => sql`
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
    and (${join([sql`false`, ...sizes.map(({ from, percent }) => sql`lost.lost * 100 > ${literal(from * percent)}`)], " or ")} or g.category = 12 or g.is_protected or g.guard_percent is not null)
  cross join lateral (
    select count(*) as count from memberships m where m.organization_id = ${c.organization} and m.group_id = lost.group_id) members
  where g.category = 12 or g.is_protected or g.guard_percent is not null or ${join(
    [
      sql`false`,
      ...sizes.map(
        ({ from, percent }) =>
          sql`members.count >= ${literal(from)} and lost.lost * 100 > ${literal(percent)} * members.count`,
      ),
    ],
    " or ",
  )}
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

const locationLossRow = z.object({ name: z.string(), people: z.int(), lost: z.int(), deleted: z.int() });

export const locationLossesStatement = (c: ImportContext): Sql => sql`
  with leaving as (
    select u.location, true as deleted from planned_deletions gone
    join users u on u.organization_id = ${c.organization} and u.id = gone.person
    where u.location is not null and not ${endsAddedPerson(sql`gone.person`)}
    union all
    select u.location, false from planned_scalars s
    join users u on u.organization_id = ${c.organization} and u.id = s.person
    where u.location is not null and s.location is distinct from u.location
      and not ${restoresValue(sql`s.person`, "location", sql`s.location`)}
  ), lost as materialized (
    select location, count(*)::integer as lost, (count(*) filter (where deleted))::integer as deleted
    from leaving group by location
  )
  select lost.location as name, people.count::integer as people, lost.lost, lost.deleted
  from lost join (
    select location, count(*) as count from users
    where organization_id = ${c.organization} and location in (select location from lost) group by location
  ) people on people.location = lost.location
  order by lost.lost desc, lost.location`;

/** Reads the locations that lose people, the largest loss first. */
export function readLocationLosses(executor: Executor, context: ImportContext): Promise<LocationLoss[]> {
  return selectRows(executor, locationLossRow, locationLossesStatement(context));
}
