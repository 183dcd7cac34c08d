import sql, { type Sql } from "sql-template-tag";
import { byDefault, firstSource, manual, selfRegistered } from "../../../directory/claims.ts";
import { literal } from "../../../store/sql.ts";
import type { MatchingContext } from "../../setup/context.ts";

/** SQL condition: no feed granted the role, so no feed takes it away or lowers it. @param owner the role's owner */
export const grantedByNobodysFeed = (owner: Sql): Sql =>
  sql`${owner} in (${literal(manual)}, ${literal(selfRegistered)}, ${literal(byDefault)})`;

/** SQL condition: the person registered themself, and no feed knows them yet (file formats, section 5.6). */
export const isProtected = (claims: Sql): Sql =>
  sql`(${claims} & ${literal(1 << selfRegistered)} <> 0 and ${claims} >> ${literal(firstSource)} = 0)`;

/** The role of a network administrator. No feed takes it from the last one. */
export const networkAdministrator = 2;

/** The same role in SQL. */
export const networkAdministratorRole: Sql = literal(networkAdministrator);

/**
 * SQL: the reason why a feed may not delete a user, as a text; null if it may (file formats, section 5.6).
 * @param user the user's id
 * @param leaving select of all people who are to be deleted: a network administrator must remain
 */
export const deletionObstacle = (c: MatchingContext, user: Sql, leaving: Sql): Sql => sql`case
  when exists (
    select from memberships m join groups g on g.organization_id = m.organization_id and g.group_id = m.group_id
    where m.organization_id = ${c.organization} and m.user_id = ${user} and g.style = 'static')
    then 'the person belongs to a static group'
  when exists (
    select from memberships m
    where m.organization_id = ${c.organization} and m.user_id = ${user} and m.role > 0
      and ${grantedByNobodysFeed(sql`m.role_owner`)})
    then 'the person holds a role that no import granted'
  when exists (
    select from memberships m
    where m.organization_id = ${c.organization} and m.user_id = ${user} and m.role = ${networkAdministratorRole})
    and not exists (
      select from memberships m
      where m.organization_id = ${c.organization} and m.role = ${networkAdministratorRole} and m.user_id not in (${leaving}))
    then 'the person is the last network administrator' end`;
