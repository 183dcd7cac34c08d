import type { PlanItem, PlanPage } from "../../reconcile/attempts/plans.ts";
import { line } from "../../reconcile/attempts/response-text.ts";

const header = ["type", "action", "id", "databaseId", "username", "row", "field", "from", "to"];

/**
 * Writes a plan as CSV, a line for each change, a page at a time.
 * @param page reads the page after an item
 */
export async function* writePlan(
  first: PlanPage,
  page: (after: number) => Promise<PlanPage>,
): AsyncGenerator<string, void, undefined> {
  yield line(header);
  for (let current = first; ; current = await page(current.next)) {
    const text = current.items.map(linesOf).join("");
    if (text !== "") yield text;
    if (current.next === undefined) return;
  }
}

function linesOf({ type, action, id, databaseId, username, row, changed, memberships }: PlanItem): string {
  const who = [type, action, id ?? "", databaseId ?? "", username ?? "", row === null ? "" : String(row)];
  const changes = [
    ...Object.entries(changed).map(([field, { from, to }]) => [field, shown(from), shown(to)]),
    ...memberships.map(({ groupId, role }) => [`memberships ${groupId}`, shown(role.from), shown(role.to)]),
  ];
  return (changes.length > 0 ? changes : [["", "", ""]]).map((change) => line([...who, ...change])).join("");
}

/** Text as it is, nothing for none, anything else as JSON. */
export const shown = (value: unknown): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
