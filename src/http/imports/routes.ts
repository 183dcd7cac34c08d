import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { MusterError } from "../../errors.ts";
import type { Style } from "../../organizations/settings.ts";
import { sourceName } from "../../organizations/sources.ts";
import { importUsers } from "../../reconcile/import-users.ts";
import { getImport, listImportRows, listImports } from "../../reconcile/imports.ts";
import type { ImportRequest, ImportResource } from "../../reconcile/types.ts";
import type { App } from "../app-types.ts";
import { readBody } from "../bodies.ts";
import type { Caller, HttpDependencies } from "../dependencies.ts";
import type { Metrics } from "../metrics.ts";
import { chooseFormat } from "../negotiation.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../paging.ts";
import { problemResponses } from "../problems.ts";
import { sendDocument } from "../replies.ts";
import { fileNameOf } from "./file-name.ts";
import { reportedRows, reportText } from "./report-text.ts";
import {
  exampleRoster,
  importFilter,
  importParams,
  importQuery,
  importRowSchema,
  importSchema,
  rowFilter,
} from "./schemas.ts";

const tags = ["Imports"];
const importPage = pageSchema(importSchema);
const rowPage = pageSchema(importRowSchema);
const xml = ["application/xml", "text/xml"];

/** A response that is JSON or XML, and for imports a text for people, too. */
function documents(description: string, schema: z.ZodType, withText = false) {
  const content = { "application/json": { schema }, "application/xml": { schema } };
  return { description, content: withText ? { ...content, "text/plain": { schema: z.string() } } : content };
}

/** Handing over files, and reading what became of them. */
export function importRoutes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  readingRoutes(app, dependencies);
  const running = new Set<Promise<unknown>>();
  // An import goes on when its sender has gone; the service waits for it before it stops.
  app.addHook("onClose", async () => {
    await Promise.allSettled(running);
  });
  void app.register((scope, _options, ready) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(xml, (_request, payload, done) => done(null, payload));
    usersRoute(scope as App, dependencies, async (request) => {
      const done = importUsers(dependencies, request);
      running.add(done);
      try {
        const resource = await done;
        metrics.importDone(resource.kind, resource.status, resource.counts);
        return resource;
      } catch (error) {
        metrics.importDone("users", "failed", null);
        throw error;
      } finally {
        running.delete(done);
      }
    });
    ready();
  });
}

function usersRoute(
  app: App,
  dependencies: HttpDependencies,
  run: (request: ImportRequest) => Promise<ImportResource>,
): void {
  app.route({
    method: "POST",
    url: "/imports/users",
    config: {
      streamedBody: {
        contentTypes: xml,
        description: 'A roster: `<users type="array">` with a `<user>` for each person.',
        example: exampleRoster,
      },
    },
    schema: {
      operationId: "importUsers",
      summary: "Import a roster of people",
      description:
        "Reads the whole file, brings what is stored in line with it, and reports row by row. A file that is not " +
        "well-formed, that breaks off, or that holds nobody is refused, and nothing is applied. Rows that cannot be " +
        "applied are left out and reported; the others are applied. `Content-Disposition` may name the file. " +
        "`Accept: text/plain` gets a report for people.",
      tags,
      querystring: importQuery,
      response: {
        201: documents("The import, applied; or, of a dry run, what would happen.", importSchema, true),
        ...problemResponses(
          ...(["body_missing", "body_incomplete", "encoding_invalid", "xml_not_well_formed", "xml_cut_off"] as const),
          ...(["xml_doctype_forbidden", "xml_entity_forbidden", "body_too_large", "xml_limit_exceeded"] as const),
          ...([
            "media_type_unsupported",
            "encoding_unsupported",
            "document_root_wrong",
            "document_type_missing",
          ] as const),
          ...(["document_structure_wrong", "document_empty", "source_unknown"] as const),
        ),
      },
    },
    handler: async (request, reply) => {
      const { style, source, dryRun } = request.query;
      const body = openBody(request, requireBody(request), dependencies.limits.bodyPause);
      const resource = await run({
        organizationId: request.caller.organizationId,
        actor: request.caller.actor,
        channel: "api",
        source: await chooseSource(dependencies, request.caller, source),
        ...(style === undefined ? {} : { style: style satisfies Style }),
        dryRun: dryRun === "true",
        fileName: fileNameOf(request.headers["content-disposition"]),
        format: "xml",
        body,
        ...announcedLength(request),
        maximumBytes: dependencies.limits.importBytes,
      });
      reply.code(201).header("location", `/v1/imports/${resource.id}`);
      return sendImport(dependencies, request, reply, resource);
    },
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
      description: "The imports of the organization, those that were refused included; the latest first.",
      tags,
      querystring: z.strictObject({ ...pageQuery, ...importFilter }),
      response: { 200: documents("A page of imports.", importPage) },
    },
    handler: async (request, reply) => {
      const { cursor, limit, ...filter } = request.query;
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

/** Makes sure that there is a body that can be read, before anything is done for it. */
function requireBody({ headers, body }: FastifyRequest): Readable {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new MusterError("media_type_unsupported", "Send the body as it is, without a Content-Encoding.");
  }
  if (body instanceof Readable) return body;
  throw new MusterError("body_missing", "Send the file as the body, with Content-Type: application/xml.");
}

/** The body's chunks; they go into the digest of the Idempotency-Key, too. */
async function* openBody(
  request: FastifyRequest,
  body: Readable,
  pause: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const claim = request.idempotency;
  for await (const chunk of readBody(body, pause)) {
    claim?.body.update(chunk);
    yield chunk;
  }
}

function announcedLength({ headers }: FastifyRequest): { announcedBytes?: number } {
  const length = headers["content-length"];
  return length === undefined ? {} : { announcedBytes: Number(length) };
}

/** A key that is bound to a source speaks for that source alone. */
async function chooseSource(
  { database }: HttpDependencies,
  caller: Caller,
  wanted: string | undefined,
): Promise<string> {
  if (caller.source === null) return wanted ?? "default";
  const own = await sourceName(database, caller.organizationId, caller.source);
  if (own !== undefined && (wanted === undefined || wanted === own)) return own;
  throw new MusterError("forbidden", `This API key may import the source ${own ?? "it was made for"} only.`, {
    field: "source",
  });
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
  const rows = await listImportRows(database, organizationId, resource.id, {}, { limit: reportedRows });
  return reply
    .header("vary", "accept")
    .header("content-type", "text/plain; charset=utf-8")
    .send(reportText(resource, rows.items, rows.next !== undefined));
}
