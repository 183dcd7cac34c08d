import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { companionColumns, ownerColumns, stagedColumns, valueColumns } from "../../src/person/columns.ts";
import { scalarFields } from "../../src/person/fields.ts";
import { kindOf } from "../../src/person/kinds.ts";
import { encodedColumnNames } from "../../src/reconcile/people/stage/encode-rows.ts";
import { stagingTables } from "../../src/reconcile/people/stage/tables.ts";
import { createTestDatabase } from "../support/database.ts";
import { factsOfCatalogue, factsOfPrismaSchema } from "../support/schema.ts";

const { owner } = await createTestDatabase({ after });

const prismaSchema = readFileSync(new URL("../../prisma/schema.prisma", import.meta.url), "utf8");

/** Columns of `users` that do not hold a single value of a person. */
const otherColumns = [
  "organization_id",
  "id",
  "email",
  "email_normalized",
  "email_owner",
  "claims",
  "version",
  "last_import_id",
  "created_at",
  "updated_at",
];

/** Columns of `users` with their types, as facts about a schema give them. */
function columnsOfUsers(facts: readonly string[]): Record<string, string> {
  const found = facts.flatMap((fact) => {
    const column = /^users\.(?<name>\w+): (?<type>.*)$/.exec(fact)?.groups;
    return column === undefined ? [] : [[column.name!, column.type!] as const];
  });
  return Object.fromEntries(found.filter(([name]) => !otherColumns.includes(name)));
}

/** Columns of `users` as the table of fields wants them. */
const wantedColumns = Object.fromEntries([
  ...scalarFields.map((field) => {
    const { sqlType, blankSql } = kindOf(field);
    return [field.column, blankSql === "null" ? sqlType : `${sqlType} not null default`];
  }),
  ...companionColumns.map(({ name }) => [name, "text"]),
  ...ownerColumns.map(({ name, type }) => [name, type]),
]);

test("the table of fields, the table users and the Prisma model have the same single values", async () => {
  assert.deepEqual(columnsOfUsers(factsOfPrismaSchema(prismaSchema)), wantedColumns);
  assert.deepEqual(columnsOfUsers(await factsOfCatalogue(owner)), wantedColumns);
});

test("the staging tables have a column for each single value, in the type of its kind", async () => {
  const types = await temporaryColumns();
  for (const { name, type } of [...stagedColumns, ...companionColumns])
    assert.equal(types.get(`staged_rows.${name}`), type.replace(' collate "C"', ""), name);
  for (const table of ["people", "planned_scalars"])
    for (const { name, type } of [...valueColumns, ...companionColumns])
      assert.equal(types.get(`${table}.${name}`), type.replace(' collate "C"', ""), name);
  for (const { name, type } of ownerColumns) assert.equal(types.get(`planned_scalars.${name}`), type, name);
});

test("every column of the staged rows is encoded, and no other", async () => {
  const staged = [...(await temporaryColumns()).keys()].filter((name) => name.startsWith("staged_rows."));
  assert.deepEqual(staged.sort(), encodedColumnNames.map((name) => `staged_rows.${name}`).sort());
});

/** Types of the columns of the temporary tables, by `table.column`. */
async function temporaryColumns(): Promise<Map<string, string>> {
  const client = await owner.connect();
  try {
    await client.query(stagingTables.text);
    const { rows } = await client.query<{ name: string; type: string }>(
      `select relname || '.' || attname as name, format_type(atttypid, atttypmod) as type
       from pg_attribute join pg_class on pg_class.oid = attrelid
       where relnamespace = pg_my_temp_schema() and relkind = 'r' and attnum > 0 and not attisdropped`,
    );
    return new Map(rows.map(({ name, type }) => [name, type]));
  } finally {
    client.release();
  }
}
