import type { ImportChange } from "../../reconcile/attempts/import-changes-schema.ts";
import { line } from "../../reconcile/attempts/response-text.ts";
import { shown } from "./plan-text.ts";

const header = [
  "status",
  "action",
  "type",
  "id",
  "databaseId",
  "username",
  "email",
  "firstName",
  "lastName",
  "field",
  "from",
  "to",
  "reason",
  "message",
];

/** A page of changes, and the position where the next one begins. */
interface ChangesPage<Key> {
  readonly items: readonly ImportChange[];
  readonly next?: Key;
}

/**
 * Writes the changes of an import as CSV, a line for each changed field, a page at a time.
 * @param page reads the page after a position
 */
export async function* writeImportChanges<Key>(
  first: ChangesPage<Key>,
  page: (after: Key) => Promise<ChangesPage<Key>>,
): AsyncGenerator<string, void, undefined> {
  yield line(header);
  for (let current = first; ; current = await page(current.next)) {
    const text = current.items.map(linesOf).join("");
    if (text !== "") yield text;
    if (current.next === undefined) return;
  }
}

function linesOf(change: ImportChange): string {
  const { status, action, type, id, databaseId, username, email, firstName, lastName, reason } = change;
  const subject = [status, action, type, ...[id, databaseId, username, email, firstName, lastName].map(shown)];
  const changes = [
    ...Object.entries(change.changed).map(([field, { from, to }]) => [field, shown(from), shown(to)]),
    ...change.memberships.map(({ groupId, role }) => [`memberships ${groupId}`, shown(role.from), shown(role.to)]),
  ];
  return (changes.length > 0 ? changes : [["", "", ""]])
    .map((one) => line([...subject, ...one, reason?.code ?? "", reason?.message ?? ""]))
    .join("");
}
