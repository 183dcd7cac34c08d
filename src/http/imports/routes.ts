import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Style } from "../../organizations/settings.ts";
import { listImportRows } from "../../reconcile/attempts/list-rows.ts";
import { requireImportOf } from "../../reconcile/attempts/own-imports.ts";
import { listPlan } from "../../reconcile/attempts/plans.ts";
import { getImport, listImports } from "../../reconcile/attempts/read-imports.ts";
import { respondFile } from "../../reconcile/attempts/response-file.ts";
import type { ImportResource } from "../../reconcile/attempts/types.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendDocument } from "../contract/replies.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import { groupsBody, locationsBody, rosterBody } from "./bodies.ts";
import { decisionRoutes } from "./decision-routes.ts";
import { documents } from "./documents.ts";
import { writePlan } from "./plan-text.ts";
import { reportedRows, reportText } from "./report-text.ts";
import { writeResponseFile } from "./response-text.ts";
import { type RunImport, runOnce, sourceOfCaller, takeFiles } from "./run.ts";
import {
  importFilter,
  importParams,
  importQuery,
  importRowSchema,
  importSchema,
  planFilter,
  planItemSchema,
  recordsQuery,
  responseQuery,
  rowFilter,
} from "./schemas.ts";

const tags = ["Imports"];
const importPage = pageSchema(importSchema);
const planPage = z
  .object({ hash: z.string().describe("The same plan has the same hash.") })
  .extend(pageSchema(planItemSchema).shape);
const rowPage = pageSchema(importRowSchema);

/** Handing over files, and reading what became of them. */
export function importRoutes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  void app.register((scope, _options, ready) => {
    // A key that is bound to a source knows the imports of that source alone.
    scope.addHook("preHandler", async ({ caller, params }) => {
      const { id } = params as { readonly id?: string };
      if (caller.source === null || id === undefined) return;
      await requireImportOf(dependencies.database, caller.organizationId, id, caller.source);
    });
    readingRoutes(scope as App, dependencies);
    planRoute(scope as App, dependencies);
    responseRoute(scope as App, dependencies);
    decisionRoutes(scope as App, dependencies, metrics);
    ready();
  });
  void app.register((scope, _options, ready) => {
    const run = takeFiles(scope as App, dependencies, metrics);
    usersRoute(scope as App, dependencies, run);
    recordRoutes(scope as App, dependencies, run);
    ready();
  });
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
  202: documents("The import, held: all or a part of it waits for a decision.", importSchema, true),
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
  reply.code(resource.status === "held" ? 202 : 201).header("location", `/v1/imports/${resource.id}`);
  return sendImport(dependencies, request, reply, resource);
}

/** Why a file is refused whole. */
export const refusals = [
  ...(["body_missing", "body_incomplete", "compression_invalid", "multipart_invalid", "encoding_invalid"] as const),
  ...(["xml_not_well_formed", "xml_cut_off", "xml_doctype_forbidden", "xml_entity_forbidden"] as const),
  ...(["csv_not_well_formed", "csv_cut_off", "json_not_well_formed", "json_cut_off", "body_too_large"] as const),
  ...(["xml_limit_exceeded", "csv_limit_exceeded", "json_limit_exceeded", "media_type_unsupported"] as const),
  ...(["encoding_unsupported", "document_root_wrong", "document_type_missing", "document_structure_wrong"] as const),
  "document_empty",
] as const;

function readingRoutes(app: App, dependencies: HttpDependencies): void {
  const { database } = dependencies;

  app.route({
    method: "GET",
    url: "/imports",
    schema: {
      operationId: "listImports",
      summary: "List imports",
      description:
        "The imports of the organization, those that were refused included; the latest first. An API key that is bound " +
        "to a source reads the imports of that source only, here and under the other addresses of imports.",
      tags,
      querystring: z.strictObject({ ...pageQuery, ...importFilter }),
      response: { 200: documents("A page of imports.", importPage) },
    },
    handler: async (request, reply) => {
      const { cursor, limit, status } = request.query;
      const source = await sourceOfCaller(dependencies, request.caller, request.query.source);
      const filter = { status, source };
      const after = decodeCursor(cursor, z.tuple([z.string().max(40).regex(timestamp), z.uuid()]));
      const page = await listImports(database, request.caller.organizationId, given(filter), {
        ...given({ after }),
        limit,
      });
      return sendDocument(request, reply, "imports", importPage, toPage(page));
    },
  });

  app.route({
    method: "GET",
    url: "/imports/:id",
    schema: {
      operationId: "getImport",
      summary: "Read an import",
      description: "What became of a file. `Accept: text/plain` gets a report for people.",
      tags,
      params: importParams,
      response: { 200: documents("The import.", importSchema, true), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const resource = await getImport(database, request.caller.organizationId, request.params.id);
      return sendImport(dependencies, request, reply, resource);
    },
  });

  app.route({
    method: "GET",
    url: "/imports/:id/rows",
    schema: {
      operationId: "listImportRows",
      summary: "List an import's rows that need a look",
      description: "Notes on the rows that were not plain success, in the order of the file. One row can have several.",
      tags,
      params: importParams,
      querystring: z.strictObject({ ...pageQuery, ...rowFilter }),
      response: { 200: documents("A page of notes.", rowPage), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const { cursor, limit, ...filter } = request.query;
      const after = decodeCursor(cursor, z.tuple([z.int32(), z.int32()]));
      const { organizationId } = request.caller;
      const page = await listImportRows(database, organizationId, request.params.id, given(filter), {
        ...given({ after }),
        limit,
      });
      return sendDocument(request, reply, "rows", rowPage, toPage(page));
    },
  });
}

/** The plan of a dry run, or of what is held. */
function planRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/imports/:id/plan",
    schema: {
      operationId: "getImportPlan",
      summary: "Read the plan of a dry run, or of what is held",
      description:
        "What the import would do, or does once it is approved, item by item: what is added, updated and removed, from what to what, and which row of " +
        "the file says so. `Accept: text/csv` gets all of it as CSV, a line for each change. Available as long as files " +
        "are kept (setting `keepFilesDays`).",
      tags,
      params: importParams,
      querystring: z.strictObject({ ...pageQuery, ...planFilter }),
      response: {
        200: {
          description: "A page of the plan; as CSV all of it.",
          content: {
            "application/json": { schema: planPage },
            "application/xml": { schema: planPage },
            "text/csv": { schema: z.string() },
          },
        },
        ...problemResponses("not_found", "conflict", "gone"),
      },
    },
    handler: async (request, reply) => {
      const { cursor, limit, ...filter } = request.query;
      const { organizationId } = request.caller;
      const { id } = request.params;
      const [after = 0] = decodeCursor(cursor, z.tuple([z.int32()])) ?? [];
      const page = (from: number) => listPlan(database, organizationId, id, filter, { after: from, limit });
      const first = await page(after);
      if (chooseFormat(request.headers, ["json", "xml", "csv"]) === "csv") {
        reply.header("vary", "accept").header("content-type", "text/csv; charset=utf-8");
        return reply.send(Readable.from(writePlan(first, page)) as never);
      }
      const { hash, items, next } = first;
      const nextCursor = next === undefined ? null : encodeCursor([next]);
      return sendDocument(request, reply, "plan", planPage, { hash, items: [...items], nextCursor } as never);
    },
  });
}

/** The response file of an import. */
function responseRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/imports/:id/response",
    schema: {
      operationId: "getImportResponse",
      summary: "Download an import's response file",
      description:
        "Every row as it was sent, then Action (`Add`, `Modify`, `Remove`), Status (`Successful`, `Fail`) and Message, as " +
        "CSV (RFC 4180, UTF-8). It has a header row if the file had one. A row that failed can be corrected and sent " +
        "again as it is. Available as long as files are kept (setting `keepFilesDays`).",
      tags,
      params: importParams,
      querystring: responseQuery,
      response: {
        200: { description: "The response file.", content: { "text/csv": { schema: z.string() } } },
        ...problemResponses("not_found", "conflict", "gone"),
      },
    },
    handler: async (request, reply) => {
      const { organizationId } = request.caller;
      const file = await respondFile(database, organizationId, request.params.id);
      return reply
        .header("content-type", "text/csv; charset=utf-8")
        .header("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(file.fileName)}`)
        .send(Readable.from(writeResponseFile(file, request.query.outcome)) as never);
    },
  });
}

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

/** The members that are not undefined. */
function given<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}

function toPage<Item>(page: { readonly items: readonly Item[]; readonly next?: readonly (string | number)[] }) {
  return { items: [...page.items], nextCursor: page.next === undefined ? null : encodeCursor(page.next) };
}

async function sendImport(
  { database }: HttpDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: ImportResource,
): Promise<FastifyReply> {
  if (chooseFormat(request.headers, ["json", "xml", "text"]) !== "text") {
    return sendDocument(request, reply, "import", importSchema, resource);
  }
  const { organizationId } = request.caller;
  // People who were not added must not be lost among warnings.
  const page = { limit: reportedRows, failedFirst: true };
  const rows = await listImportRows(database, organizationId, resource.id, {}, page);
  return reply
    .header("vary", "accept")
    .header("content-type", "text/plain; charset=utf-8")
    .send(reportText(resource, rows.items, rows.next !== undefined));
}
