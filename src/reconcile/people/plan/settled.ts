import sql, { join, type Sql } from "sql-template-tag";
import { identifier } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/** Tables that have a row for whatever an import changes. */
const plans = [
  "planned_deletions",
  "planned_scalars",
  "planned_emails",
  "planned_phones",
  "planned_memberships",
  "planned_links",
  "planned_changes",
  "primary_emails",
  "leavers",
  "returns",
].map(identifier);

/** Selects a row if the plan changes nothing at all, not even a claim. */
export const changesNothing = (c: ImportContext): Sql => sql`
  select where not exists (select from absences where fate is distinct from 'keep')
    and ${join(
      plans.map((table) => sql`not exists (select from ${table})`),
      " and ",
    )}
    and not exists (select from known_groups where is_new) and not exists (select from known_locations where is_new)
    and not exists (
      select from people p where p.is_new or (p.applies and not exists (
        select from user_sources us join users u on u.organization_id = us.organization_id and u.id = us.user_id
        where us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = p.person
          and u.claims & ${c.claim} <> 0 and (p.database_id is null or us.database_id = p.database_id))))`;
