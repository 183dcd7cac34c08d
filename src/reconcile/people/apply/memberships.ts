import sql, { type Sql } from "sql-template-tag";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";

/** Carries out the plan for memberships. */
export const applyMemberships = (c: ImportContext, run: ImportRun): Sql[] =>
  c.knowsNobody ? [addMemberships(c, run)] : [removeMemberships(c), changeMemberships(c, run), addMemberships(c, run)];

const removeMemberships = ({ organization }: ImportContext) => sql`
  delete from memberships m using planned_memberships p
  where m.organization_id = ${organization} and m.user_id = p.person and m.group_id = p.group_id and p.action = 'remove'`;

const changeMemberships = ({ organization }: ImportContext, { at }: ImportRun) => sql`
  update memberships m
  set role = p.role_to, role_owner = p.role_owner, claims = p.claims,
    since = case when m.role <> p.role_to then ${at}::timestamptz else m.since end
  from planned_memberships p
  where m.organization_id = ${organization} and m.user_id = p.person and m.group_id = p.group_id and p.action = 'change'`;

const addMemberships = ({ organization }: ImportContext, { at }: ImportRun) => sql`
  insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
  select ${organization}, person, group_id, role_to, role_owner, claims, ${at}::timestamptz
  from planned_memberships where action = 'add'
  order by person, group_id`;
