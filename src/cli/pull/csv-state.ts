import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { WrittenFile } from "./csv-text.ts";
import { layout, type Table, tables } from "./tables.ts";

/** Names the files of a committed copy, and its position in the feed. */
export interface State {
  readonly cursor: string;
  /** Address of the service. */
  readonly url: string;
  /** Identifies the columns. */
  readonly layout: string;
  readonly files: Readonly<Record<Table, StoredFile>>;
}

/** A file of a committed copy. */
export interface StoredFile extends WrittenFile {
  /** Its name until it has the name of its table. */
  readonly staged: string;
}

const stateName = ".muster-pull.json";
/** Name of a table's file. */
export const fileOf = (table: Table): string => `${table}.csv`;

/** Reads the state of a directory; undefined when it is missing or has another layout. */
export async function readState(directory: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(join(directory, stateName), "utf8")) as State;
    return state.layout === layout ? state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces the state of a directory in one step. */
export async function writeState(directory: string, state: State, mode: number): Promise<void> {
  const written = join(directory, `${stateName}.new`);
  const file = await open(written, "w", 0o600);
  try {
    await file.chmod(mode);
    await file.writeFile(`${JSON.stringify(state)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(directory);
  await rename(written, join(directory, stateName));
  await syncDirectory(directory);
}

/** Gives committed files the names of their tables. Files that have them already stay. */
export async function rollForward(directory: string, { files }: State): Promise<void> {
  for (const table of tables) {
    await rename(join(directory, files[table].staged), join(directory, fileOf(table))).catch(unlessMissing);
  }
  await syncDirectory(directory);
}

/** Sets the permissions of all files of a copy. */
export async function setModes(directory: string, mode: number): Promise<void> {
  for (const name of [stateName, ...tables.map(fileOf)]) await chmod(join(directory, name), mode).catch(unlessMissing);
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/** A rename survives a power failure once its directory is on the disk. Windows cannot sync a directory. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}

/** @returns the name of a file that is missing, or is not as the state describes it */
export async function findDamaged(directory: string, { files }: State): Promise<string | undefined> {
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

/** Removes what killed processes left. @param kept names of staged files that belong to the copy */
export async function removeStaged(directory: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^\.\w+\..*\.staged$/.test(name) && !kept.includes(name)) await rm(join(directory, name), { force: true });
  }
}
