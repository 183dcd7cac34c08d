import sql, { empty, type Sql } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";
import { failPeople } from "../match/fail-people.ts";
import { newUsername } from "./scalars.ts";

/**
 * Fails the people who want a userID that somebody else keeps, or that several people of the file newly want
 * (file formats, section 4.3). People who fail keep their old userID, which may fail others: the caller repeats this until
 * it fails nobody. A userID that its holder gives up in the same file is free, so two people may swap.
 * @param isLastRound every stored holder counts as keeping the userID, so that no further round is needed
 */
export const failContestedUsernames = (c: ImportContext, isLastRound: boolean): Sql =>
  c.knowsNobody ? wantedTwice : contestedUsernames(c, isLastRound);

/** In an organization without people, only the file's own people can want the same userID. */
const wantedTwice = failPeople(
  "username_taken",
  sql`'userID'`,
  sql`select person, jsonb_build_object('username', username, 'holder', '') as details
   from people
   where is_new and username_normalized in (
     select username_normalized from people where is_new group by username_normalized having count(*) > 1)`,
);

const contestedUsernames = (c: ImportContext, isLastRound: boolean) => sql`
  with wants as materialized (
    select person, username, username_normalized as wanted from people where is_new and username_normalized is not null
    union all
    select f.person, f.username, after.wanted
    from people f
    join users u on u.organization_id = ${c.organization} and u.id = f.person
    cross join lateral (select ${newUsername(c)} as wanted offset 0) after
    where not f.is_new and f.applies and after.wanted is distinct from u.username_normalized
  ), contested as (
    select wants.person, jsonb_build_object('username', wants.username, 'holder', coalesce(
      (select 'databaseID ' || us.database_id from user_sources us where us.organization_id = ${c.organization}
         and us.source = ${c.source} and us.user_id = u.id),
      concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, '')))) as details
    from wants
    join users u on u.organization_id = ${c.organization} and u.username_normalized = wants.wanted and u.id <> wants.person
    ${isLastRound ? empty : exceptLeavers}
    union all
    select person, jsonb_build_object('username', username, 'holder', '')
    from wants where wanted in (select wanted from wants group by wanted having count(*) > 1)
  )
  ${failPeople(
    "username_taken",
    sql`'userID'`,
    sql`select distinct on (person) person, details from contested order by person, details ->> 'holder' desc`,
  )}`;

const exceptLeavers = sql`
  where not exists (select from wants leaving where leaving.person = u.id)
    and not exists (select from planned_deletions gone where gone.person = u.id)`;
