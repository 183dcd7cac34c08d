import type { ClientBase, Pool } from "pg";

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
  const texts = tables.map(
    ({ name, key }) =>
      `select '${name}' as name, row_to_json(one)::text as row from "${name}" one
       where $1::integer is null or one."${key}" = $1`,
  );
  const { rows } = await owner.query<{ name: string; row: string }>(
    `select * from (${texts.join(" union all ")}) everything order by name, row collate "C"`,
    [organizationId ?? null],
  );
  const found: Record<string, string[]> = Object.fromEntries(tables.map(({ name }) => [name, []]));
  for (const { name, row } of rows) found[name]!.push(row);
  return found;
}

/** Puts an organization's rows back as they were read: all of them, and no other. */
export async function restoreTables(owner: Pool, organizationId: number, tables: Tables): Promise<void> {
  const client = await owner.connect();
  try {
    await client.query("begin");
    const order = await parentsFirst(client, Object.keys(tables));
    const deletions = [...order].reverse().map((name) => {
      const key = name === "organizations" ? "id" : "organization_id";
      return `delete from "${name}" where ${key} = ${Number(organizationId)}`;
    });
    const insertions = order
      .filter((name) => tables[name]!.length > 0)
      .map((name) => {
        const rows = client.escapeLiteral(`[${tables[name]!.join(",")}]`);
        return `insert into "${name}" select * from json_populate_recordset(null::"${name}", ${rows})`;
      });
    // At once: this is done hundreds of times.
    await client.query([...deletions, ...insertions].join(";\n"));
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** The tables in an order in which none comes before one that it references. */
async function parentsFirst(client: ClientBase, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ child: string; parent: string }>(
    `select conrelid::regclass::text as child, confrelid::regclass::text as parent
     from pg_constraint where contype = 'f' and conrelid <> confrelid`,
  );
  const order: string[] = [];
  while (order.length < names.length) {
    const next = names.filter(
      (name) => !order.includes(name) && rows.every((row) => row.child !== name || order.includes(row.parent)),
    );
    if (next.length === 0) throw new Error("tables reference each other in a circle");
    order.push(...next);
  }
  return order;
}
