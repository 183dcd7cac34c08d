import { table } from "../table.ts";
import { count, printable, wrap } from "../text.ts";
import type { HoldDocument, ImportDocument } from "./documents.ts";
import type { Notes, Report } from "./outcome.ts";

/** Counts that are shown even when they are 0. */
const always = ["rows", "added", "updated", "unchanged", "failed"];

/** The place of a report. */
export interface Page {
  /** Name of the file, as it was given. */
  readonly name: string;
  /** Characters in a line; Infinity breaks no line. */
  readonly width: number;
  /** Address of the service, for commands that the report suggests. */
  readonly address: string;
}

/** The report for people, in lines. */
export function reportLines({ document, notes, isReplay, processedBefore }: Report, page: Page): string[] {
  const { id, counts, hold, dryRun, status, summary } = document;
  const lines = [`${page.name}: ${dryRun ? "dry run, nothing was applied" : status}.`, ...wrap(summary, page.width)];
  if (isReplay) {
    lines.push(
      ...wrap(
        "An earlier attempt had arrived and its answer was lost. This is that answer; the file was applied once.",
        page.width,
      ),
    );
  }
  if (processedBefore !== null) {
    lines.push(
      ...wrap(
        `An earlier attempt had arrived, too: the file was processed twice, first as import ${processedBefore}.`,
        page.width,
      ),
    );
  }
  if (counts !== null) lines.push("", ...countLines(counts));
  if (hold !== null) lines.push("", ...holdLines(document, hold, page));
  lines.push(...noteLines(notes, document, page), "", `Import ${id}`);
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

function holdLines({ id, planHash, dryRun }: ImportDocument, hold: HoldDocument, { width, address }: Page): string[] {
  const what = hold.scope === "removals" ? "The removals of the file" : "The whole file";
  const verb = hold.scope === "removals" ? "wait" : "waits";
  const reasons = hold.reasons.map(({ code, limit, message }) => [code, limit, message]);
  const advice = new Set(hold.reasons.map((reason) => reason.advice));
  const waiting = Object.entries(hold.waiting).filter(([, number]) => number > 0);
  const lines = [`${what} ${dryRun ? "would wait" : verb} for a decision:`, ""];
  lines.push(...indented(table(columnsOf("REASON", "LIMIT", "FOUND"), reasons, width - 2)), "");
  for (const text of advice) lines.push(...wrap(text, width));
  if (waiting.length > 0) lines.push("", "Removals:", "", ...countLines(Object.fromEntries(waiting)));
  if (!dryRun) lines.push("", ...approvalLines(id, planHash, address));
  return lines;
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

const approvalLines = (id: string, planHash: string | null, address: string) => [
  "To see what waits:",
  `  curl -H "Authorization: Bearer $MUSTER_KEY" -H 'Accept: text/csv' ${address}/v1/imports/${id}/plan`,
  "To approve it, with a key that has the service approvals and may not import:",
  `  curl -H "Authorization: Bearer $APPROVALS_KEY" -H 'Content-Type: application/json' \\`,
  `    -d '{ "planHash": "${planHash}", "decidedBy": "YOUR NAME" }' \\`,
  `    ${address}/v1/imports/${id}/approve`,
];

const columnsOf = (...titles: string[]) => titles.map((title) => ({ title, align: "left" as const }));

const noteColumns = [
  { title: "ROW", align: "right" },
  { title: "LINE", align: "right" },
  ...columnsOf("OUTCOME", "CODE", "FIELD", "MESSAGE"),
] as const;

function noteLines(notes: Notes, { id, counts }: ImportDocument, { width, address }: Page): string[] {
  if (notes.kind === "unread") {
    const { failed = 0, warnings = 0, merged = 0 } = counts ?? {};
    return failed + warnings + merged === 0 ? [] : ["", ...wrap(notes.reason, width)];
  }
  if (notes.rows.length === 0) return [];
  const cells = notes.rows.map(({ row, line, outcome, code, field, message }) => {
    const isInFile = row !== 0;
    const text = isInFile ? message : `(not in the file) ${message}`;
    return [isInFile ? String(row) : "–", isInFile ? String(line) : "–", outcome, code, field ?? "", text].map(
      printable,
    );
  });
  const more = notes.hasMore ? [`  … and more: ${address}/v1/imports/${id}/rows`] : [];
  return ["", "Rows to look at:", "", ...indented(table(noteColumns, cells, width - 2)), ...more];
}
