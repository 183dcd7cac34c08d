import type { ImportContext } from "../../setup/context.ts";

/** Carries out the plan for memberships. Parameter: $1 the time of the import. */
export function applyMemberships(c: ImportContext): string[] {
  const add = `
    insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
    select ${c.organizationId}, person, group_id, role_to, role_owner, claims, $1
    from planned_memberships where action = 'add'
    order by person, group_id`;
  if (c.knowsNobody) return [add];
  return [
    `delete from memberships m using planned_memberships p
     where m.organization_id = ${c.organizationId} and m.user_id = p.person and m.group_id = p.group_id and p.action = 'remove'`,
    `update memberships m
     set role = p.role_to, role_owner = p.role_owner, claims = p.claims,
       since = case when m.role <> p.role_to then $1 else m.since end
     from planned_memberships p
     where m.organization_id = ${c.organizationId} and m.user_id = p.person and m.group_id = p.group_id and p.action = 'change'`,
    add,
  ];
}
