import { type ExitStatus, exitStatus } from "../exit-status.ts";
import type { ImportDocument, RowDocument } from "./documents.ts";

/** The service's report on a file that it took. */
export interface Report {
  readonly document: ImportDocument;
  readonly notes: Notes;
  /** This is the answer to an earlier attempt, which had arrived. */
  readonly isReplay: boolean;
  /** Id of the import as which an earlier attempt was processed as well; null: no such import. */
  readonly processedBefore: string | null;
}

/** Notes on rows of the file. */
export type Notes =
  | { readonly kind: "read"; readonly rows: readonly RowDocument[]; readonly hasMore: boolean }
  /** They could not be read. @property reason a sentence */
  | { readonly kind: "unread"; readonly reason: string };

/** The exit status of an import. Held comes before failed rows: somebody has to decide. */
export function statusOf({ hold, counts, status }: ImportDocument): ExitStatus {
  if (status === "held" || (status === "planned" && hold !== null)) return exitStatus.held;
  return (counts?.failed ?? 0) > 0 ? exitStatus.rowsFailed : exitStatus.done;
}

const outcomes: Readonly<Partial<Record<ExitStatus, string>>> = {
  [exitStatus.done]: "done",
  [exitStatus.rowsFailed]: "rows_failed",
  [exitStatus.held]: "held",
};

/** The report for scripts. */
export const toJson = ({ document, notes, isReplay, processedBefore }: Report) => ({
  outcome: outcomes[statusOf(document)],
  import: document,
  rows: notes.kind === "read" ? notes.rows : null,
  hasMoreRows: notes.kind === "read" ? notes.hasMore : true,
  isReplay,
  processedBefore,
});

/** Clocks of the service and of this machine may differ in speed by so much, in milliseconds. */
const slack = 5000;

/**
 * Finds the import as which the same file was processed while this one was being sent. A service that is killed forgets
 * the Idempotency-Key of the request it was processing; a file that it had just applied is then applied again.
 * @param others imports of the source
 * @param elapsed since the first attempt began, in milliseconds
 * @returns its id; null when there is no such import
 */
export function findProcessedBefore(
  { id, kind, dryRun, source, createdAt }: ImportDocument,
  others: readonly ImportDocument[],
  elapsed: number,
): string | null {
  const isTwin = (other: ImportDocument) => {
    const earlier = Date.parse(createdAt) - Date.parse(other.createdAt);
    return (
      other.id !== id &&
      other.kind === kind &&
      other.dryRun === dryRun &&
      other.source.sha256 === source.sha256 &&
      other.status !== "failed" &&
      earlier >= 0 &&
      earlier <= elapsed + slack
    );
  };
  return others.find(isTwin)?.id ?? null;
}
