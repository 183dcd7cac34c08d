import type { Item } from "./copy.ts";
import { compareBytes, compareOf, itemRow, membershipRows } from "./csv-rows.ts";
import { type CsvWriter, firstCell, readRow, readRows, writeRow } from "./csv-text.ts";
import { type Edit, type Edits, locationsAfter, rolesAfter } from "./edits.ts";
import { type Cell, cellsOf, columns, keys, type Table } from "./tables.ts";

export type Rewrite = (table: Table, write: (path: string, writer: CsvWriter) => Promise<void>) => Promise<void>;

export async function applyEdits(edits: Edits, rewrite: Rewrite): Promise<void> {
  for (const list of ["users", "groups"] as const) {
    if (![...edits[list].values()].some(changesRow)) continue;
    await rewrite(list, (path, writer) =>
      merge(single(readRows(path)), edits[list], compareOf[list], writer, (key, [row], edit) =>
        editedRow(list, key, row, edit),
      ),
    );
  }
  const people = new Map(
    [...edits.users].filter(([, { fate, memberships }]) => fate !== "updated" || memberships.size > 0),
  );
  if (people.size > 0) {
    await rewrite("memberships", (path, writer) =>
      merge(grouped(readRows(path)), people, compareOf.users, writer, (key, rows, edit) => {
        const before = new Map(rows.map(readRow).map(([, groupId, role]) => [groupId!, Number(role)]));
        return membershipRows(key, rolesAfter(before, edit));
      }),
    );
  }
  if (edits.locations.length > 0) {
    await rewrite("locations", async (path, writer) => {
      const before = new Map<string, Item>();
      for await (const row of readRows(path)) before.set(firstCell(row), { groups: JSON.parse(readRow(row)[1]!) });
      const after = [...locationsAfter(before, edits.locations)].sort(([one], [other]) => compareBytes(one, other));
      for (const [name, values] of after) await writer.write(itemRow("locations", { name, ...values }));
    });
  }
}

const changesRow = ({ fate, values }: Edit) => fate !== "updated" || Object.keys(values).length > 0;

function editedRow(list: "users" | "groups", key: string, row: string | undefined, { fate, values }: Edit): string[] {
  if (fate === "created") return [itemRow(list, { ...values, [keys[list]]: key })];
  if (fate === "deleted" || row === undefined) return [];
  const cells: Cell[] = readRow(row);
  for (const [name, cell] of Object.entries(cellsOf(list, values))) cells[columns[list].indexOf(name)] = cell;
  return [writeRow(cells)];
}

/** Rows of one key, which stand together. */
type Rows = readonly [key: string, rows: readonly string[]];

async function* single(rows: AsyncIterable<string>): AsyncGenerator<Rows, void, undefined> {
  for await (const row of rows) yield [firstCell(row), [row]];
}

async function* grouped(rows: AsyncIterable<string>): AsyncGenerator<Rows, void, undefined> {
  let group: { readonly key: string; readonly rows: string[] } | undefined;
  for await (const row of rows) {
    const key = firstCell(row);
    if (group?.key === key) group.rows.push(row);
    else {
      if (group) yield [group.key, group.rows];
      group = { key, rows: [row] };
    }
  }
  if (group) yield [group.key, group.rows];
}

/** Writes the rows of a file with the edits made in them; both go in the order of their keys, and no more is held than the edits. */
async function merge(
  stored: AsyncIterable<Rows>,
  edits: ReadonlyMap<string, Edit>,
  compare: (one: string, other: string) => number,
  writer: CsvWriter,
  edited: (key: string, rows: readonly string[], edit: Edit) => readonly string[],
): Promise<void> {
  const pending = [...edits].sort(([one], [other]) => compare(one, other));
  let next = 0;
  const write = async (rows: readonly string[]) => {
    for (const row of rows) {
      const full = writer.write(row);
      if (full !== undefined) await full;
    }
  };
  const writePending = (rows: readonly string[]) => {
    const [key, edit] = pending[next]!;
    next += 1;
    return write(edited(key, rows, edit));
  };
  for await (const [key, rows] of stored) {
    while (next < pending.length && compare(pending[next]![0], key) < 0) await writePending([]);
    await (pending[next]?.[0] === key ? writePending(rows) : write(rows));
  }
  while (next < pending.length) await writePending([]);
}
