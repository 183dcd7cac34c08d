import { wrap } from "./text.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** The last column is not broken to fewer characters. */
const narrowest = 30;

/**
 * Aligns a table. The last column is broken into lines when it does not fit.
 * @param width of the terminal in characters; Infinity breaks no line
 * @returns lines, the titles first
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const last = columns.length - 1;
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title, index) => Math.max(title.length, ...rows.map((row) => (row[index] ?? "").length)));
  const indent = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const room = Math.max(narrowest, width - indent);
  const pad = (text: string, index: number) =>
    columns[index]!.align === "right" ? text.padStart(widths[index]!) : text.padEnd(widths[index]!);
  const line = (cells: readonly string[], rest: string) =>
    [...cells.slice(0, last).map(pad), rest].join("  ").trimEnd();
  const rowLines = (row: readonly string[]) => {
    const [first = "", ...more] = wrap(row[last] ?? "", room);
    return [line(row, first), ...more.map((text) => `${" ".repeat(indent)}${text}`)];
  };
  return [line(titles, titles[last]!), ...rows.flatMap(rowLines)];
}
