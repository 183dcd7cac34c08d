import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Draft } from "./copy.ts";
import { applyEdits } from "./csv-edits.ts";
import { itemRow, membershipRows, rolesOf } from "./csv-rows.ts";
import { fileOf, type State } from "./csv-state.ts";
import { type CsvWriter, openCsv, type WrittenFile } from "./csv-text.ts";
import { columns, layout, type Table, tables } from "./tables.ts";

/** A table in a draft: a file that is stored, or written anew. */
type DraftFile = WrittenFile & { readonly staged: string; readonly path: string };

export function csvDraft(
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
