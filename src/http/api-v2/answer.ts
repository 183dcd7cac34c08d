import { z } from "zod";
import type { RowResponse } from "../../reconcile/response-file.ts";
import type { ImportResource } from "../../reconcile/types.ts";
import { importSchema } from "../imports/schemas.ts";
import { toXmlElements, xmlDeclaration } from "../xml.ts";

const rowSchema = z.object({
  row: z.int().describe("Number of the record in the file, from 1."),
  action: z.enum(["Add", "Modify", "Remove"]),
  status: z.enum(["Successful", "Fail"]),
  message: z.string(),
});

/** The answer to a roster. */
export const answerSchema = importSchema
  .pick({ id: true, status: true, summary: true, counts: true })
  .extend({ users: z.array(rowSchema).describe("What became of each row, in the order of the file.") })
  .meta({
    id: "ImportV2",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
        status: "applied",
        summary: "1 row read; 1 added, 0 updated, 0 unchanged.",
        counts: null,
        users: [{ row: 1, action: "Add", status: "Successful", message: "" }],
      },
    ],
  });

/** Rows that are written at once. */
const rowsAtOnce = 500;

const headSchema = answerSchema.omit({ users: true });
/** The members in the order of the contract, whatever that of the object is. */
const headOf = (resource: ImportResource) => headSchema.parse(resource);
const rowOf = ({ row, action, status, message }: RowResponse) => ({ row, action, status, message });

async function* batches(rows: AsyncIterable<RowResponse>): AsyncGenerator<ReturnType<typeof rowOf>[]> {
  let batch: ReturnType<typeof rowOf>[] = [];
  for await (const row of rows) {
    batch.push(rowOf(row));
    if (batch.length < rowsAtOnce) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The answer as JSON, some rows at a time. */
export async function* answerJson(
  resource: ImportResource,
  rows: AsyncIterable<RowResponse>,
): AsyncGenerator<string, void, undefined> {
  let separator = `${JSON.stringify(headOf(resource)).slice(0, -1)},"users":[\n`;
  let isEmpty = true;
  for await (const batch of batches(rows)) {
    isEmpty = false;
    yield separator + batch.map((row) => JSON.stringify(row)).join(",\n");
    separator = ",\n";
  }
  yield isEmpty ? `${separator}]}\n` : "\n]}\n";
}

/** The answer as XML, some rows at a time. */
export async function* answerXml(
  resource: ImportResource,
  rows: AsyncIterable<RowResponse>,
): AsyncGenerator<string, void, undefined> {
  yield `${xmlDeclaration}<import>\n${toXmlElements(headOf(resource))}<users type="array">\n`;
  for await (const batch of batches(rows)) yield batch.map((user) => toXmlElements({ user })).join("");
  yield "</users>\n</import>\n";
}
