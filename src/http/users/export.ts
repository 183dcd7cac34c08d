import { Readable } from "node:stream";
import { z } from "zod";
import { feedEnd } from "../../changes/feed.ts";
import { type FeedRecord, toFeedRecord } from "../../directory/feed-record.ts";
import { usersByPage } from "../../directory/list-users.ts";
import { parseDocument, type StoredUser } from "../../directory/user-document.ts";
import { userSchema } from "../../directory/user-schema.ts";
import { toChangesCursor } from "../changes/cursor.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { writeCsv, writeXml } from "./feed-text.ts";
import { userFilter } from "./schemas.ts";

const exportFormats = ["ndjson", "csv", "xml"] as const;
type ExportFormat = (typeof exportFormats)[number];

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  xml: "application/xml; charset=utf-8",
};

/** Of whom a record tells the databaseID when no source is named. */
const defaultSource = "default";

const exportQuery = userFilter.pick({ source: true, groupId: true, location: true });

/** All people at once, as lines, or as a feed that can be imported again. */
export function exportRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/users/export",
    schema: {
      operationId: "exportUsers",
      summary: "Export users",
      description:
        "All people, or those whom the filters leave, in the order of their ids. `Accept: application/x-ndjson` (the " +
        "usual) gets a line for each as `GET /v1/users` shows them, `text/csv` and `application/xml` what " +
        "`POST /v1/imports/users` takes: exported with `source` and imported for that source again in normal style, it " +
        "changes nothing. The header `changes-cursor` is a `cursor` for /v1/changes: what changed while the export ran " +
        "may or may not be in it; a client that follows from there gets it.",
      tags: ["Users"],
      querystring: exportQuery,
      response: {
        200: {
          description: "The people, as a stream. If it breaks off, the connection does.",
          content: {
            "application/x-ndjson": { schema: userSchema },
            "text/csv": { schema: z.string() },
            "application/xml": { schema: z.string() },
          },
        },
      },
    },
    handler: async (request, reply) => {
      const { organizationId } = request.caller;
      const format = chooseFormat(request.headers, exportFormats, "ndjson") as ExportFormat;
      const position = await feedEnd(database, organizationId);
      const pages = usersByPage(database, organizationId, request.query);
      const records = () => recordsOf(pages, request.query.source ?? defaultSource);
      const text = format === "ndjson" ? writeLines(pages) : (format === "csv" ? writeCsv : writeXml)(records());
      reply.header("vary", "accept").header("changes-cursor", toChangesCursor(position));
      return reply.header("content-type", mediaTypes[format]).send(Readable.from(text) as never);
    },
  });
}

async function* writeLines(pages: AsyncIterable<readonly StoredUser[]>): AsyncGenerator<string, void, undefined> {
  for await (const users of pages) yield users.map(({ document }) => `${document}\n`).join("");
}

async function* recordsOf(
  pages: AsyncIterable<readonly StoredUser[]>,
  source: string,
): AsyncGenerator<FeedRecord[], void, undefined> {
  for await (const users of pages) {
    yield users.map((user) => toFeedRecord(parseDocument(user), source));
  }
}
