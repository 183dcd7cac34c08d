import { type Database, withOrganization } from "../store/database.ts";
import { foldCase } from "./text.ts";
import { userDocuments } from "./user-document.ts";
import type { StoredUser } from "./users.ts";

/** Whom a list shows: those to whom everything that is given applies. */
export interface UserFilter {
  /** Any address of the person, without regard to case. */
  readonly email?: string | undefined;
  /** Without regard to case. */
  readonly username?: string | undefined;
  /** As the source spells it. */
  readonly databaseId?: string | undefined;
  /** Name of a source that knows the person; by this `databaseId`, if that is given too. */
  readonly source?: string | undefined;
  readonly groupId?: string | undefined;
  /** Without regard to case. */
  readonly location?: string | undefined;
  /** How a name, the username or an address begins, without regard to case. */
  readonly query?: string | undefined;
}

/** Where a page of a list begins. */
export interface UserPage {
  /** Id of the last person before it. */
  readonly after: number | undefined;
  readonly limit: number;
}

/**
 * People in the order of their ids.
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 */
export function listUsers(
  database: Database,
  organizationId: number,
  filter: UserFilter,
  page: UserPage,
): Promise<StoredUser[]> {
  const values: unknown[] = [organizationId];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const found = `
    select u.id from users u
    where u.organization_id = $1 and u.id > ${bind(page.after ?? 0)}
      ${filterConditions(filter, bind)
        .map((condition) => `and ${condition}`)
        .join(" ")}
    order by u.id limit ${bind(page.limit + 1)}`;
  return withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<StoredUser>(`${userDocuments(found)} order by u.id`, values);
    return rows;
  });
}

const pageSize = 1000;

/** All of them page after page, as fast as the reader takes them; between two pages no connection is held. */
export async function* usersByPage(
  database: Database,
  organizationId: number,
  filter: UserFilter,
): AsyncGenerator<readonly StoredUser[], void, undefined> {
  for (let after: number | undefined; ; ) {
    const rows = await listUsers(database, organizationId, filter, { after, limit: pageSize - 1 });
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
    after = rows.at(-1)!.id;
  }
}

function filterConditions(filter: UserFilter, bind: (value: unknown) => string): string[] {
  const { email, username, databaseId, source, groupId, location, query } = filter;
  const conditions: string[] = [];
  if (email !== undefined) {
    const normalized = bind(foldCase(email.normalize("NFC")));
    conditions.push(`u.id in (
      select id from users where organization_id = $1 and email_normalized = ${normalized}
      union all select user_id from user_emails where organization_id = $1 and email_normalized = ${normalized})`);
  }
  if (username !== undefined) conditions.push(`u.username_normalized = ${bind(foldCase(username.normalize("NFC")))}`);
  if (databaseId !== undefined || source !== undefined) {
    conditions.push(`u.id in (
      select user_id from sources join user_sources on user_sources.organization_id = $1 and source = number
      where sources.organization_id = $1
        ${source === undefined ? "" : `and name = ${bind(source)}`}
        ${databaseId === undefined ? "" : `and database_id = ${bind(databaseId)}`})`);
  }
  if (groupId !== undefined) {
    conditions.push(
      `u.id in (select user_id from memberships where organization_id = $1 and group_id = ${bind(groupId)})`,
    );
  }
  if (location !== undefined) {
    conditions.push(`u.location = (
      select name from locations where organization_id = $1 and name_normalized = ${bind(foldCase(location.normalize("NFC")))})`);
  }
  if (query !== undefined) {
    const beginning = foldCase(query.normalize("NFC"));
    conditions.push(beginsWith(bind(beginning), beginning.includes(" ")));
  }
  return conditions;
}

/**
 * One pass over the people in the order of the list, without a sort: it costs at most what the organization is large.
 * @param hasSpace whether the beginning may be one of a whole name
 */
const beginsWith = (beginning: string, hasSpace: boolean) => `(
  starts_with(u.username_normalized, ${beginning})
  or starts_with(u.email_normalized, ${beginning})
  or u.id in (
    select user_id from user_emails where organization_id = $1 and starts_with(email_normalized, ${beginning}))
  or starts_with(lower(u.last_name), ${beginning})
  or starts_with(lower(${hasSpace ? "u.first_name || ' ' || u.last_name" : "u.first_name"}), ${beginning}))`;
