import sql, { join, raw, type Sql } from "sql-template-tag";
import { z } from "zod";
import { selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { Figure, ValueFigure } from "../../guard/figures.ts";
import type { ImportContext } from "../../setup/context.ts";
import { manyPeople } from "../match/shared-emails.ts";
import { restoresEmail, restoresPhone, restoresRole, restoresValue } from "./earlier-changes.ts";
import { examplesOf } from "./examples.ts";

/** Select of the people who get an e-mail or a phone. */
export const gainingContacts: Sql = sql`
  select person from primary_emails
  union select person from planned_emails where action = 'add'
  union select person from planned_phones where action = 'add'`;

const lettersLostCodes = sql`'text_damaged', 'bytes_damaged', 'letters_lost'`;

/** Select of the people whose rows have text that lost letters. */
export const peopleOfLostLetters: Sql = sql`
  select distinct r.person from row_issues i join row_persons r on r.row = i.row where i.code in (${lettersLostCodes})`;

/** Select of the known people whom one identifier alone names, while the name and the e-mail differ. */
export const possiblyRecycled: Sql = sql`
  select r.person from row_issues i join row_persons r on r.row = i.row where i.code = 'person_recycled'`;

/** SQL condition: a name of the stored person `u` is not blank, and the plan `s` has another that it does not restore. */
const changes = (
  column: "first_name" | "last_name",
) => sql`(u.${raw(column)} <> '' and s.${raw(column)} <> u.${raw(column)}
  and not ${restoresValue(sql`s.person`, column === "first_name" ? "firstName" : "lastName", sql`s.${raw(column)}`)})`;

/** SQL: a person `u` of the source as readers know them. */
const shown = sql`concat_ws(' ', coalesce(us.database_id, u.username, u.email), nullif(u.first_name, ''), nullif(u.last_name, ''))`;

/** SQL: the stored people of this source, `u`, with their link `us`. @param person SQL: the person's id */
const ofSource = (c: ImportContext, person: Sql) => sql`
  join users u on u.organization_id = ${c.organization} and u.id = ${person} and u.claims & ${c.claim} <> 0
  left join user_sources us on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id`;

/**
 * SQL common table expression: people who may become somebody else by a recycled identifier. They include people whom
 * only other sources knew. A person who has the e-mail already was counted when the person got it.
 */
const recycled = (c: ImportContext) => sql`recycled as materialized (
    select p.person, ${shown} as shown, coalesce(nullif(p.first_name, ''), u.first_name) as first_name,
      coalesce(nullif(p.last_name, ''), u.last_name) as last_name
    from (${possiblyRecycled}) found join people p using (person)
    join users u on u.organization_id = ${c.organization} and u.id = p.person
    left join user_sources us on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id
    where not exists (select from user_emails e where e.organization_id = ${c.organization} and e.user_id = u.id
        and e.email_normalized = p.email_normalized)
      and not ${restoresValue(sql`p.person`, "firstName", sql`p.first_name`)}
      and not ${restoresValue(sql`p.person`, "lastName", sql`p.last_name`)})`;

/** SQL common table expression: people of the source whose names change. */
const names = (c: ImportContext) => sql`named as materialized (
    select s.person, ${shown} as shown, s.first_name, s.last_name,
      lower(s.first_name) = lower(u.last_name) and lower(s.last_name) = lower(u.first_name) as swapped,
      s.person in (select person from recycled) or ${changes("first_name")} and ${changes("last_name")}
        and coalesce(p.email_normalized <> u.email_normalized and p.username_normalized <> u.username_normalized
          or p.email_normalized <> u.email_normalized and (p.username_normalized is null or u.username_normalized is null)
          or p.username_normalized <> u.username_normalized and (p.email_normalized is null or u.email_normalized is null), false)
        and not exists (select from user_emails e where e.organization_id = ${c.organization} and e.user_id = u.id
          and e.email_normalized = p.email_normalized) as replaced
    from planned_scalars s join people p on p.person = s.person ${ofSource(c, sql`s.person`)}
    where ${changes("first_name")} or ${changes("last_name")})`;

/** SQL common table expression: e-mails and phones that people of the source get, and that another of them had. */
const contacts = (c: ImportContext) => sql`gained as materialized (
    select person, email_normalized as contact, 'email' as kind from primary_emails e
    where not ${restoresEmail(sql`e.person`, sql`e.email`)}
    union select person, email_normalized, 'email' from planned_emails e
    where action = 'add' and not ${restoresEmail(sql`e.person`, sql`e.email`)}
    union select person, number, 'phone' from planned_phones h
    where action = 'add' and not ${restoresPhone(sql`h.person`, sql`h.number`)}
  ), owned as (
    select gained.person, contact from gained join users o on kind = 'email' and o.organization_id = ${c.organization}
      and o.email_normalized = contact and o.id <> gained.person and o.claims & ${c.claim} <> 0
    union
    select gained.person, contact from gained join user_emails o on kind = 'email' and o.organization_id = ${c.organization}
      and o.email_normalized = contact and o.user_id <> gained.person and o.claims & ${c.claim} <> 0
    union
    select gained.person, contact from gained join user_phones o on kind = 'phone' and o.organization_id = ${c.organization}
      and o.number = contact and o.user_id <> gained.person and o.claims & ${c.claim} <> 0
  ), taken as materialized (
    select owned.person, min(owned.contact) as contact, min(${shown}) as shown
    from owned ${ofSource(c, sql`owned.person`)} group by owned.person)`;

/**
 * SQL common table expression: people of the source who get an e-mail or a phone that many of them get. A phone is one only
 * if more than half get it, because the people of an office share one.
 */
const sharedContacts = (c: ImportContext) => sql`gaining as materialized (
    select gained.*, ${shown} as shown from gained ${ofSource(c, sql`gained.person`)}
  ), given as materialized (
    select kind, contact from gaining group by kind, contact
    having kind = 'email' and count(*) > ${manyPeople} or count(*) * 2 > (
      select count(*) from users where organization_id = ${c.organization} and claims & ${c.claim} <> 0)
  ), shared as materialized (
    select person, min(contact) as contact, min(shown) as shown from gaining join given using (kind, contact) group by person)`;

/** SQL common table expression: people who get a role above member that they have in no group. */
const roles = (c: ImportContext) => sql`granted as materialized (
    select m.person, min(format('%s: role %s', m.group_id, m.role_to)) as role,
      min(concat_ws(' ', coalesce(us.database_id, p.database_id, u.username, p.username, u.email, p.email),
        nullif(coalesce(u.first_name, p.first_name), ''), nullif(coalesce(u.last_name, p.last_name), ''))) as shown
    from planned_memberships m
    left join people p on p.person = m.person
    left join users u on u.organization_id = ${c.organization} and u.id = m.person
    left join user_sources us on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = m.person
    where m.role_to > 0 and m.role_to is distinct from m.role_from and m.claims & ${c.claim} <> 0
      and not exists (select from memberships had where had.organization_id = ${c.organization}
        and had.user_id = m.person and had.role > 0 and had.role = m.role_to)
      and not ${restoresRole(sql`m.person`, sql`m.group_id`, sql`m.role_to`)}
    group by m.person)`;

/** SQL common table expression: people of the source whose text lost letters. */
const letters = (c: ImportContext) => sql`damaged as materialized (
    select d.person, d.file, ${shown} as shown
    from (select distinct on (r.person) r.person, coalesce(i.details ->> 'file', i.details ->> 'value') as file
      from row_issues i join row_persons r on r.row = i.row where i.code in (${lettersLostCodes}) order by r.person, i.row) d
    ${ofSource(c, sql`d.person`)})`;

/** SQL: a figure as JSON, of a relation with a person in each row. */
const figureOf = (relation: Sql, example: Sql) => sql`json_build_object('count', (select count(*) from ${relation}),
    'examples', ${examplesOf(sql`select ${example} as example from ${relation} order by 1`)})`;

const renamed = sql`format('%s → %s', shown, concat_ws(' ', nullif(first_name, ''), nullif(last_name, '')))`;

/** Counts the values that change, in people whom the plan changes. */
export const valueFiguresStatement = (c: ImportContext): Sql => sql`
  with ${join([recycled(c), names(c), contacts(c), sharedContacts(c), roles(c), letters(c)], ", ")}
  select
    ${figureOf(sql`named where not swapped and not replaced`, renamed)} as "namesChanged",
    ${figureOf(sql`named where swapped`, renamed)} as "namesSwapped",
    ${figureOf(
      sql`(select person, shown, first_name, last_name from named where replaced and not swapped
        union select person, shown, first_name, last_name from recycled) other`,
      renamed,
    )} as "peopleReplaced",
    ${figureOf(sql`taken`, sql`format('%s: %s', shown, contact)`)} as "contactsOfOthers",
    ${figureOf(sql`shared`, sql`format('%s: %s', shown, contact)`)} as "contactsShared",
    ${figureOf(sql`granted`, sql`format('%s: %s', shown, role)`)} as "rolesGranted",
    ${figureOf(sql`damaged`, sql`concat_ws(': ', shown, file)`)} as "lettersLost"`;

const figure = z.object({ count: z.int(), examples: z.array(z.string()) });

const valueFiguresRow = z.object({
  namesChanged: figure,
  namesSwapped: figure,
  peopleReplaced: figure,
  contactsOfOthers: figure,
  contactsShared: figure,
  rolesGranted: figure,
  lettersLost: figure,
});

/** Reads the figures of values that change. */
export async function readValueFigures(
  executor: Executor,
  context: ImportContext,
): Promise<Readonly<Record<ValueFigure, Figure>>> {
  return (await selectRow(executor, valueFiguresRow, valueFiguresStatement(context)))!;
}
