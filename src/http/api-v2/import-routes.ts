import { Readable } from "node:stream";
import { z } from "zod";
import { respondRows } from "../../reconcile/attempts/response-file.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { problemResponses } from "../contract/problems.ts";
import { groupsBody, locationsBody, rosterBody } from "../imports/bodies.ts";
import { refusals } from "../imports/file-routes.ts";
import { takeFiles, toImportRequest } from "../imports/run.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import {
  answerJson,
  answerXml,
  groupRows,
  groupsAnswerSchema,
  locationRows,
  locationsAnswerSchema,
  userRows,
  usersAnswerSchema,
} from "./answer.ts";
import { keyQuery } from "./key-query.ts";

/** How long the same bytes of the same key are a repeat, in milliseconds (docs/migrating-from-regroup.md). */
const repeatedWithin = 10 * 60 * 1000;

const common =
  "answers row by row: in JSON to JSON, in XML to anything else. A document that was taken is answered with 200, " +
  "also when it is held; the body says so. The same bytes with the same key within ten minutes are answered with " +
  "the first import, as long as nothing of the organization has changed since; the answer then says `isReplay` and has " +
  "the header `Idempotent-Replay: true`. `source`, `style` and `dryRun` are refused; other parameters that it does not " +
  "know are ignored.";

const imports = [
  {
    kind: "users",
    body: rosterBody,
    answer: usersAnswerSchema,
    rows: userRows,
    operationId: "importUsersV2",
    summary: "Import a roster, as existing jobs do",
    description: `Takes what \`POST /v1/imports/users\` takes, under the style of the key's source, else of the organization, and ${common}`,
  },
  {
    kind: "groups",
    body: groupsBody,
    answer: groupsAnswerSchema,
    rows: groupRows,
    operationId: "importGroupsV2",
    summary: "Create and change groups, as existing jobs do",
    description: `Takes what \`POST /v1/imports/groups\` takes, and ${common}`,
  },
  {
    kind: "locations",
    body: locationsBody,
    answer: locationsAnswerSchema,
    rows: locationRows,
    operationId: "importLocationsV2",
    summary: "Create, change and delete locations, as existing jobs do",
    description: `Takes what \`POST /v1/imports/locations\` takes, and ${common}`,
  },
] as const;

/** The addresses to which existing jobs of campuses send files (docs/migrating-from-regroup.md). */
export function importV2Routes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  const run = takeFiles(app, dependencies, metrics);
  for (const { kind, body, answer, rows, ...described } of imports) {
    app.route({
      method: "POST",
      url: `/${kind}`,
      config: { streamedBody: body, recognisesRepeats: true, usualFormat: "xml" },
      schema: {
        ...described,
        tags: ["Version 2"],
        querystring: z.looseObject(keyQuery),
        response: {
          200: {
            description: "The import, with what became of each row.",
            content: { "application/xml": { schema: answer }, "application/json": { schema: answer } },
          },
          ...problemResponses(...refusals),
        },
      },
      handler: async (request, reply) => {
        const wanted = { kind, source: undefined, dryRun: false, repeatedWithin } as const;
        const { resource, isRepeat } = await run(await toImportRequest(dependencies, request, wanted));
        const responses = await respondRows(dependencies.database, request.caller.organizationId, resource.id);
        const format = chooseFormat(request.headers, ["xml", "json"], "xml");
        const write = format === "json" ? answerJson : answerXml;
        if (isRepeat) reply.header("idempotent-replay", "true");
        return reply
          .header("vary", "accept")
          .header("content-type", `application/${format}; charset=utf-8`)
          .send(Readable.from(write({ ...resource, isReplay: isRepeat }, responses, rows)) as never);
      },
    });
  }
}
