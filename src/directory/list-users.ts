import sql, { empty, join, type Sql } from "sql-template-tag";
import { type Database, withOrganization } from "../store/database.ts";
import { selectRows } from "../store/sql.ts";
import { foldCase } from "./text.ts";
import { type StoredUser, storedUserRow, userDocuments } from "./user-document.ts";

/** The people whom a list shows. All given conditions have to apply. */
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
  /** The beginning of a name, the username or an address, without regard to case. */
  readonly query?: string | undefined;
}

/** A page of a list. */
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
  return withOrganization(database, organizationId, (transaction) =>
    selectRows(transaction, storedUserRow, pageOfUsers(organizationId, filter, page)),
  );
}

/** The statement of `listUsers`. */
export function pageOfUsers(organizationId: number, filter: UserFilter, page: UserPage): Sql {
  const conditions = filterConditions(organizationId, filter).map((condition) => sql`and ${condition}`);
  const found = sql`
    select u.id from users u
    where u.organization_id = ${organizationId} and u.id > ${page.after ?? 0}
      ${conditions.length === 0 ? empty : join(conditions, " ")}
    order by u.id limit ${page.limit + 1}`;
  return sql`${userDocuments(organizationId, found)} order by u.id`;
}

const pageSize = 1000;

/** All of them page by page, as fast as the consumer takes them. Between two pages no connection is held. */
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

function filterConditions(organizationId: number, filter: UserFilter): Sql[] {
  const { email, username, databaseId, source, groupId, location, query } = filter;
  const conditions: Sql[] = [];
  if (email !== undefined) {
    const normalized = foldCase(email.normalize("NFC"));
    conditions.push(sql`u.id in (
      select id from users where organization_id = ${organizationId} and email_normalized = ${normalized}
      union all
      select user_id from user_emails where organization_id = ${organizationId} and email_normalized = ${normalized})`);
  }
  if (username !== undefined) conditions.push(sql`u.username_normalized = ${foldCase(username.normalize("NFC"))}`);
  if (databaseId !== undefined || source !== undefined) {
    conditions.push(sql`u.id in (
      select user_id from sources
      join user_sources on user_sources.organization_id = ${organizationId} and source = number
      where sources.organization_id = ${organizationId}
        ${source === undefined ? empty : sql`and name = ${source}`}
        ${databaseId === undefined ? empty : sql`and database_id = ${databaseId}`})`);
  }
  if (groupId !== undefined) {
    conditions.push(sql`u.id in (
      select user_id from memberships where organization_id = ${organizationId} and group_id = ${groupId})`);
  }
  if (location !== undefined) {
    conditions.push(sql`u.location = (
      select name from locations
      where organization_id = ${organizationId} and name_normalized = ${foldCase(location.normalize("NFC"))})`);
  }
  if (query !== undefined) conditions.push(beginsWith(organizationId, foldCase(query.normalize("NFC"))));
  return conditions;
}

/**
 * One pass over the people in the order of the list, without a sort. It costs at most a look at everybody of the
 * organization.
 * @param beginning in lower case; with a space, it may begin a whole name
 */
const beginsWith = (organizationId: number, beginning: string): Sql => sql`(
  starts_with(u.username_normalized, ${beginning})
  or starts_with(u.email_normalized, ${beginning})
  or u.id in (
    select user_id from user_emails
    where organization_id = ${organizationId} and starts_with(email_normalized, ${beginning}))
  or starts_with(lower(u.last_name), ${beginning})
  or starts_with(lower(${beginning.includes(" ") ? sql`u.first_name || ' ' || u.last_name` : sql`u.first_name`}), ${beginning}))`;
