import { z } from "zod";
import { styles } from "../../organizations/settings.ts";
import { listSources } from "../../organizations/sources.ts";
import type { App } from "../app-types.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { pageSchema } from "../paging.ts";

const sourceSchema = z
  .object({
    name: z.string(),
    rank: z.int().describe("1 is the highest: what it says is not overwritten by sources of a larger rank."),
    style: z.enum(styles).nullable().describe("How its files are processed; null: as the organization is set."),
    lastAppliedAt: z.string().nullable().describe("When an import of it was applied last; null: never."),
  })
  .meta({
    id: "Source",
    examples: [{ name: "default", rank: 1, style: null, lastAppliedAt: "2026-11-22T02:00:01.345678Z" }],
  });

/** Reading the organization's sources. */
export function sourceRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/sources",
    schema: {
      operationId: "listSources",
      summary: "List sources",
      description: "The feeds of the organization, the highest first. There are so few that they are always one page.",
      tags: ["Organization"],
      response: { 200: pageSchema(sourceSchema).describe("All sources.") },
    },
    handler: async (request) => ({
      items: await listSources(database, request.caller.organizationId),
      nextCursor: null,
    }),
  });
}
