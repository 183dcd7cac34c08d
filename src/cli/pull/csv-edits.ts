import type { Item } from "./copy.ts";
import { compareBytes, compareOf, membershipRows } from "./csv-rows.ts";
import type { Rewrite } from "./csv-staging.ts";
import { type CsvWriter, firstCell, readRow, readRows, writeRow } from "./csv-text.ts";
import { type Edit, type Edits, locationsAfter, rolesAfter } from "./edits.ts";
import { type Cell, cellsOf, columns, keys, rowOf } from "./tables.ts";

/** Rewrites the tables that edits change. */
export async function applyEdits(edits: Edits, rewrite: Rewrite): Promise<void> {
  for (const list of ["users", "groups"] as const) {
    if (![...edits[list].values()].some(changesRow)) continue;
    await rewrite(list, (path, writer) =>
      merge(single(readRows(path)), writer, {
        edits: edits[list],
        compare: compareOf[list],
        edited: (key, [row], edit) => editedRow(list, key, row, edit),
      }),
    );
  }
  await applyToMemberships(edits, rewrite);
  if (edits.locations.length > 0) await applyToLocations(edits, rewrite);
}

const changesRow = ({ action, values }: Edit) => action !== "updated" || Object.keys(values).length > 0;

function editedRow(list: "users" | "groups", key: string, row: string | undefined, { action, values }: Edit): string[] {
  if (action === "created") return [writeRow(rowOf(list, { ...values, [keys[list]]: key }))];
  if (action === "deleted" || row === undefined) return [];
  const cells: Cell[] = readRow(row);
  for (const [name, cell] of Object.entries(cellsOf(list, values))) cells[columns[list].indexOf(name)] = cell;
  return [writeRow(cells)];
}

async function applyToMemberships(edits: Edits, rewrite: Rewrite): Promise<void> {
  const changes = ({ action, memberships }: Edit) => action !== "updated" || memberships.size > 0;
  const users = new Map([...edits.users].filter(([, edit]) => changes(edit)));
  if (users.size === 0) return;
  await rewrite("memberships", (path, writer) =>
    merge(grouped(readRows(path)), writer, {
      edits: users,
      compare: compareOf.users,
      edited: (key, rows, edit) => {
        const before = new Map(rows.map(readRow).map(([, groupId, role]) => [groupId!, Number(role)]));
        return membershipRows(key, rolesAfter(before, edit));
      },
    }),
  );
}

async function applyToLocations({ locations }: Edits, rewrite: Rewrite): Promise<void> {
  await rewrite("locations", async (path, writer) => {
    const before = new Map<string, Item>();
    for await (const row of readRows(path)) before.set(firstCell(row), { groups: JSON.parse(readRow(row)[1]!) });
    const after = [...locationsAfter(before, locations)].sort(([one], [other]) => compareBytes(one, other));
    for (const [name, values] of after) await writer.write(writeRow(rowOf("locations", { name, ...values })));
  });
}

/** Consecutive rows with one key. */
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

/** Edits of rows. */
interface RowEdits {
  /** By key. */
  readonly edits: ReadonlyMap<string, Edit>;
  /** The order of keys in the file. */
  readonly compare: (one: string, other: string) => number;
  /** The rows of a key after its edit. */
  readonly edited: (key: string, rows: readonly string[], edit: Edit) => readonly string[];
}

/** Writes stored rows with edits made in them. Both are in the order of keys: no more than the edits is in memory. */
async function merge(
  stored: AsyncIterable<Rows>,
  writer: CsvWriter,
  { edits, compare, edited }: RowEdits,
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
