import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { CommandError, exitStatus, usageError } from "../exit-status.ts";
import type { Copy, Draft, Item } from "./copy.ts";
import { type Change, type Edit, type Edits, locationsAfter } from "./edits.ts";
import { requireSameService } from "./same-service.ts";
import { type Cell, cellsOf, columns, completeCells, keys, type List, layout, type Table, tables } from "./tables.ts";

/** Numbers of these columns are compared as numbers. */
const integers = new Set([
  ...["id", "userId", "role", "showAllGroups"],
  ...["category", "type", "privacy", "postApproval", "default", "protected", "guardPercent"],
]);

const quoted = (name: string) => `"${name}"`;
const listed = (names: readonly string[]) => names.map(quoted).join(", ");

const definition = (table: Table) => {
  const keyColumns = table === "memberships" ? ["userId", "groupId"] : [keys[table]];
  const members = columns[table].map((name) => `${quoted(name)} ${integers.has(name) ? "integer" : "text"}`);
  return `create table ${quoted(table)} (${members.join(", ")}, primary key (${listed(keyColumns)})) without rowid`;
};

/** Begins a copy: drops the tables of one that was there. */
const creation = `
  ${tables.map((table) => `drop table if exists ${quoted(table)}; ${definition(table)};`).join("\n  ")}
  create index memberships_of_groups on memberships ("groupId");
  create table if not exists muster_pull (cursor text not null, url text not null, layout text not null);
  delete from muster_pull;`;

/**
 * A copy as an SQLite database. Data and cursor change in one transaction.
 * @param url of the service
 * @throws CommandError when this Node.js has no SQLite, or the file is no copy of this service
 */
export async function openSqliteCopy(path: string, url: string): Promise<Copy> {
  const Database = await loadSqlite();
  let database: DatabaseSync;
  let state: { cursor: string; url: string; layout: string } | undefined;
  try {
    database = new Database(path);
    database.exec("pragma busy_timeout = 10000; pragma journal_mode = wal; pragma synchronous = full");
    const isThere = database.prepare("select 1 from sqlite_master where name = 'muster_pull'").get();
    const others = database.prepare("select count(*) as count from sqlite_master where type = 'table'").get();
    if (!isThere && Number(others?.count) > 0) throw new Error("it is a database of something else");
    if (isThere) state = database.prepare("select cursor, url, layout from muster_pull").get() as typeof state;
  } catch (error) {
    throw new CommandError(exitStatus.copyUnusable, `${path} cannot be used: ${(error as Error).message}.`);
  }
  if (state) requireSameService(path, state.url, url);
  if (state?.layout !== layout) state = undefined;
  const begin = (isNew: boolean): Draft => {
    database.exec("begin immediate");
    if (isNew) database.exec(creation);
    return sqliteDraft(database, async (cursor) => {
      database.exec("delete from muster_pull");
      database.prepare("insert into muster_pull values (?, ?, ?)").run(cursor, url, layout);
      database.exec("commit");
      state = { cursor, url, layout };
    });
  };
  const countRows = (table: Table) =>
    state ? Number(database.prepare(`select count(*) as count from ${quoted(table)}`).get()?.count) : 0;
  return {
    place: path,
    cursor: () => state?.cursor,
    counts: async () => Object.fromEntries(tables.map((table) => [table, countRows(table)])) as never,
    change: async () => begin(false),
    rebuild: async () => begin(true),
    close: async () => database.close(),
  };
}

type SqliteModule = typeof import("node:sqlite");

/** Its warning that SQLite is experimental says nothing to who only wants a copy. */
async function loadSqlite(): Promise<SqliteModule["DatabaseSync"]> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return (await import("node:sqlite")).DatabaseSync;
  } catch {
    throw usageError(
      `A copy as SQLite needs Node.js 22.13 or later, and this is ${process.versions.node}. Pull to a directory instead: a copy as CSV works here.`,
    );
  } finally {
    process.emitWarning = emitWarning;
  }
}

function sqliteDraft(database: DatabaseSync, commit: (cursor: string) => Promise<void>): Draft {
  const prepared = new Map<string, StatementSync>();
  const run = (text: string, ...values: readonly Cell[]) => {
    const statement = prepared.get(text) ?? database.prepare(text);
    prepared.set(text, statement);
    statement.run(...values.map(toValue));
  };
  const save = (list: List, item: Item) => {
    const cells = { [keys[list]]: String(item[keys[list]]), ...completeCells(list, item) };
    const names = columns[list];
    run(
      `insert or replace into ${quoted(list)} values (${names.map(() => "?").join(", ")})`,
      ...names.map((name) => cells[name]!),
    );
  };
  const saveRole = (userId: string, groupId: string, role: number) =>
    run(
      `insert or replace into memberships select ?1, ?2, ?3 where exists (select 1 from users where id = ?1)`,
      ...[Number(userId), groupId, role],
    );
  return {
    add: async (list, items) => {
      for (const item of items) {
        save(list, item);
        const memberships = list === "users" ? (item.memberships as { groupId: string; role: number }[]) : [];
        for (const { groupId, role } of memberships) saveRole(String(item.id), groupId, role);
      }
    },
    apply: async (edits) => applyEdits(database, edits, { run, save, saveRole }),
    commit,
    abandon: async () => {
      // Some errors, such as a full disk, have ended it already.
      if (database.isTransaction) database.exec("rollback");
    },
  };
}

/** Booleans are 0 and 1. */
const toValue = (cell: Cell): SQLInputValue => (typeof cell === "boolean" ? Number(cell) : cell);

interface Tools {
  readonly run: (text: string, ...values: readonly Cell[]) => void;
  readonly save: (list: List, item: Item) => void;
  readonly saveRole: (userId: string, groupId: string, role: number) => void;
}

function applyEdits(database: DatabaseSync, edits: Edits, { run, save, saveRole }: Tools): void {
  const edit = (list: "users" | "groups", key: string, { fate, values }: Edit) => {
    if (fate === "created") save(list, { ...values, [keys[list]]: key });
    else if (fate === "deleted") run(`delete from ${quoted(list)} where ${quoted(keys[list])} = ?`, key);
    else {
      const cells = Object.entries(cellsOf(list, values));
      if (cells.length === 0) return;
      const sets = cells.map(([name]) => `${quoted(name)} = ?`).join(", ");
      const where = `where ${quoted(keys[list])} = ?`;
      run(`update ${quoted(list)} set ${sets} ${where}`, ...cells.map(([, cell]) => cell), key);
    }
  };
  for (const [key, change] of edits.groups) edit("groups", key, change);
  for (const [key, change] of edits.users) {
    edit("users", key, change);
    if (change.fate !== "updated") run("delete from memberships where userId = ?", Number(key));
    for (const [groupId, role] of change.memberships) {
      if (role === null) run("delete from memberships where userId = ? and groupId = ?", Number(key), groupId);
      else saveRole(key, groupId, role);
    }
  }
  if (edits.locations.length > 0) changeLocations(database, edits.locations, { run, save, saveRole });
}

function changeLocations(database: DatabaseSync, changes: readonly Change[], { run, save }: Tools): void {
  const rows = database.prepare('select name, "groups" from locations').all() as { name: string; groups: string }[];
  const before = new Map(rows.map(({ name, groups }) => [name, { groups: JSON.parse(groups) }]));
  const after = locationsAfter(before, changes);
  for (const name of before.keys()) if (!after.has(name)) run("delete from locations where name = ?", name);
  for (const [name, values] of after) if (values !== before.get(name)) save("locations", { name, ...values });
}
