import type { FastifyReply, FastifyRequest } from "fastify";
import type { Style } from "../../organizations/settings.ts";
import { type ImportResource, importSchema } from "../../reconcile/attempts/import-resource.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import { retireRoute } from "../sources/retire-route.ts";
import { groupsBody, locationsBody, rosterBody } from "./bodies.ts";
import { contentDigestHeader } from "./content-digest.ts";
import { documents } from "./documents.ts";
import { preferHeader, prefersNotToWait } from "./preferences.ts";
import { type RunImport, runOnce, takeFiles } from "./run.ts";
import { importQuery, recordsQuery } from "./schemas.ts";
import { sendImport } from "./send-import.ts";

const tags = ["Imports"];

/** The routes that run imports. They read a file to its end before they answer. */
export function fileRoutes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  const run = takeFiles(app, dependencies, metrics);
  usersRoute(app, dependencies, run);
  recordRoutes(app, dependencies, run);
  retireRoute(app, dependencies, run);
}

function usersRoute(app: App, dependencies: HttpDependencies, run: RunImport): void {
  app.route({
    method: "POST",
    url: "/imports/users",
    config: { streamedBody: rosterBody, answersImport: true },
    schema: {
      operationId: "importUsers",
      summary: "Import a roster of people",
      description:
        "Reads the whole file, brings what is stored in line with it, and reports row by row. A file that is not " +
        "well-formed, that breaks off, or that holds nobody is refused, and nothing is applied. Rows that cannot be " +
        "applied are left out and reported; the others are applied. `Content-Disposition` may name the file. " +
        "`Accept: text/plain` gets a report for people, of a refusal, too.",
      tags,
      headers: preferHeader.extend(contentDigestHeader.shape),
      querystring: importQuery,
      response: {
        ...importAnswers,
        ...problemResponses(...refusals, "source_unknown"),
      },
    },
    handler: async (request, reply) => {
      const { style, source, dryRun } = request.query;
      const wanted = {
        kind: "users" as const,
        source,
        dryRun: dryRun === "true",
        ...(style === undefined ? {} : { style: style satisfies Style }),
      };
      return sendDone(dependencies, request, reply, await runOnce(dependencies, request, run, wanted));
    },
  });
}

const importAnswers = {
  201: documents("The import, applied; or, of a dry run, what would happen.", importSchema, true),
  202: documents(
    "The import, held: all or a part of it waits for a decision. Or, with `Prefer: respond-async`, the import that waits for its turn.",
    importSchema,
    true,
  ),
};

/** Files of groups and of locations. */
function recordRoutes(app: App, dependencies: HttpDependencies, run: RunImport): void {
  const routes = [
    {
      kind: "groups",
      operationId: "importGroups",
      summary: "Import a file of groups",
      body: groupsBody,
      description:
        "Creates, updates, empties and deletes groups, row by row as its `action` says. Groups that the file does not name stay " +
        "as they are. A row with any value that cannot be taken is left out and reported. What would take more members " +
        "away than the limits of the guard say waits for a decision.",
    },
    {
      kind: "locations",
      operationId: "importLocations",
      summary: "Import a file of locations",
      body: locationsBody,
      description:
        "Creates locations, sets their groups and deletes them, row by row as its `action` says. Locations that the file does " +
        "not name stay as they are. A row with any value that cannot be taken is left out and reported.",
    },
  ] as const;
  for (const { kind, operationId, summary, body, description } of routes) {
    app.route({
      method: "POST",
      url: `/imports/${kind}`,
      config: { streamedBody: body, answersImport: true },
      schema: {
        operationId,
        summary,
        description: `${description} A file that is not well-formed or breaks off is refused, and nothing is applied.`,
        tags,
        headers: preferHeader.extend(contentDigestHeader.shape),
        querystring: recordsQuery,
        response: { ...importAnswers, ...problemResponses(...refusals, "source_unknown") },
      },
      handler: async (request, reply) => {
        const { source, dryRun } = request.query;
        const wanted = { kind, source, dryRun: dryRun === "true" };
        return sendDone(dependencies, request, reply, await runOnce(dependencies, request, run, wanted));
      },
    });
  }
}

function sendDone(
  dependencies: HttpDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: ImportResource,
): Promise<FastifyReply> {
  const isOpen = ["held", "receiving", "planning"].includes(resource.status);
  reply.code(isOpen ? 202 : 201).header("location", `/v1/imports/${resource.id}`);
  if (prefersNotToWait(request.headers.prefer)) reply.header("preference-applied", "respond-async");
  return sendImport(dependencies, request, reply, resource);
}

/** The codes of the problems for which a whole file is refused. */
export const refusals = [
  ...(["body_missing", "body_incomplete", "compression_invalid", "multipart_invalid", "encoding_invalid"] as const),
  ...(["xml_not_well_formed", "xml_cut_off", "xml_doctype_forbidden", "xml_entity_forbidden"] as const),
  ...(["csv_not_well_formed", "csv_cut_off", "json_not_well_formed", "json_cut_off", "body_too_large"] as const),
  ...(["xml_limit_exceeded", "csv_limit_exceeded", "json_limit_exceeded", "media_type_unsupported"] as const),
  ...(["encoding_unsupported", "document_root_wrong", "document_type_missing", "document_structure_wrong"] as const),
  "document_empty",
] as const;
