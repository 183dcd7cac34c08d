import type { UserRow } from "../../src/intake/records.ts";

/** Groups rows by key, in order. Rows whose key is undefined or blank are left out. */
export function groupBy(rows: readonly UserRow[], keyOf: (row: UserRow) => string | undefined): Map<string, UserRow[]> {
  const groups = new Map<string, UserRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (!key) continue;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
