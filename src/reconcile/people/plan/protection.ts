import { byDefault, firstSource, manual, selfRegistered } from "../../../directory/claims.ts";

/** Roles that a feed neither takes away nor lowers: nobody's feed granted them. */
export const grantedByNobodysFeed = (owner: string): string =>
  `${owner} in (${manual}, ${selfRegistered}, ${byDefault})`;

/** SQL: somebody registered themself, and no feed knows them yet (file formats, section 5). */
export const isProtected = (claims: string): string =>
  `(${claims} & ${1 << selfRegistered} <> 0 and ${claims} >> ${firstSource} = 0)`;

/** A network administrator: the role that a feed never takes from the last one. */
export const networkAdministrator = 2;

/**
 * SQL: why a feed may not delete the user, as a text; null when it may (file formats, sections 3 and 5).
 * @param user expression of the user's id
 * @param leaving select of all who are to be deleted: of network administrators somebody else has to remain
 */
export const deletionObstacle = (organizationId: number, user: string, leaving: string): string => `case
  when exists (
    select from memberships m join groups g on g.organization_id = m.organization_id and g.group_id = m.group_id
    where m.organization_id = ${organizationId} and m.user_id = ${user} and g.style = 'static')
    then 'the person belongs to a static group'
  when exists (
    select from memberships m
    where m.organization_id = ${organizationId} and m.user_id = ${user} and m.role > 0 and ${grantedByNobodysFeed("m.role_owner")})
    then 'the person holds a role that no import granted'
  when exists (
    select from memberships m
    where m.organization_id = ${organizationId} and m.user_id = ${user} and m.role = ${networkAdministrator})
    and not exists (
      select from memberships m
      where m.organization_id = ${organizationId} and m.role = ${networkAdministrator} and m.user_id not in (${leaving}))
    then 'the person is the last network administrator' end`;
