import type { ImportContext } from "../../setup/context.ts";
import { scalarColumns } from "../plan/scalars.ts";
import { insertUsers } from "./insert-users.ts";
import { dropTombstones } from "./returns.ts";

/**
 * Carries out the plan for people. Parameters: $1 the import, $2 its time.
 * @param hasReturns some of the new people were deleted before
 */
export function applyPeople(c: ImportContext, hasReturns: boolean): string[] {
  if (c.knowsNobody) return [insertUsers(c, hasReturns)];
  const setScalars = scalarColumns.map((column) => `${column} = s.${column}`).join(", ");
  return [
    // Usernames that swap are let go first: each statement must leave them unique.
    `update users u set username = null, username_normalized = null
     from planned_scalars s
     where u.organization_id = ${c.organizationId} and u.id = s.person and s.username_changes`,
    `update users u set ${setScalars}
     from planned_scalars s where u.organization_id = ${c.organizationId} and u.id = s.person`,
    `update users u
     set claims = u.claims | ${c.claim.text}, version = u.version + (changing.person is not null)::integer,
       last_import_id = case when changing.person is null then u.last_import_id else $1::uuid end,
       updated_at = case when changing.person is null then u.updated_at else $2::timestamptz end
     from people p left join planned_changes changing on changing.person = p.person
     where u.organization_id = ${c.organizationId} and u.id = p.person and not p.is_new and p.applies
       and (changing.person is not null or u.claims & ${c.claim.text} = 0)`,
    `update users u
     set claims = u.claims & ~${c.claim.text}, version = u.version + 1, last_import_id = $1::uuid, updated_at = $2::timestamptz
     from absences a where a.fate = 'withdraw' and u.organization_id = ${c.organizationId} and u.id = a.person`,
    `update users u set version = u.version + 1, last_import_id = $1::uuid, updated_at = $2::timestamptz
     from leavers l join planned_changes changing using (person)
     where u.organization_id = ${c.organizationId} and u.id = l.person`,
    insertUsers(c, hasReturns),
    ...(hasReturns ? dropTombstones(c) : []),
  ];
}

/**
 * Links people to the source, with the digest of their row where it was plain success: the next import may pass over
 * such a row. Parameter: $1 the import.
 */
export function applyLinks(c: ImportContext): string[] {
  // An order to leave takes away what others claim, too: each time that it comes.
  const digest = `case when p.leave_all or exists (select from file_leaves l where l.person = p.person)
    or exists (select from row_issues i where i.row = p.first_row) then null else p.digest end`;
  const linkNew = `
    insert into user_sources (organization_id, source, user_id, database_id, digest, rules_epoch, user_version, style, last_import_id)
    select ${c.organizationId}, ${c.source.text}, p.person, p.database_id, ${digest}, ${c.rulesEpoch.text}, 1, ${c.style.text}, $1
    from people p where p.is_new order by p.person`;
  if (c.knowsNobody) return [linkNew];
  return [
    linkNew,
    `insert into user_sources as us
       (organization_id, source, user_id, database_id, digest, rules_epoch, user_version, style, last_import_id)
     select ${c.organizationId}, ${c.source.text}, p.person, p.database_id, ${digest}, ${c.rulesEpoch.text}, u.version, ${c.style.text}, $1
     from people p join users u on u.organization_id = ${c.organizationId} and u.id = p.person
     where not p.is_new and p.applies
     on conflict (organization_id, source, user_id) do update set
       database_id = coalesce(excluded.database_id, us.database_id), digest = excluded.digest,
       rules_epoch = excluded.rules_epoch, user_version = excluded.user_version, style = excluded.style,
       last_import_id = excluded.last_import_id`,
    `delete from user_sources us using absences a
     where a.fate = 'withdraw' and us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = a.person`,
    // Orders to leave take away what other sources claim, and what nobody sees does not count the person's version up:
    // those sources' rows have to be looked at again, and so has this one. The same row may put a leaver back.
    `update user_sources us set digest = null
     where us.organization_id = ${c.organizationId} and us.digest is not null
       and us.user_id in (select person from people where leave_all union select person from file_leaves
         union select person from leavers)`,
  ];
}

/** Counts up the ids that were given out. */
export const advanceUserIds = (c: ImportContext): string => `
  update feed_heads set last_user_id = greatest(last_user_id, (select max(person) from people where is_new))
  where organization_id = ${c.organizationId}`;
