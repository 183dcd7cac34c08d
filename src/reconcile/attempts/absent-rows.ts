import type { Database } from "../../store/database.ts";
import { type ImportChangeKey, listImportChanges } from "./import-changes.ts";
import type { ImportChange } from "./import-changes-schema.ts";

const changesAtOnce = 1_000;

/**
 * Reads the people whom an import removes because the file does not name them, as rows of its response file.
 * @param columns names of the file's columns; identifiers, names and the e-mail are filled
 * @param isDryRun a dry run shows its rows as if they were applied
 * @throws MusterError as `listImportChanges`, before the first row
 */
export async function openAbsentRows(
  database: Database,
  organizationId: number,
  importId: string,
  columns: readonly string[],
  isDryRun: boolean,
): Promise<AsyncIterable<ReturnType<typeof toRow>>> {
  const page = (after?: ImportChangeKey) =>
    listImportChanges(
      database,
      organizationId,
      importId,
      { type: "user", action: "removed" },
      { after, limit: changesAtOnce },
    );
  const first = await page();
  return (async function* () {
    for (let current = first; ; current = await page(current.next)) {
      for (const change of current.items) if (change.reason?.code === "absent") yield toRow(change, columns, isDryRun);
      if (current.next === undefined) return;
    }
  })();
}

function toRow(change: ImportChange, columns: readonly string[], isDryRun: boolean) {
  const { databaseId, username, email, firstName, lastName, status } = change;
  const values: Readonly<Record<string, string | null>> = {
    databaseid: databaseId,
    userid: username,
    username,
    email,
    firstname: firstName,
    lastname: lastName,
  };
  const person = [databaseId ?? username ?? email, firstName, lastName].filter((text) => text !== null).join(" ");
  const isDone = isDryRun || status === "applied";
  return {
    row: 0,
    outcome: "removed",
    action: "Remove",
    status: isDone ? "Successful" : "Fail",
    message: `${isDone ? "" : "Not applied: the removal is held, or was. "}The file does not name this person: ${person}.`,
    groupId: null,
    cells: columns.map((column) => values[column.toLowerCase().replaceAll(/[^a-z]/g, "")] ?? ""),
  } as const;
}
