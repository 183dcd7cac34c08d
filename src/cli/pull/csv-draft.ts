import type { Draft } from "./copy.ts";
import { applyEdits } from "./csv-edits.ts";
import { membershipRows } from "./csv-rows.ts";
import { createStaging, type StagingSettings } from "./csv-staging.ts";
import type { State } from "./csv-state.ts";
import { writeRow } from "./csv-text.ts";
import { layout, rolesOf, rowOf } from "./tables.ts";

/** Dependencies of a draft. */
export interface DraftSettings extends StagingSettings {
  /** Of the service. */
  readonly address: string;
  /** Makes the files of a state the copy. */
  readonly commit: (state: State) => Promise<void>;
}

/** Begins a change of a copy as CSV. */
export function csvDraft({ address, commit, ...settings }: DraftSettings): Draft {
  const staging = createStaging(settings);
  return {
    add: async (list, items) => {
      const writer = await staging.writer(list);
      for (const item of items) await writer.write(writeRow(rowOf(list, item)));
      if (list !== "users") return;
      const memberships = await staging.writer("memberships");
      for (const item of items) {
        for (const row of membershipRows(String(item.id), rolesOf(item))) await memberships.write(row);
      }
    },
    apply: async (edits) => {
      await staging.complete();
      await applyEdits(edits, staging.rewrite);
    },
    commit: async (cursor) => commit({ cursor, url: address, layout, files: await staging.complete() }),
    abandon: staging.abandon,
  };
}
