import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileOf, type State, type StoredFile } from "./csv-state.ts";
import { type CsvWriter, openCsv } from "./csv-text.ts";
import { byTable, columns, type Table, tables } from "./tables.ts";

/** Rewrites a table. @param write is given the path of the present file, and the writer of the new one */
export type Rewrite = (table: Table, write: (path: string, writer: CsvWriter) => Promise<void>) => Promise<void>;

/** New files of a copy, beside the committed ones. */
export interface Staging {
  /** The writer of a new file of this table. */
  writer(table: Table): Promise<CsvWriter>;
  readonly rewrite: Rewrite;
  /** Finishes all files; a table without one gets an empty file. @returns the file of each table */
  complete(): Promise<State["files"]>;
  /** Removes the new files. */
  abandon(): Promise<void>;
}

/** Dependencies of a staging. */
export interface StagingSettings {
  readonly directory: string;
  /** Permissions of files. */
  readonly mode: number;
  /** The committed files; undefined: a new copy begins. */
  readonly stored: State["files"] | undefined;
  /** A new name for a staged file. */
  readonly nameFor: (table: Table) => string;
}

/** A file that a table has for now. */
type Present = StoredFile & { readonly path: string; readonly isNew: boolean };

/** Begins to stage files. */
export function createStaging({ directory, mode, stored, nameFor }: StagingSettings): Staging {
  const present = new Map<Table, Present>();
  const writers = new Map<Table, { readonly staged: string; readonly writer: CsvWriter }>();
  for (const table of stored === undefined ? [] : tables) {
    present.set(table, { ...stored![table], path: join(directory, fileOf(table)), isNew: false });
  }
  const writer = async (table: Table) => {
    const known = writers.get(table);
    if (known !== undefined) return known.writer;
    const staged = nameFor(table);
    const begun = { staged, writer: await openCsv(join(directory, staged), columns[table], mode) };
    writers.set(table, begun);
    return begun.writer;
  };
  const finish = async (table: Table) => {
    const begun = writers.get(table);
    if (begun === undefined) return;
    const written = await begun.writer.finish();
    writers.delete(table);
    const before = present.get(table);
    present.set(table, { ...written, staged: begun.staged, path: join(directory, begun.staged), isNew: true });
    if (before?.isNew) await rm(before.path, { force: true });
  };
  return {
    writer,
    rewrite: async (table, write) => {
      await write(present.get(table)!.path, await writer(table));
      await finish(table);
    },
    complete: async () => {
      for (const table of tables) {
        if (!present.has(table)) await writer(table);
        await finish(table);
      }
      return byTable((table) => {
        const { staged, sha256, rows } = present.get(table)!;
        return { staged, sha256, rows };
      });
    },
    abandon: async () => {
      for (const begun of writers.values()) {
        await begun.writer.abandon();
        await rm(join(directory, begun.staged), { force: true });
      }
      for (const { isNew, path } of present.values()) if (isNew) await rm(path, { force: true });
    },
  };
}
