import type { Transaction } from "../../store/database.ts";
import { copyNotes, findSettled, noteSettled } from "../attempts/settled.ts";
import type { ReceivedFile } from "../planned-file.ts";
import { readSetup, rulesVersion, type Setup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import { finishRun } from "./carry-out.ts";

/** How a file is read, beside the settings: two equal files are equal only if they are read the same way. */
export const waysOfReading = (
  { format, charset }: Pick<ReceivedFile, "format" | "charset">,
  { style }: Setup,
): string => JSON.stringify([style, format, charset ?? null, rulesVersion]);

const dayLength = 86_400_000;

/**
 * Repeats the report of the source's last import, if the file is the very same, that import changed nothing, and nothing has
 * changed since. The file need not be read then. The transaction holds the organization's lock.
 * @returns whether it did
 */
export async function repeatSettled(
  transaction: Transaction,
  attempt: Attempt,
  received: ReceivedFile,
  clock: () => Date,
): Promise<boolean> {
  const { id, organizationId, options } = attempt;
  const setup = await readSetup(transaction, organizationId, options);
  const settledAs = waysOfReading(received, setup);
  const last = await findSettled(transaction, organizationId, {
    source: setup.source.number,
    sha256: received.body.sha256,
    settledAs,
    notBefore: new Date(clock().getTime() - (setup.settings.keepNotesDays - 1) * dayLength),
  });
  if (last === undefined) return false;
  const { counts, outcomes, reading } = last;
  await copyNotes(transaction, organizationId, last.id, id);
  await finishRun({ transaction, attempt, setup, reading, clock }, { status: "applied", counts, outcomes });
  await noteSettled(transaction, organizationId, id, settledAs);
  return true;
}
