import { Readable } from "node:stream";
import { z } from "zod";
import { respondRows } from "../../reconcile/response-file.ts";
import type { App } from "../app-types.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { rosterBody } from "../imports/bodies.ts";
import { refusals } from "../imports/routes.ts";
import { takeFiles, toImportRequest } from "../imports/run.ts";
import type { Metrics } from "../metrics.ts";
import { chooseFormat } from "../negotiation.ts";
import { problemResponses } from "../problems.ts";
import { answerJson, answerSchema, answerXml } from "./answer.ts";

/** How long the same bytes of the same key are a repeat, in milliseconds (feed formats, section 9). */
const repeatedWithin = 10 * 60 * 1000;

/** The addresses that existing jobs of campuses call (feed formats, section 9). */
export function apiV2Routes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  const run = takeFiles(app, dependencies, metrics);

  app.route({
    method: "POST",
    url: "/users",
    config: { streamedBody: rosterBody, recognisesRepeats: true, usualFormat: "xml" },
    schema: {
      operationId: "importUsersV2",
      summary: "Import a roster, as existing jobs do",
      description:
        "Takes what `POST /v1/imports/users` takes, under the style of the key's source, else of the organization, and " +
        "answers row by row: in JSON to JSON, in XML to anything else. A document that was taken is answered with 200, " +
        "also when it is held; the body says so. The same bytes with the same key within ten minutes are answered with " +
        "the first import. Parameters that it does not know are ignored.",
      tags: ["Version 2"],
      querystring: z.looseObject({
        api_key: z.string().max(400).optional().describe("The API key. It may come as `Authorization` as well."),
      }),
      response: {
        200: {
          description: "The import, with what became of each row.",
          content: { "application/xml": { schema: answerSchema }, "application/json": { schema: answerSchema } },
        },
        ...problemResponses(...refusals),
      },
    },
    handler: async (request, reply) => {
      const wanted = { kind: "users", source: undefined, dryRun: false, repeatedWithin } as const;
      const resource = await run(await toImportRequest(dependencies, request, wanted));
      const rows = await respondRows(dependencies.database, request.caller.organizationId, resource.id);
      const format = chooseFormat(request.headers, ["xml", "json"], "xml");
      return reply
        .header("vary", "accept")
        .header("content-type", `application/${format}; charset=utf-8`)
        .send(Readable.from(format === "json" ? answerJson(resource, rows) : answerXml(resource, rows)) as never);
    },
  });
}
