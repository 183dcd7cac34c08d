import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { quotedPath } from "../text.ts";
import type { Copy, CopySettings } from "./copy.ts";
import { csvDraft } from "./csv-draft.ts";
import { findDamaged, readState, removeStaged, rollForward, type State, setModes, writeState } from "./csv-state.ts";
import { requireSameService } from "./same-service.ts";
import { byTable, type Table } from "./tables.ts";

/**
 * Opens a copy as CSV, one file for each table. New files are written beside the old ones. Then a new state, which names
 * them and the cursor, replaces the old state: that is the commit. After it the new files take the names of the old ones.
 * If the process ends in between, the next one reads the state and renames them.
 *
 * @param onDamage called with a message when somebody has changed a file; the copy is rebuilt
 */
export async function openCsvCopy(
  directory: string,
  { address, mode }: CopySettings,
  onDamage: (message: string) => void,
): Promise<Copy> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let state = await readState(directory);
  if (state !== undefined) {
    requireSameService(directory, state.url, address);
    await rollForward(directory, state);
    await setModes(directory, mode);
    const damaged = await findDamaged(directory, state);
    if (damaged !== undefined) {
      onDamage(`Somebody has changed ${quotedPath(join(directory, damaged))}. Everything is read again.`);
      state = undefined;
    }
  }
  await removeStaged(directory, state === undefined ? [] : Object.values(state.files).map(({ staged }) => staged));
  let generation = 0;
  const nameFor = (table: Table) => {
    generation += 1;
    return `.${table}.${process.pid}-${Date.now().toString(36)}-${generation}.staged`;
  };
  const commit = async (next: State) => {
    await writeState(directory, next, mode);
    state = next;
    await rollForward(directory, next);
  };
  const draft = (stored: State["files"] | undefined) => csvDraft({ directory, address, mode, stored, nameFor, commit });
  return {
    place: directory,
    cursor: () => state?.cursor,
    counts: async () => byTable((table) => state?.files[table].rows ?? 0),
    change: async () => draft(state?.files),
    rebuild: async () => draft(undefined),
    close: async () => {},
  };
}
