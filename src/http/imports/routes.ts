import { Readable } from "node:stream";
import { z } from "zod";
import { importRowSchema, importSchema } from "../../reconcile/attempts/import-resource.ts";
import { listImportRows } from "../../reconcile/attempts/list-rows.ts";
import { requireImportOf } from "../../reconcile/attempts/own-imports.ts";
import { listPlan, planItemSchema } from "../../reconcile/attempts/plans.ts";
import { getImport, listImports } from "../../reconcile/attempts/read-imports.ts";
import { respondFile } from "../../reconcile/attempts/response-file.ts";
import { writeResponseFile } from "../../reconcile/attempts/response-text.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendDocument } from "../contract/replies.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import { changesRoute } from "./changes-route.ts";
import { decisionRoutes } from "./decision-routes.ts";
import { documents } from "./documents.ts";
import { fileRoutes } from "./file-routes.ts";
import { writePlan } from "./plan-text.ts";
import { sourceOfCaller } from "./run.ts";
import { importFilter, importParams, planFilter, responseQuery, rowFilter } from "./schemas.ts";
import { sendImport } from "./send-import.ts";

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
    rowsRoute(scope as App, dependencies);
    planRoute(scope as App, dependencies);
    changesRoute(scope as App, dependencies);
    responseRoute(scope as App, dependencies);
    decisionRoutes(scope as App, dependencies, metrics);
    ready();
  });
  void app.register((scope, _options, ready) => {
    fileRoutes(scope as App, dependencies, metrics);
    ready();
  });
}

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
}

function rowsRoute(app: App, { database }: HttpDependencies): void {
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
      const file = await respondFile(database, organizationId, request.params.id, request.query.absent === "true");
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
