import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Draft, Item } from "./copy.ts";
import { type Change, type Edit, type Edits, locationsAfter } from "./edits.ts";
import { quotedName } from "./sqlite-tables.ts";
import { type Cell, cellsOf, columns, keys, type List, rolesOf, rowOf } from "./tables.ts";

/** A change of a copy as SQLite, in the transaction that is open. */
export function sqliteDraft(database: DatabaseSync, commit: (cursor: string) => Promise<void>): Draft {
  const writer = createWriter(database);
  return {
    add: async (list, items) => {
      for (const item of items) {
        writer.save(list, item);
        if (list !== "users") continue;
        for (const [groupId, role] of rolesOf(item)) writer.saveRole(String(item.id), groupId, role);
      }
    },
    apply: async (edits) => applyEdits(database, edits, writer),
    commit,
    abandon: async () => {
      // Some errors, such as a full disk, have ended the transaction.
      if (database.isTransaction) database.exec("rollback");
    },
  };
}

/** Writes rows with statements that are prepared once. */
interface Writer {
  readonly run: (text: string, ...values: readonly Cell[]) => void;
  readonly save: (list: List, item: Item) => void;
  readonly saveRole: (userId: string, groupId: string, role: number) => void;
}

function createWriter(database: DatabaseSync): Writer {
  const prepared = new Map<string, StatementSync>();
  const run = (text: string, ...values: readonly Cell[]) => {
    const statement = prepared.get(text) ?? database.prepare(text);
    prepared.set(text, statement);
    statement.run(...values.map(toValue));
  };
  const save = (list: List, item: Item) => {
    const places = columns[list].map(() => "?").join(", ");
    run(`insert or replace into ${quotedName(list)} values (${places})`, ...rowOf(list, item));
  };
  const saveRole = (userId: string, groupId: string, role: number) =>
    run(
      "insert or replace into memberships select ?1, ?2, ?3 where exists (select 1 from users where id = ?1)",
      Number(userId),
      groupId,
      role,
    );
  return { run, save, saveRole };
}

/** SQLite has no booleans. */
const toValue = (cell: Cell): SQLInputValue => (typeof cell === "boolean" ? Number(cell) : cell);

function applyEdits(database: DatabaseSync, edits: Edits, writer: Writer): void {
  const { run, saveRole } = writer;
  for (const [key, edit] of edits.groups) applyEdit("groups", key, edit, writer);
  for (const [key, edit] of edits.users) {
    applyEdit("users", key, edit, writer);
    if (edit.action !== "updated") run("delete from memberships where userId = ?", Number(key));
    for (const [groupId, role] of edit.memberships) {
      if (role === null) run("delete from memberships where userId = ? and groupId = ?", Number(key), groupId);
      else saveRole(key, groupId, role);
    }
  }
  if (edits.locations.length > 0) changeLocations(database, edits.locations, writer);
}

function applyEdit(list: "users" | "groups", key: string, { action, values }: Edit, { run, save }: Writer): void {
  const where = `where ${quotedName(keys[list])} = ?`;
  if (action === "created") save(list, { ...values, [keys[list]]: key });
  else if (action === "deleted") run(`delete from ${quotedName(list)} ${where}`, key);
  else {
    const cells = Object.entries(cellsOf(list, values));
    if (cells.length === 0) return;
    const sets = cells.map(([name]) => `${quotedName(name)} = ?`).join(", ");
    run(`update ${quotedName(list)} set ${sets} ${where}`, ...cells.map(([, cell]) => cell), key);
  }
}

function changeLocations(database: DatabaseSync, changes: readonly Change[], { run, save }: Writer): void {
  const rows = database.prepare('select name, "groups" from locations').all() as { name: string; groups: string }[];
  const before = new Map(rows.map(({ name, groups }) => [name, { groups: JSON.parse(groups) }]));
  const after = locationsAfter(before, changes);
  for (const name of before.keys()) if (!after.has(name)) run("delete from locations where name = ?", name);
  for (const [name, values] of after) if (values !== before.get(name)) save("locations", { name, ...values });
}
