import { chmod, open } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import { CommandError, exitStatus, usageError } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { printable, quotedPath } from "../text.ts";
import type { Copy, CopySettings, Draft } from "./copy.ts";
import { requireSameService } from "./same-service.ts";
import { sqliteDraft } from "./sqlite-draft.ts";
import { creation, quotedName } from "./sqlite-tables.ts";
import { byTable, layout, type Table } from "./tables.ts";

/** A row of the table muster_pull. */
interface State {
  readonly cursor: string;
  /** Address of the service. */
  readonly url: string;
  /** Identifies the columns. */
  readonly layout: string;
}

/**
 * Opens a copy as an SQLite database. One transaction changes data and cursor.
 * @throws CommandError when this Node.js has no SQLite, or the file is not a copy of this service
 */
export async function openSqliteCopy(path: string, { address, mode }: CopySettings): Promise<Copy> {
  const Database = await loadSqlite();
  let database: DatabaseSync | undefined;
  let state: State | undefined;
  try {
    await createFile(path);
    database = new Database(path);
    database.exec("pragma busy_timeout = 10000");
    state = readState(database);
    await setModes(path, mode);
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
    if (state !== undefined) requireSameService(path, state.url, address);
  } catch (error) {
    database?.close();
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      exitStatus.copyUnusable,
      `${quotedPath(path)} cannot be used: ${printable(fileReason(error))}. Pull to another place.`,
    );
  }
  return copyOf(database, path, address, state?.layout === layout ? state : undefined);
}

function copyOf(database: DatabaseSync, path: string, address: string, stored: State | undefined): Copy {
  let state = stored;
  const begin = (isNew: boolean): Draft => {
    database.exec("begin immediate");
    if (isNew) database.exec(creation);
    return sqliteDraft(database, async (cursor) => {
      database.exec("delete from muster_pull");
      database.prepare("insert into muster_pull values (?, ?, ?)").run(cursor, address, layout);
      database.exec("commit");
      state = { cursor, url: address, layout };
    });
  };
  const countRows = (table: Table) =>
    state ? Number(database.prepare(`select count(*) as count from ${quotedName(table)}`).get()?.count) : 0;
  return {
    place: path,
    cursor: () => state?.cursor,
    counts: async () => byTable(countRows),
    change: async () => begin(false),
    rebuild: async () => begin(true),
    close: async () => database.close(),
  };
}

/** SQLite would create it with permissions for everybody. Its journals get the permissions of the database. */
async function createFile(path: string): Promise<void> {
  const file = await open(path, "a", 0o600);
  await file.close();
}

async function setModes(path: string, mode: number): Promise<void> {
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    await chmod(name, mode).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
}

/** @returns undefined for an empty database @throws Error for a database of another program */
function readState(database: DatabaseSync): State | undefined {
  const names = database.prepare("select name from sqlite_master where type = 'table'").all();
  if (names.some(({ name }) => name === "muster_pull")) {
    return database.prepare("select cursor, url, layout from muster_pull").get() as unknown as State | undefined;
  }
  if (names.length > 0) throw new Error("it is a database of another program");
  return undefined;
}

type SqliteModule = typeof import("node:sqlite");

/** Node.js warns that SQLite is experimental, which does not concern people who want a copy. */
async function loadSqlite(): Promise<SqliteModule["DatabaseSync"]> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return (await import("node:sqlite")).DatabaseSync;
  } catch {
    throw usageError(
      `A copy as SQLite needs Node.js 22.13 or later, and this is ${process.versions.node}. Pull to a directory: a copy as CSV works here.`,
    );
  } finally {
    process.emitWarning = emitWarning;
  }
}
