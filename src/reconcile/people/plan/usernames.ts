import { raw } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";
import { failPeople } from "../match/fail-people.ts";
import { newUsername } from "./scalars.ts";

/**
 * Fails the people who want a userID that somebody else keeps, or that several of the file newly want
 * (file formats, section 4). Whoever fails keeps the old userID, which may fail others: the caller repeats this until it
 * fails nobody. A userID that its holder gives up in the same file is free: two people may swap.
 * @param settle count every stored holder as keeping, so that this is the last round
 */
export const failContestedUsernames = (c: ImportContext, settle: boolean): string =>
  c.knowsNobody ? wantedTwice : contestedUsernames(c, settle);

/** Where nobody is known, nobody keeps one. */
const wantedTwice = failPeople(
  "username_taken",
  raw("'userID'"),
  raw(`select person, jsonb_build_object('username', username, 'holder', '') as details
   from people
   where is_new and username_normalized in (
     select username_normalized from people where is_new group by username_normalized having count(*) > 1)`),
).text;

const contestedUsernames = (c: ImportContext, settle: boolean) => `
  with wants as materialized (
    select person, username, username_normalized as wanted from people where is_new and username_normalized is not null
    union all
    select f.person, f.username, after.wanted
    from people f
    join users u on u.organization_id = ${c.organizationId} and u.id = f.person
    cross join lateral (select ${newUsername(c)} as wanted offset 0) after
    where not f.is_new and f.applies and after.wanted is distinct from u.username_normalized
  ), contested as (
    select wants.person, jsonb_build_object('username', wants.username, 'holder', coalesce(
      (select 'databaseID ' || us.database_id from user_sources us where us.organization_id = ${c.organizationId}
         and us.source = ${c.source.text} and us.user_id = u.id),
      concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, '')))) as details
    from wants
    join users u on u.organization_id = ${c.organizationId} and u.username_normalized = wants.wanted and u.id <> wants.person
    ${
      settle
        ? ""
        : `where not exists (select from wants leaving where leaving.person = u.id)
           and not exists (select from planned_deletions gone where gone.person = u.id)`
    }
    union all
    select person, jsonb_build_object('username', username, 'holder', '')
    from wants where wanted in (select wanted from wants group by wanted having count(*) > 1)
  )
  ${
    failPeople(
      "username_taken",
      raw("'userID'"),
      raw("select distinct on (person) person, details from contested order by person, details ->> 'holder' desc"),
    ).text
  }`;
