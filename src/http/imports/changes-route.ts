import { Readable } from "node:stream";
import { z } from "zod";
import { type ImportChangeKey, listImportChanges } from "../../reconcile/attempts/import-changes.ts";
import { importChangeSchema } from "../../reconcile/attempts/import-changes-schema.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { decodeCursor, encodeCursor, largestPage, pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendDocument } from "../contract/replies.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { writeImportChanges } from "./changes-text.ts";
import { changesFilter, importParams } from "./schemas.ts";

const changePage = pageSchema(importChangeSchema);

/** The effect of an import, in one list. */
export function changesRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/imports/:id/changes",
    schema: {
      operationId: "listImportChanges",
      summary: "List what an import changed",
      description:
        "The people, groups and locations that the import added, updated (from what to what) and removed, then the people " +
        "whom it kept, with the reason; at most 1,000 of these outside the file. A dry run and what is held are listed as " +
        "`planned`. Someone has two items if removals were held and approved later. A page can be short although the list " +
        "goes on. `Accept: text/csv` gets all of it as CSV, a line for each changed field.",
      tags: ["Imports"],
      params: importParams,
      querystring: z.strictObject({ ...pageQuery, ...changesFilter }),
      response: {
        200: {
          description: "A page of changes; as CSV all of them.",
          content: {
            "application/json": { schema: changePage },
            "application/xml": { schema: changePage },
            "text/csv": { schema: z.string() },
          },
        },
        ...problemResponses("not_found", "conflict", "gone"),
      },
    },
    handler: async (request, reply) => {
      const { cursor, limit, ...filter } = request.query;
      const { organizationId } = request.caller;
      const position = z.tuple([z.int().min(0).max(2), z.int().min(0), z.int32().min(0)]);
      const after: ImportChangeKey | undefined = decodeCursor(cursor, position);
      const isCsv = chooseFormat(request.headers, ["json", "xml", "csv"]) === "csv";
      const page = (from: ImportChangeKey | undefined) =>
        listImportChanges(database, organizationId, request.params.id, filter, {
          after: from,
          limit: isCsv ? largestPage : limit,
        });
      const first = await page(after);
      if (isCsv) {
        reply.header("vary", "accept").header("content-type", "text/csv; charset=utf-8");
        return reply.send(Readable.from(writeImportChanges(first, page)) as never);
      }
      const nextCursor = first.next === undefined ? null : encodeCursor(first.next);
      return sendDocument(request, reply, "changes", changePage, { items: [...first.items], nextCursor } as never);
    },
  });
}
