/** A table of Markdown, its columns aligned: the first to the left, the others to the right. */
export function renderTable(title: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = title.map((_, column) => Math.max(3, ...[title, ...rows].map((row) => row[column]!.length)));
  const align = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [align(title), align(rule), ...rows.map(align)];
}
