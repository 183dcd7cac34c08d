import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Copy, Draft, Item } from "./copy.ts";
import { type CsvWriter, firstCell, openCsv, readRow, readRows, type WrittenFile, writeRow } from "./csv-text.ts";
import { type Edit, type Edits, locationsAfter, rolesAfter } from "./edits.ts";
import { requireSameService } from "./same-service.ts";
import { type Cell, cellsOf, columns, completeCells, keys, type List, layout, type Table, tables } from "./tables.ts";

/** What a directory's state says: the files, as they are or are about to be, and where in the feed they stand. */
interface State {
  readonly cursor: string;
  /** Address of the service. */
  readonly url: string;
  /** What the columns are: a copy of an older version begins anew. */
  readonly layout: string;
  readonly files: Readonly<Record<Table, WrittenFile & { readonly staged: string }>>;
}

const stateName = ".muster-pull.json";
const fileOf = (table: Table) => `${table}.csv`;

/**
 * A copy as CSV, a file for each table. New files are written beside the old ones. Then the state, which names them and
 * the cursor, replaces the old state: that is the commit. After it the new files take the names of the old ones; a process
 * that ends meanwhile leaves that to the next one, for the state says which.
 *
 * @param url of the service
 * @param onDamage told when the files are not those that were written, and the copy begins anew
 */
export async function openCsvCopy(directory: string, url: string, onDamage: (message: string) => void): Promise<Copy> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let state = await readState(directory);
  if (state !== undefined) {
    requireSameService(directory, state.url, url);
    await rollForward(directory, state);
    const damaged = await findDamaged(directory, state);
    if (damaged !== undefined) {
      onDamage(`${join(directory, damaged)} is not as it was written. Everything is read anew.`);
      state = undefined;
    }
  }
  await removeStaged(directory, state === undefined ? [] : Object.values(state.files).map(({ staged }) => staged));
  let generation = 0;
  const stage = (table: Table) => {
    generation += 1;
    return `.${table}.${process.pid}-${Date.now().toString(36)}-${generation}.staged`;
  };
  const commit = async (next: State) => {
    await writeState(directory, next);
    state = next;
    await rollForward(directory, next);
  };
  return {
    place: directory,
    cursor: () => state?.cursor,
    counts: async () => Object.fromEntries(tables.map((table) => [table, state?.files[table].rows ?? 0])) as never,
    change: async () => csvDraft(directory, url, state?.files, stage, commit),
    rebuild: async () => csvDraft(directory, url, undefined, stage, commit),
    close: async () => {},
  };
}

/** A table in a draft: a file that is stored, or written anew. */
type DraftFile = WrittenFile & { readonly staged: string; readonly path: string };

function csvDraft(
  directory: string,
  url: string,
  stored: State["files"] | undefined,
  stage: (table: Table) => string,
  commit: (state: State) => Promise<void>,
): Draft {
  const files = new Map<Table, DraftFile>();
  const isNew = new Set<string>();
  for (const table of stored ? tables : [])
    files.set(table, { ...stored![table], path: join(directory, fileOf(table)) });
  const writers = new Map<Table, { readonly staged: string; readonly writer: CsvWriter }>();

  const begin = async (table: Table) => {
    const staged = stage(table);
    const begun = { staged, writer: await openCsv(join(directory, staged), columns[table]) };
    writers.set(table, begun);
    isNew.add(staged);
    return begun.writer;
  };
  const finish = async (table: Table) => {
    const { staged, writer } = writers.get(table)!;
    const old = files.get(table);
    files.set(table, { ...(await writer.finish()), staged, path: join(directory, staged) });
    writers.delete(table);
    // What this draft wrote before, and has now written anew.
    if (old && isNew.delete(old.staged)) await rm(old.path, { force: true });
  };
  /** Ends what a list filled, and begins what none did. */
  const complete = async () => {
    for (const table of tables) {
      if (!files.has(table) && !writers.has(table)) await begin(table);
      if (writers.has(table)) await finish(table);
    }
  };
  const rewrite = async (table: Table, write: (path: string, writer: CsvWriter) => Promise<void>) => {
    const { path } = files.get(table)!;
    await write(path, await begin(table));
    await finish(table);
  };

  return {
    add: async (list, items) => {
      const writer = writers.get(list)?.writer ?? (await begin(list));
      for (const item of items) await writer.write(itemRow(list, item));
      if (list !== "users") return;
      const memberships = writers.get("memberships")?.writer ?? (await begin("memberships"));
      for (const item of items)
        for (const row of membershipRows(String(item.id), rolesOf(item))) await memberships.write(row);
    },
    apply: async (edits) => {
      await complete();
      await applyEdits(edits, rewrite);
    },
    commit: async (cursor) => {
      await complete();
      const entries = [...files].map(([table, { staged, sha256, rows }]) => [table, { staged, sha256, rows }]);
      await commit({ cursor, url, layout, files: Object.fromEntries(entries) as never });
    },
    abandon: async () => {
      for (const { writer } of writers.values()) await writer.abandon();
      for (const staged of isNew) await rm(join(directory, staged), { force: true });
    },
  };
}

function itemRow(list: List, item: Item): string {
  const cells = { [keys[list]]: String(item[keys[list]]), ...completeCells(list, item) };
  return writeRow(columns[list].map((name) => cells[name]!));
}

const rolesOf = ({ memberships }: Item) =>
  new Map((memberships as { groupId: string; role: number }[]).map(({ groupId, role }) => [groupId, role]));

const membershipRows = (userId: string, roles: ReadonlyMap<string, number>): string[] =>
  [...roles]
    .sort(([one], [other]) => compareBytes(one, other))
    .map(([groupId, role]) => writeRow([userId, groupId, role]));

type Rewrite = (table: Table, write: (path: string, writer: CsvWriter) => Promise<void>) => Promise<void>;

async function applyEdits(edits: Edits, rewrite: Rewrite): Promise<void> {
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

const compareBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
/** As the API orders its lists. */
const compareOf = { users: (one: string, other: string) => Number(one) - Number(other), groups: compareBytes } as const;

async function readState(directory: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(join(directory, stateName), "utf8")) as State;
    return state.layout === layout ? state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function writeState(directory: string, state: State): Promise<void> {
  const written = join(directory, `${stateName}.new`);
  const file = await open(written, "w");
  await file.writeFile(`${JSON.stringify(state)}\n`);
  await file.sync();
  await file.close();
  await syncDirectory(directory);
  await rename(written, join(directory, stateName));
  await syncDirectory(directory);
}

/** Gives committed files their names; those that have them already are passed over. */
async function rollForward(directory: string, { files }: State): Promise<void> {
  for (const table of tables) {
    await rename(join(directory, files[table].staged), join(directory, fileOf(table))).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      },
    );
  }
  await syncDirectory(directory);
}

/** A rename outlives a loss of power once its directory is on the disk. Not every system can be asked for that. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}

async function findDamaged(directory: string, { files }: State): Promise<string | undefined> {
  for (const table of tables) {
    const hash = createHash("sha256");
    const isThere = await pipeline(createReadStream(join(directory, fileOf(table))), hash).then(
      () => true,
      () => false,
    );
    if (!isThere || hash.digest("hex") !== files[table].sha256) return fileOf(table);
  }
  return undefined;
}

/** What processes that were killed had begun. */
async function removeStaged(directory: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^\.\w+\..*\.staged$/.test(name) && !kept.includes(name)) await rm(join(directory, name), { force: true });
  }
}
