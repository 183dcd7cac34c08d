/** Contents of copies and of the API, in one comparable form. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { scalarFields } from "../../src/person/fields.ts";
import type { TestApp } from "../support/app.ts";

const tables = ["users", "groups", "memberships", "locations"] as const;

/** Rows of each table, in any order; every value as text. */
type Content = Readonly<Record<(typeof tables)[number], readonly Readonly<Record<string, string>>[]>>;

/** Reads CSV (RFC 4180) character by character. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[index + 1] === '"') {
        cell += '"';
        index += 1;
      } else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === ",") {
      row.push(cell);
      cell = "";
    } else if (character === "\r" && text[index + 1] === "\n") {
      rows.push([...row, cell]);
      row = [];
      cell = "";
      index += 1;
    } else cell += character;
  }
  assert.equal(cell, "", "the last row ends");
  return rows;
}

async function readCsvCopy(directory: string): Promise<Content> {
  const contents = tables.map(async (table) => {
    const [header = [], ...rows] = parseCsv(await readFile(join(directory, `${table}.csv`), "utf8"));
    return [table, rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]!])))];
  });
  return Object.fromEntries(await Promise.all(contents));
}

function readSqliteCopy(path: string): Content {
  const database = new DatabaseSync(path, { readOnly: true });
  const flags = scalarFields.filter(({ kind }) => kind === "flag").map(({ property }) => property as string);
  const isFlag = (name: string) => [...flags, "postApproval", "default", "protected"].includes(name);
  const text = (name: string, value: unknown) => (isFlag(name) ? String(value === 1) : String(value ?? ""));
  const contents = tables.map((table) => {
    const rows = database.prepare(`select * from "${table}"`).all();
    return [
      table,
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(name, value)]))),
    ];
  });
  database.close();
  return Object.fromEntries(contents);
}

const readCopy = (place: string): Promise<Content> | Content =>
  place.endsWith(".sqlite") ? readSqliteCopy(place) : readCsvCopy(place);

/** The lists of the API, as a copy should contain them. */
export async function readLists(app: TestApp): Promise<Content> {
  const [users, groups, locations] = await Promise.all([
    listAll(app, "users"),
    listAll(app, "groups"),
    listAll(app, "locations"),
  ]);
  const row = ({ version: _, createdAt: _1, updatedAt: _2, memberships: _3, ...values }: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOf(value)]));
  return {
    users: users.map((user) => ({ ...row(user), email: textOf((user.emails as string[])[0]) })),
    groups: groups.map(row),
    memberships: users.flatMap(({ id, memberships }) =>
      (memberships as { groupId: string; role: number }[]).map(({ groupId, role }) => ({
        userId: String(id),
        groupId,
        role: String(role),
      })),
    ),
    locations: locations.map(row),
  };
}

const textOf = (value: unknown) =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");

async function listAll(app: TestApp, list: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { json } = await app.inject({ url: `/v1/${list}?limit=1000${cursor === "" ? "" : `&cursor=${cursor}`}` });
    items.push(...json.items);
    cursor = json.nextCursor;
  }
  return items;
}

/** Asserts that a copy contains what the API lists, and nothing else. */
export async function assertCopied(app: TestApp, place: string): Promise<void> {
  const sorted = (content: Content) =>
    Object.fromEntries(
      Object.entries(content).map(([table, rows]) => [
        table,
        rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort(),
      ]),
    );
  assert.deepEqual(sorted(await readCopy(place)), sorted(await readLists(app)));
}
