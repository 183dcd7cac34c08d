import type { ImportResource, ImportRow } from "../../reconcile/attempts/import-resource.ts";
import { placeText, printable } from "../contract/problem-text.ts";

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
  const place = problem === null ? "" : placeText(problem);
  const lines = [
    `Import of ${kind}${name}: ${dryRun ? "dry run, nothing was applied" : status}.`,
    `${summary}${place}`,
    ...(counts === null ? [] : [memberships(counts, dryRun)]),
    ...(rows.length === 0 ? [] : ["", "Rows to look at:"]),
    ...rowLines(rows),
    ...(hasMore ? [`  … and more: GET /v1/imports/${id}/rows`] : []),
    "",
    `Import ${id}`,
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** Rows of one code that are shown, where there are many. */
const shownAlike = 5;
const manyAlike = 10;

/** The notes on rows, one a line. Of many with the same code, some are enough. */
function rowLines(rows: readonly ImportRow[]): string[] {
  const kindOf = ({ outcome, code, field }: ImportRow) => `${outcome}, ${code}${field === null ? "" : ` of ${field}`}`;
  const alike = Map.groupBy(rows, kindOf);
  const shown = new Set(
    [...alike.values()].flatMap((all) => (all.length > manyAlike ? all.slice(0, shownAlike) : all)),
  );
  const lines = rows
    .filter((row) => shown.has(row))
    .map(
      ({ row, line, outcome, code, message }) =>
        `  ${row === 0 ? "not in the file" : `row ${row} (line ${line})`}, ${outcome}, ${code}: ${message}`,
    );
  const more = [...alike]
    .filter(([, all]) => all.length > manyAlike)
    .map(([kind, all]) => `  … and ${all.length - shownAlike} more: ${kind}`);
  return [...lines, ...more];
}

function memberships(counts: NonNullable<ImportResource["counts"]>, dryRun: boolean): string {
  const { membershipsAdded, membershipsRemoved, locationsCreated } = counts;
  const parts = [`${membershipsAdded} added`, `${membershipsRemoved} removed`];
  const locations =
    locationsCreated === 0 ? "" : ` Locations ${dryRun ? "to create" : "created"}: ${locationsCreated}.`;
  return `Memberships: ${dryRun ? "would be " : ""}${parts.join(", ")}.${locations}`;
}
