import { Readable } from "node:stream";
import { z } from "zod";
import { feedEnd, feedStretch } from "../../changes/feed.ts";
import { feedRecords } from "../../directory/changed-users.ts";
import { sourceName } from "../../organizations/sources.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { writeCsv, writeJson, writeXml } from "../users/feed-text.ts";
import { keyQuery } from "./key-query.ts";
import { moment, requireSince } from "./window.ts";

const formats = ["xml", "json", "csv"] as const;
type UsersFormat = (typeof formats)[number];

const writers = { xml: writeXml, json: writeJson, csv: writeCsv } as const;
const mediaTypes: Readonly<Record<UsersFormat, string>> = {
  xml: "application/xml; charset=utf-8",
  json: "application/json; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
};

/** Reading people as existing jobs do (docs/migrating-from-regroup.md). */
export function usersV2Route(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/users",
    config: { usualFormat: "xml" },
    schema: {
      operationId: "listUsersV2",
      summary: "Read users, as existing jobs do",
      description:
        "Returns people in the feed's own XML, or in JSON or CSV on request, so that they can be loaded back: everybody, " +
        "or with `since` the people who changed after it, as they are now. Deleted people have the `groupID` 00000. " +
        "Memberships that ended have `|00002`, and lost e-mails and phones have `|delete`, so that a copy that imports the answer stays equal. " +
        "`groupID` selects people of that group, and with `since` those who left it. `databaseID` is the id in the key's source. The " +
        "header `changes-until` is the next `since`, also in the first answer. `until` needs `since`. `source`, `style` and `dryRun` are refused; other parameters that it does not know are ignored.",
      tags: ["Version 2"],
      querystring: z.looseObject({
        ...keyQuery,
        since: moment.describe("Who changed after this time, or from this day on (of the organization's time zone)."),
        until: moment.describe("With `since`: up to this time, or to the end of this day."),
        groupID: z.string().min(1).max(100).normalize("NFC").optional().describe("Only people of this group."),
      }),
      response: {
        200: {
          description: "The people, as a stream.",
          content: Object.fromEntries(
            ["application/xml", "application/json", "text/csv"].map((type) => [type, { schema: z.string() }]),
          ),
        },
        ...problemResponses("resync_required"),
      },
    },
    handler: async (request, reply) => {
      const { since, until, groupID: groupId } = request.query;
      const { organizationId, source: number } = request.caller;
      const source = (number === null ? undefined : await sourceName(database, organizationId, number)) ?? "default";
      requireSince(since, until);
      const stretch = since === undefined ? undefined : await feedStretch(database, organizationId, since, until);
      // The end of the log is read before the list: what changes meanwhile comes again with the next request.
      reply.header("changes-until", stretch?.until ?? (await feedEnd(database, organizationId)).at);
      const format = chooseFormat(request.headers, formats, "xml") as UsersFormat;
      const records = feedRecords(database, organizationId, { stretch, groupId, source });
      return reply
        .header("vary", "accept")
        .header("content-type", mediaTypes[format])
        .send(Readable.from(writers[format](records)) as never);
    },
  });
}
