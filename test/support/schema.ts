import type { ClientBase, Pool } from "pg";

/** A table as one side describes it: one line a fact, so that two sides compare as sorted lists. */
export type SchemaFacts = readonly string[];

const nativeTypes: Readonly<Record<string, string>> = {
  Int: "integer",
  "Int @db.SmallInt": "smallint",
  BigInt: "bigint",
  Boolean: "boolean",
  Bytes: "bytea",
  String: "text",
  "String @db.Uuid": "uuid",
  Json: "jsonb",
  "Json @db.Json": "json",
  "DateTime @db.Timestamptz(6)": "timestamp(6) with time zone",
};

/**
 * Reads the facts about tables from a Prisma schema. Reads models of scalar fields, lists and keys; throws on everything else,
 * so that nothing goes unnoticed.
 */
export function factsOfPrismaSchema(schema: string): SchemaFacts {
  const models = [...schema.matchAll(/^model \w+ \{\n(.*?)^\}/gms)].map((match) => match[1] ?? "");
  if (models.length === 0) throw new Error("the Prisma schema has no model");
  return models.flatMap(factsOfModel).sort();
}

function factsOfModel(body: string): string[] {
  const lines = body
    .split("\n")
    .map((line) => line.replace(/\/\/.*/, "").trim())
    .filter((line) => line !== "");
  const table = lines.map((line) => /^@@map\("(\w+)"\)$/.exec(line)?.[1]).find((name) => name !== undefined);
  if (table === undefined) throw new Error(`a model has no @@map:\n${body}`);
  const columns = new Map<string, string>();
  const facts: string[] = [];
  for (const line of lines.filter((text) => !text.startsWith("@@"))) {
    const field = /^(?<name>\w+)\s+(?<type>\w+)(?<mark>\?|\[\])?(?<attributes>(\s+@.*)?)$/.exec(line)?.groups;
    if (field === undefined) throw new Error(`not understood: ${line}`);
    const { name = "", type = "", mark, attributes = "" } = field;
    const column = /@map\("(\w+)"\)/.exec(attributes)?.[1] ?? name;
    columns.set(name, column);
    const prismaType = [type, ...(/@db\.\w+(\(\d+\))?/.exec(attributes)?.slice(0, 1) ?? [])].join(" ");
    const nativeType = nativeTypes[prismaType];
    if (nativeType === undefined) throw new Error(`no PostgreSQL type is known for ${prismaType}: ${line}`);
    facts.push(
      describeColumn(table, column, {
        type: mark === "[]" ? `${nativeType}[]` : nativeType,
        isNullable: mark === "?",
        hasDefault: /@default\(/.test(attributes),
      }),
    );
    if (/@id\b/.test(attributes)) facts.push(describeKey(table, "primary key", [column]));
    if (/@unique\b/.test(attributes)) facts.push(describeKey(table, "unique", [column]));
  }
  for (const line of lines.filter((text) => text.startsWith("@@") && !text.startsWith("@@map("))) {
    const key = /^@@(id|unique)\(\[([\w, ]+)\]\)$/.exec(line);
    if (key === null) throw new Error(`not understood: ${line}`);
    const keyColumns = (key[2] ?? "").split(",").map((name) => columns.get(name.trim()) ?? `(no field ${name})`);
    facts.push(describeKey(table, key[1] === "id" ? "primary key" : "unique", keyColumns));
  }
  return facts;
}

/** Reads the facts about the tables of the schema `public` from the catalogue; partial and expression indexes are left out. */
export async function factsOfCatalogue(database: Pool | ClientBase): Promise<SchemaFacts> {
  const columns = await database.query<{
    table: string;
    column: string;
    type: string;
    isNullable: boolean;
    hasDefault: boolean;
  }>(
    `select relname as table, attname as column, format_type(atttypid, atttypmod) as type, not attnotnull as "isNullable",
       atthasdef or attidentity <> '' as "hasDefault"
     from pg_attribute join pg_class on attrelid = pg_class.oid
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped
       and relname <> '_prisma_migrations'`,
  );
  const keys = await database.query<{ table: string; isPrimary: boolean; columns: string[] }>(
    `select relname as table, indisprimary as "isPrimary",
       array(select attname::text from unnest(indkey) with ordinality as key (number, position)
             join pg_attribute on attrelid = indrelid and attnum = number order by position) as columns
     from pg_index join pg_class on indrelid = pg_class.oid
     where relnamespace = 'public'::regnamespace and indisunique and indpred is null and indexprs is null
       and relname <> '_prisma_migrations'`,
  );
  return [
    ...columns.rows.map(({ table, column, ...rest }) => describeColumn(table, column, rest)),
    ...keys.rows.map((key) => describeKey(key.table, key.isPrimary ? "primary key" : "unique", key.columns)),
  ].sort();
}

interface Column {
  readonly type: string;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
}

function describeColumn(table: string, column: string, { type, isNullable, hasDefault }: Column): string {
  return `${table}.${column}: ${type}${isNullable ? "" : " not null"}${hasDefault ? " default" : ""}`;
}

function describeKey(table: string, kind: "primary key" | "unique", columns: readonly string[]): string {
  return `${table}: ${kind} (${columns.join(", ")})`;
}

/**
 * The tables that hold an organization's data without row-level security and its policy, each with what is wrong.
 * `organizations` itself is one of them. The policy is compared with the one of `locations`, whose effect a test shows.
 */
export async function unguardedTables(database: Pool | ClientBase): Promise<string[]> {
  const { rows } = await database.query<{ table: string; isOn: boolean; policies: string[] }>(
    `select relname::text as table, relrowsecurity as "isOn",
       array(select concat_ws(' ', case polcmd when '*' then 'for all' else 'for ' || polcmd::text end,
                 case when polroles = '{0}' then 'to public' else 'to ' || polroles::text end,
                 case when not polpermissive then 'restrictive' end,
                 'using', pg_get_expr(polqual, polrelid), 'with check ' || pg_get_expr(polwithcheck, polrelid))
             from pg_policy where polrelid = pg_class.oid) as policies
     from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
       and (relname = 'organizations' or exists (
         select from pg_attribute where attrelid = pg_class.oid and attname = 'organization_id' and not attisdropped))
     order by relname`,
  );
  const model = rows.find((row) => row.table === "locations")?.policies[0] ?? "(locations has none)";
  return rows.flatMap(({ table, isOn, policies }) => {
    const expected = table === "organizations" ? model.replace("(organization_id =", "(id =") : model;
    if (!isOn) return [`${table}: row-level security is off`];
    if (policies.length !== 1) return [`${table}: ${policies.length} policies instead of one`];
    return policies[0] === expected ? [] : [`${table}: the policy is another one: ${policies[0]}`];
  });
}
