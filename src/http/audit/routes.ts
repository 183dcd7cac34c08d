import { z } from "zod";
import { auditActions, auditEntrySchema, listAudit } from "../../organizations/audit-log.ts";
import { time } from "../changes/schemas.ts";
import { readPage } from "../contract/lists.ts";
import { pageQuery, pageSchema } from "../contract/paging.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

const auditFilter = z.strictObject({
  ...pageQuery,
  actor: z.string().min(1).max(200).optional().describe("Only what this one did, e.g. `api-key:nightly`."),
  action: z.enum(auditActions).optional().describe("Only what was done so."),
  since: time.describe("Only entries after this time (RFC 3339)."),
  until: time.describe("Only entries up to this time, it included (RFC 3339)."),
});

const entryKeyShape = z.tuple([z.iso.datetime({ precision: 6 }), z.uuid()]);
type EntryKey = readonly [at: string, id: string];

/** The audit log. */
export function auditRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/audit",
    schema: {
      operationId: "listAudit",
      summary: "Read the audit log",
      description:
        "Who decided and set what, the newest first: keys, settings, sources, decisions about what waits, sign-ins. What " +
        "imports and edits do to people and groups appears in the changes.",
      tags: ["Audit log"],
      querystring: auditFilter,
      response: { 200: pageSchema(auditEntrySchema).describe("A page of entries.") },
    },
    handler: async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const { organizationId } = request.caller;
      const read = (after: EntryKey | undefined, most: number) =>
        listAudit(database, organizationId, filter, { after, limit: most });
      return readPage({ read, keyOf: ({ at, id }): EntryKey => [at, id], keyShape: entryKeyShape }, { cursor, limit });
    },
  });
}
