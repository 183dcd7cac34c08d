/** Takes walls between organizations down. */
import type pg from "pg";
import type { Pool } from "pg";

/**
 * The statement without what keeps it to one organization: conditions on `organization_id`, and on the id of
 * `organizations`, hold for every row. What is inserted keeps its organization.
 */
export function withoutFirstWall(statement: string): string {
  const always = (_: string, value: string) => (value.startsWith("$") ? `(${value}::integer is not null)` : "true");
  const open = statement
    .replaceAll(/(?:"?\w+"?\.)*"?\borganization_id"?\s*=\s*(\$\d+|\d+)/g, always)
    .replaceAll(/(\$\d+|\b\d+)\s*=\s*(?:"?\w+"?\.)*"?organization_id\b"?/g, always);
  if (!/\b(?:from|join|update)\s+(?:"public"\.)?"?organizations\b/.test(statement)) return open;
  return open.replaceAll(/(?<![\w.])(?:organizations\.)?id\s*=\s*(\$\d+|\d+)/g, always);
}

/** The changed statements of a pool. */
export interface TakenDown {
  /** Those that were changed, as they came. */
  readonly changed: ReadonlySet<string>;
}

/**
 * Changes every statement that goes through a pool on its way to PostgreSQL: the service's own statements, built of
 * parts or by Prisma, too.
 */
export function takeFirstWallDown(pool: Pool): TakenDown {
  const changed = new Set<string>();
  const done = new WeakSet<pg.PoolClient>();
  const open = (text: string) => {
    const statement = withoutFirstWall(text);
    if (statement !== text) changed.add(text);
    return statement;
  };
  pool.on("acquire", (client) => {
    if (done.has(client)) return;
    done.add(client);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query: (first: unknown, ...rest: unknown[]) => {
        if (typeof first === "string") return query(open(first), ...rest);
        const config = first as { text?: unknown; submit?: unknown };
        // A stream of COPY, into temporary tables, or a cursor: their statements are their own.
        if (typeof config?.text !== "string" || typeof config.submit === "function") return query(first, ...rest);
        return query({ ...config, text: open(config.text) }, ...rest);
      },
    });
  });
  return { changed };
}

/**
 * Lets the policies of all tables pass everything, or restores them. Row-level security stays on, since the service
 * refuses connections without it.
 */
export async function setSecondWall(owner: Pool, isUp: boolean): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    `select distinct relname::text as name from pg_class join pg_policy on polrelid = pg_class.oid
     where relnamespace = 'public'::regnamespace`,
  );
  const alterations = rows.map(({ name }) =>
    isUp
      ? `drop policy taken_down on "${name}"`
      : `create policy taken_down on "${name}" using (true) with check (true)`,
  );
  await owner.query(alterations.join(";\n"));
}
