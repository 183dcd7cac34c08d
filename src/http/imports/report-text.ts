import type { ImportResource, ImportRow } from "../../reconcile/types.ts";

/** Rows that a report shows at most; the address of the rest is named. */
export const reportedRows = 50;

/**
 * A short report of an import for a person at a terminal.
 * @param rows the first notes on its rows, at most `reportedRows`
 * @param hasMore whether there are more
 */
export function reportText(resource: ImportResource, rows: readonly ImportRow[], hasMore: boolean): string {
  const { id, kind, dryRun, status, summary, source, counts, problem } = resource;
  const name = source.fileName === null ? "" : `, ${source.fileName}`;
  const place = problem?.line === undefined ? "" : ` Line ${problem.line}, column ${problem.column ?? 1}.`;
  const lines = [
    `Import of ${kind}${name}: ${dryRun ? "dry run, nothing was applied" : status}.`,
    `${summary}${place}`,
    ...(counts === null ? [] : [memberships(counts, dryRun)]),
    ...(rows.length === 0 ? [] : ["", "Rows to look at:"]),
    ...rows.map(
      ({ row, line, outcome, code, message }) =>
        `  ${row === 0 ? "not in the file" : `row ${row} (line ${line})`}, ${outcome}, ${code}: ${message}`,
    ),
    ...(hasMore ? [`  … and more: GET /v1/imports/${id}/rows`] : []),
    "",
    `Import ${id}`,
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

function memberships(counts: NonNullable<ImportResource["counts"]>, dryRun: boolean): string {
  const { membershipsAdded, membershipsRemoved, locationsCreated } = counts;
  const parts = [`${membershipsAdded} added`, `${membershipsRemoved} removed`];
  const locations =
    locationsCreated === 0 ? "" : ` Locations ${dryRun ? "to create" : "created"}: ${locationsCreated}.`;
  return `Memberships: ${dryRun ? "would be " : ""}${parts.join(", ")}.${locations}`;
}

/** What a sender wrote must not steer the terminal of whoever reads it. */
function printable(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}
