import { type ExitStatus, exitStatus } from "../exit-status.ts";
import type { Problem } from "../service/api.ts";
import { table } from "../table.ts";
import { count, printable, wrap } from "../text.ts";
import type { HoldDocument, ImportDocument, RowDocument } from "./import-document.ts";

/** What the service said of a file that it took. */
export interface Report {
  readonly document: ImportDocument;
  /** Rows that need a look, the first ones; null: the key may not read them. */
  readonly rows: readonly RowDocument[] | null;
  readonly hasMoreRows: boolean;
  /** An attempt before had arrived: this is its answer. */
  readonly isReplay: boolean;
  /** Id of the import as which an attempt before was processed, too; null: of none. */
  readonly processedBefore: string | null;
}

/** What a report says of how the command ends. A file that waits is told first: somebody has to decide. */
export function statusOf({ hold, counts, status }: ImportDocument): ExitStatus {
  if (status === "held" || (status === "planned" && hold !== null)) return exitStatus.held;
  return (counts?.failed ?? 0) > 0 ? exitStatus.rowsFailed : exitStatus.done;
}

/** How far the clock of the service may be from running evenly, in milliseconds. */
const slack = 5000;

/**
 * The import as which the same file was processed while this one was being sent: the service forgets the Idempotency-Keys
 * of requests that its end interrupts, so that one that was applied just before is applied again.
 * @param others imports of the source
 * @param elapsed since the first attempt began, in milliseconds
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

/** Shown even when nothing was counted. */
const always = ["rows", "added", "updated", "unchanged", "failed"];

/**
 * The report for a person.
 * @param name of the file, as it was given
 * @param width of the terminal in characters; Infinity where there is none
 * @param url of the service, for what to do next
 */
export function reportLines(
  { document, rows, hasMoreRows, isReplay, processedBefore }: Report,
  name: string,
  width: number,
  url: string,
): string[] {
  const { id, counts, hold, dryRun, status, summary } = document;
  const lines = [
    `${name}: ${dryRun ? "dry run, nothing was applied" : status}.`,
    ...wrap(summary, width),
    ...(isReplay
      ? wrap(
          "The file had arrived with an attempt before, whose answer got lost. This is that answer; it was applied once.",
          width,
        )
      : []),
    ...(processedBefore === null
      ? []
      : wrap(
          `An attempt before had arrived, too: the file was processed twice, first as import ${processedBefore}.`,
          width,
        )),
    ...(counts === null ? [] : ["", ...countLines(counts)]),
    ...(hold === null ? [] : ["", ...holdLines(document, hold, width, url)]),
    ...rowLines(rows, hasMoreRows, document, width, url),
    "",
    `Import ${id}`,
  ];
  return lines.map(printable);
}

/** `notAdded` as `not added` */
const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function countLines(counts: Readonly<Record<string, number>>): string[] {
  const shown = Object.entries(counts).filter(([name, number]) => number > 0 || always.includes(name));
  const nameWidth = Math.max(...shown.map(([name]) => words(name).length));
  const numberWidth = Math.max(...shown.map(([, number]) => count(number).length));
  return shown.map(([name, number]) => `  ${words(name).padEnd(nameWidth)}  ${count(number).padStart(numberWidth)}`);
}

function holdLines({ id, planHash, dryRun }: ImportDocument, hold: HoldDocument, width: number, url: string): string[] {
  const what = hold.scope === "removals" ? "What the file takes away" : "The whole file";
  const reasons = hold.reasons.map(({ code, limit, message }) => [code, limit, message]);
  const advice = new Set(hold.reasons.map((reason) => reason.advice));
  const waiting = Object.entries(hold.waiting).filter(([, number]) => number > 0);
  return [
    `${what} ${dryRun ? "would wait" : "waits"} for a decision:`,
    "",
    ...table(columnsOf("REASON", "LIMIT", "WHAT WAS FOUND"), reasons, width - 2).map((line) => `  ${line}`),
    "",
    ...[...advice].flatMap((text) => wrap(text, width)),
    ...(waiting.length === 0 ? [] : ["", "To be taken away:", "", ...countLines(Object.fromEntries(waiting))]),
    ...(dryRun ? [] : ["", ...approvalLines(id, planHash, url)]),
  ];
}

const approvalLines = (id: string, planHash: string | null, url: string) => [
  "To see what waits:",
  `  curl -H "Authorization: Bearer $MUSTER_KEY" -H 'Accept: text/csv' ${url}/v1/imports/${id}/plan`,
  "To approve it, with a key that has the service approvals and may not import:",
  `  curl -H "Authorization: Bearer $APPROVALS_KEY" -H 'Content-Type: application/json' \\`,
  `    -d '{ "planHash": "${planHash}", "decidedBy": "YOUR NAME" }' \\`,
  `    ${url}/v1/imports/${id}/approve`,
];

const columnsOf = (...titles: string[]) => titles.map((title) => ({ title, align: "left" as const }));

const rowColumns = [
  { title: "ROW", align: "right" },
  { title: "LINE", align: "right" },
  ...columnsOf("OUTCOME", "CODE", "FIELD", "MESSAGE"),
] as const;

function rowLines(
  rows: readonly RowDocument[] | null,
  hasMore: boolean,
  { id, counts }: ImportDocument,
  width: number,
  url: string,
): string[] {
  if (rows === null) {
    if ((counts?.failed ?? 0) + (counts?.warnings ?? 0) === 0) return [];
    return ["", "This key may not read which rows these are: it needs the service import or retrieve."];
  }
  if (rows.length === 0) return [];
  const cells = rows.map(({ row, line, outcome, code, field, message }) =>
    row === 0
      ? ["–", "–", outcome, code, field ?? "", `(not in the file) ${message}`]
      : [String(row), String(line), outcome, code, field ?? "", message],
  );
  return [
    ...["", "Rows to look at:", ""],
    ...table(
      rowColumns,
      cells.map((row) => row.map(printable)),
      width - 2,
    ).map((line) => `  ${line}`),
    ...(hasMore ? [`  … and more: ${url}/v1/imports/${id}/rows`] : []),
  ];
}

/** A refusal for a person. */
export function refusalLines({ code, detail, importId }: Problem, name: string, width: number): string[] {
  return [
    `${name}: refused${code === null ? "" : ` (${code})`}.`,
    ...wrap(detail, width),
    ...(importId === undefined ? [] : ["", `Import ${importId}`]),
  ].map(printable);
}
