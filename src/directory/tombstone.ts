import sql, { join, raw, type Sql } from "sql-template-tag";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** The rows that belong to a person, by their name in a tombstone's state. */
const tables = {
  emails: "user_emails",
  phones: "user_phones",
  memberships: "memberships",
  sources: "user_sources",
} as const;
const names = Object.keys(tables);

/** Rows that end with the person, and do not come back with them. */
const forgotten = { sessions: "sessions", sign_in_links: "sign_in_links" } as const;

/** The rows of a table that belong to the people, gathered by person. */
const gathered = (organizationId: number, name: string, table: string): Sql => sql`
  ${raw(name)} as (
    select user_id, jsonb_agg(to_jsonb(owned) - 'organization_id' - 'user_id') as items
    from ${raw(table)} owned join gone on gone.id = user_id
    where owned.organization_id = ${organizationId} group by user_id
  )`;

const removed = (organizationId: number, name: string, table: string): Sql => sql`
  removed_${raw(name)} as (
    delete from ${raw(table)} owned using gone where owned.organization_id = ${organizationId} and user_id = gone.id
  )`;

/** The statement of `buryUsers`. All its parts see the rows as they were before it. */
export const buryStatement = (
  organizationId: number,
  userIds: readonly number[],
  importId: string | null,
  at: Date,
): Sql => sql`
  with gone as materialized (
    select * from users where organization_id = ${organizationId} and id = any(${userIds}::bigint[])
  ), ${join(Object.entries(tables).map(([name, table]) => gathered(organizationId, name, table)))}, tombstone as (
    insert into user_tombstones (organization_id, user_id, username_normalized, email_normalized, state, import_id, deleted_at)
    select ${organizationId}, gone.id, gone.username_normalized, gone.email_normalized, jsonb_build_object(
        'user', to_jsonb(gone) - 'organization_id' - 'id',
        ${raw(names.map((name) => `'${name}', coalesce(${name}.items, '[]')`).join(", "))}),
      ${importId}::uuid, ${at}::timestamptz
    from gone ${raw(names.map((name) => `left join ${name} on ${name}.user_id = gone.id`).join(" "))}
  ), tombstone_sources as (
    insert into user_tombstone_sources (organization_id, user_id, source, database_id)
    select ${organizationId}, user_id, source, database_id from user_sources join gone on gone.id = user_id
    where user_sources.organization_id = ${organizationId} and database_id is not null
  ), ${join(Object.entries({ ...tables, ...forgotten }).map(([name, table]) => removed(organizationId, name, table)))}
  delete from users using gone where users.organization_id = ${organizationId} and users.id = gone.id`;

/**
 * Deletes people, however many, and leaves their whole last state as tombstones. The caller
 * holds the organization's lock, and records the changes.
 *
 * A state is `{ "user": …, "emails": […], "phones": […], "memberships": […], "sources": […] }`: the rows as their tables had
 * them, columns by name, with claims and owners. `jsonb_populate_record` and `jsonb_populate_recordset` make rows of them
 * again. Claims have 63 bits, JavaScript's numbers 53: read them in SQL only. Code that brings a person back removes the
 * tombstone.
 *
 * @param userIds ids of people; unknown ones are passed over
 * @param importId the import that deletes them, if one does
 * @returns how many were deleted
 */
export async function buryUsers(
  executor: Executor,
  organizationId: number,
  userIds: readonly number[],
  importId: string | null,
  at: Date,
): Promise<number> {
  const { rowCount } = await executor.query(prepared(buryStatement(organizationId, userIds, importId, at)));
  return rowCount ?? 0;
}
