import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Copy } from "./copy.ts";
import { csvDraft } from "./csv-draft.ts";
import { findDamaged, readState, removeStaged, rollForward, type State, writeState } from "./csv-state.ts";
import { requireSameService } from "./same-service.ts";
import { type Table, tables } from "./tables.ts";

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
