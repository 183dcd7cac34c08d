import type { Pool } from "pg";

/** Every row of every table, each as one line of JSON, sorted. */
export type Tables = Readonly<Record<string, readonly string[]>>;

/**
 * Reads all tables that hold data of organizations, or the rows of one organization alone.
 * @param organizationId undefined: all
 */
export async function readTables(owner: Pool, organizationId?: number): Promise<Tables> {
  const { rows: tables } = await owner.query<{ name: string; key: string }>(
    `select relname::text as name, attname::text as key
     from pg_class join pg_attribute on attrelid = pg_class.oid and not attisdropped
       and attname = case relname when 'organizations' then 'id' else 'organization_id' end
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`,
  );
  const entries = [];
  for (const { name, key } of tables) {
    const { rows } = await owner.query<{ row: string }>(
      `select row_to_json(one)::text as row from "${name}" one where $1::integer is null or one."${key}" = $1
       order by row_to_json(one)::text collate "C"`,
      [organizationId ?? null],
    );
    entries.push([name, rows.map(({ row }) => row)] as const);
  }
  return Object.fromEntries(entries);
}
