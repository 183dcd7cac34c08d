import { z } from "zod";
import { type ImportResource, importSchema } from "../../reconcile/attempts/import-resource.ts";
import type { RowResponse } from "../../reconcile/attempts/response-file.ts";
import { toXmlElements, xmlDeclaration } from "../contract/xml.ts";

const row = z.int().describe("Number of the record in the file, from 1.");
const rowMembers = {
  action: z.enum(["Add", "Modify", "Remove"]),
  status: z.enum(["Successful", "Fail"]),
  message: z.string(),
};
const userRowSchema = z.object({ row, ...rowMembers });
const groupRowSchema = z.object({
  row,
  groupID: z.string().nullable().describe("The group that the row is about; null when the row failed."),
  ...rowMembers,
});

const headSchema = importSchema.pick({ id: true, status: true, summary: true, counts: true }).extend({
  isReplay: z.boolean().describe("True if the file repeats an earlier one and this is the answer of that import."),
});
const rowsText = "What became of each row, in the order of the file.";
const exampleHead = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  status: "applied" as const,
  summary: "1 row read; 1 added, 0 updated, 0 unchanged.",
  counts: null,
  isReplay: false,
};
const exampleRow = { row: 1, action: "Add" as const, status: "Successful" as const, message: "" };

/** The answer to a roster. */
export const usersAnswerSchema = headSchema
  .extend({ users: z.array(userRowSchema).describe(rowsText) })
  .meta({ id: "ImportV2", examples: [{ ...exampleHead, users: [exampleRow] }] });

/** The answer to a file of groups. */
export const groupsAnswerSchema = headSchema
  .extend({ groups: z.array(groupRowSchema).describe(rowsText) })
  .meta({ id: "GroupImportV2", examples: [{ ...exampleHead, groups: [{ groupID: "1001", ...exampleRow }] }] });

/** The answer to a file of locations. */
export const locationsAnswerSchema = headSchema
  .extend({ locations: z.array(userRowSchema).describe(rowsText) })
  .meta({ id: "LocationImportV2", examples: [{ ...exampleHead, locations: [exampleRow] }] });

/** The form of an answer's rows: the names of the list and of its items, and the contents of each. */
export interface AnswerRows {
  readonly list: string;
  readonly item: string;
  readonly tell: (row: RowResponse) => object;
}

const told = ({ action, status, message }: RowResponse) => ({ action, status, message });

/** Rows of a roster. */
export const userRows: AnswerRows = { list: "users", item: "user", tell: (row) => ({ row: row.row, ...told(row) }) };

/** Rows of a file of locations. */
export const locationRows: AnswerRows = { ...userRows, list: "locations", item: "location" };

/** Rows of a file of groups. */
export const groupRows: AnswerRows = {
  list: "groups",
  item: "group",
  tell: (row) => ({ row: row.row, groupID: row.groupId, ...told(row) }),
};

/** Rows that are written at once. */
const rowsAtOnce = 500;

/** An import, and whether it is the answer to a repeat of its file. */
type AnsweredImport = ImportResource & { readonly isReplay: boolean };

/** The members in the order of the contract. */
const headOf = (resource: AnsweredImport) => headSchema.parse(resource);

async function* batches(rows: AsyncIterable<RowResponse>, tell: AnswerRows["tell"]): AsyncGenerator<object[]> {
  let batch: object[] = [];
  for await (const row of rows) {
    batch.push(tell(row));
    if (batch.length < rowsAtOnce) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The answer as JSON, some rows at a time. */
export async function* answerJson(
  resource: AnsweredImport,
  rows: AsyncIterable<RowResponse>,
  { list, tell }: AnswerRows,
): AsyncGenerator<string, void, undefined> {
  let separator = `${JSON.stringify(headOf(resource)).slice(0, -1)},"${list}":[\n`;
  let isEmpty = true;
  for await (const batch of batches(rows, tell)) {
    isEmpty = false;
    yield separator + batch.map((row) => JSON.stringify(row)).join(",\n");
    separator = ",\n";
  }
  yield isEmpty ? `${separator}]}\n` : "\n]}\n";
}

/** The answer as XML, some rows at a time. */
export async function* answerXml(
  resource: AnsweredImport,
  rows: AsyncIterable<RowResponse>,
  { list, item, tell }: AnswerRows,
): AsyncGenerator<string, void, undefined> {
  yield `${xmlDeclaration}<import>\n${toXmlElements(headOf(resource))}<${list} type="array">\n`;
  for await (const batch of batches(rows, tell)) yield batch.map((row) => toXmlElements({ [item]: row })).join("");
  yield `</${list}>\n</import>\n`;
}
