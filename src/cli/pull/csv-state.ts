import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { WrittenFile } from "./csv-text.ts";
import { layout, type Table, tables } from "./tables.ts";

/** What a directory's state says: the files, as they are or are about to be, and where in the feed they stand. */
export interface State {
  readonly cursor: string;
  /** Address of the service. */
  readonly url: string;
  /** What the columns are: a copy of an older version begins anew. */
  readonly layout: string;
  readonly files: Readonly<Record<Table, WrittenFile & { readonly staged: string }>>;
}

const stateName = ".muster-pull.json";
export const fileOf = (table: Table) => `${table}.csv`;

export async function readState(directory: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(join(directory, stateName), "utf8")) as State;
    return state.layout === layout ? state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export async function writeState(directory: string, state: State): Promise<void> {
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
export async function rollForward(directory: string, { files }: State): Promise<void> {
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

/** What processes that were killed had begun. */
export async function removeStaged(directory: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^\.\w+\..*\.staged$/.test(name) && !kept.includes(name)) await rm(join(directory, name), { force: true });
  }
}
