import type { ImportContext } from "../../setup/context.ts";
import { networkAdministrator } from "../plan/protection.ts";

/** Whether the organization knows anybody, or has known anybody who could return: one row with the column `known`. */
export const knowsAnybody = (organizationId: number): string => `
  select exists (select from users where organization_id = ${organizationId})
    or exists (select from user_tombstones where organization_id = ${organizationId}) as known`;

/**
 * Keeps of a part what only a look at all parts can settle: rows of nobody who is added, be it that they failed or only
 * remove; rows of people who have nothing but an e-mail to be known by; and rows whose userID or e-mail their person does
 * not have, as another row has another one. Parameter: $1 number of the part.
 */
export const keepLooseRows = `
  insert into loose_rows (part, person, database_id, username_normalized, email_normalized)
  select $1, p.person, s.database_id, s.username_normalized, s.email_normalized
  from staged_rows s left join row_persons r on r.row = s.row left join people p on p.person = r.person
  where not s.plain and (p.person is null or (s.database_id is null and s.username_normalized is null)
    or s.username_normalized <> p.username_normalized or s.email_normalized <> p.email_normalized)`;

/** More of them than this are not looked through after each part. */
const mostLooseRows = 1_000;

const sharedBetweenParts = (column: string) =>
  `exists (select from loose_rows one join loose_rows other using (${column}) where one.part <> other.part)`;

const held = (c: ImportContext, column: string) => `exists (
      select from loose_rows l join users u on u.organization_id = ${c.organizationId} and u.${column} = l.${column}
      where u.id is distinct from l.person)`;

/**
 * Whether a row of one part may mean somebody of another part: then it matters that they stand in one file. People of two
 * parts who share a databaseID or a userID need no look: the indexes refuse them. One row with the column `related`.
 */
export const areRelated = (c: ImportContext): string => `
  select (select count(*) from loose_rows) > ${mostLooseRows}
    or ${["database_id", "username_normalized", "email_normalized"].map(sharedBetweenParts).join(" or ")}
    or exists (
      select from loose_rows l join user_sources us
        on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.database_id = l.database_id
      where us.user_id is distinct from l.person)
    or ${held(c, "username_normalized")} or ${held(c, "email_normalized")} as related`;

/**
 * How many memberships the rows of the part name that are not plain, and how many of them in groups that are not there.
 * One row.
 */
export const groupFigures = (c: ImportContext): string => `
  select (select count(*) from planned_memberships where claims & ${c.claim.text} <> 0)::integer as added,
    (select count(*) from row_issues where code = 'group_unknown')::integer as unknown`;

/** Groups that the part names and that are not there. Rows with the column `name`. */
export const groupsNotFound = `
  select distinct details ->> 'groupId' as name from row_issues where code = 'group_unknown'`;

/** Groups that the part creates. Rows with the column `name`. */
export const groupsOfPart = "select group_id as name from known_groups where is_new";

/** Whether anybody is network administrator: at most one row. */
export const anyAdministrator = (c: ImportContext): string => `
  select from memberships where organization_id = ${c.organizationId} and role > 0 and role = ${networkAdministrator} limit 1`;
