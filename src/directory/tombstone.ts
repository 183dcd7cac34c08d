import type { Executor } from "../store/database.ts";

/** What belongs to a person, by the name it has in a tombstone's state. */
const tables = {
  emails: "user_emails",
  phones: "user_phones",
  memberships: "memberships",
  sources: "user_sources",
} as const;

const gathered = Object.entries(tables).map(
  ([name, table]) => `
  ${name} as (
    select user_id, jsonb_agg(to_jsonb(${table}) - 'organization_id' - 'user_id') as items
    from ${table} join gone on gone.id = user_id
    where ${table}.organization_id = $1 group by user_id
  )`,
);

/** What ends with the person, and does not come back with them. */
const forgotten = { sessions: "sessions", sign_in_links: "sign_in_links" } as const;

const removed = Object.entries({ ...tables, ...forgotten }).map(
  ([name, table]) => `
  removed_${name} as (delete from ${table} using gone where ${table}.organization_id = $1 and user_id = gone.id)`,
);

/**
 * Parameters: $1 organization, $2 ids of the people, $3 import, $4 time. All parts of the statement see the rows as they
 * were before it.
 */
const buryStatement = `
  with gone as materialized (
    select * from users where organization_id = $1 and id = any($2::bigint[])
  ), ${gathered.join(",")}, tombstone as (
    insert into user_tombstones (organization_id, user_id, username_normalized, email_normalized, state, import_id, deleted_at)
    select $1, gone.id, gone.username_normalized, gone.email_normalized, jsonb_build_object(
        'user', to_jsonb(gone) - 'organization_id' - 'id',
        ${Object.keys(tables)
          .map((name) => `'${name}', coalesce(${name}.items, '[]')`)
          .join(", ")}), $3::uuid, $4::timestamptz
    from gone ${Object.keys(tables)
      .map((name) => `left join ${name} on ${name}.user_id = gone.id`)
      .join(" ")}
  ), tombstone_sources as (
    insert into user_tombstone_sources (organization_id, user_id, source, database_id)
    select $1, user_id, source, database_id from user_sources join gone on gone.id = user_id
    where user_sources.organization_id = $1 and database_id is not null
  ), ${removed.join(",")}
  delete from users using gone where users.organization_id = $1 and users.id = gone.id`;

/**
 * Deletes people, however many, and leaves their whole last state as tombstones. The change log is the caller's matter,
 * who holds the organization's lock.
 *
 * A state is `{ "user": …, "emails": […], "phones": […], "memberships": […], "sources": […] }`: the rows as they stood in
 * their tables, columns by name, with claims and owners, so that `jsonb_populate_record` and `jsonb_populate_recordset`
 * make rows of them again. Claims have 63 bits, JavaScript's numbers 53: read them in SQL only. Whoever brings a person
 * back removes the tombstone.
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
  const { rowCount } = await executor.query(buryStatement, [organizationId, userIds, importId, at]);
  return rowCount ?? 0;
}

/** Forgets people who were deleted before a time: they cannot return any more. */
export async function forgetDeletedBefore(executor: Executor, organizationId: number, before: Date): Promise<void> {
  await executor.query(
    `with forgotten as (
       delete from user_tombstones where organization_id = $1 and deleted_at < $2 returning user_id
     )
     delete from user_tombstone_sources using forgotten
     where organization_id = $1 and user_tombstone_sources.user_id = forgotten.user_id`,
    [organizationId, before],
  );
}
