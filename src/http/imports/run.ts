import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { sourceName } from "../../organizations/sources.ts";
import type { ImportResource } from "../../reconcile/attempts/import-resource.ts";
import { getImport } from "../../reconcile/attempts/read-imports.ts";
import type { ImportOptions, ImportRequest } from "../../reconcile/receive/request.ts";
import { type ImportedFile, importFile } from "../../reconcile/run/import-file.ts";
import { storeImport } from "../../reconcile/run/store-import.ts";
import type { App } from "../server/app-types.ts";
import { type BodyPace, readBody } from "../server/bodies.ts";
import type { Caller, HttpDependencies } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import type { OnField } from "./form.ts";
import { prefersNotToWait } from "./preferences.ts";
import { type ReceivedFile, receiveFile } from "./receive.ts";

/** Processes a file to its end. */
export type RunImport = (request: ImportRequest) => Promise<ImportedFile>;

/**
 * Makes the scope hand on bodies as streams, whatever their type, and run imports: an import goes on when its sender
 * has gone, and the service waits for it before it stops.
 */
export function takeFiles(app: App, dependencies: HttpDependencies, metrics: Metrics): RunImport {
  const running = new Set<Promise<unknown>>();
  app.addHook("onClose", async () => {
    await Promise.allSettled(running);
  });
  streamBodies(app);
  return async (request) => {
    const done = importFile(dependencies, request);
    running.add(done);
    try {
      const imported = await done;
      const { resource, isRepeat } = imported;
      if (!isRepeat) metrics.importDone(resource.kind, resource.status, resource.counts);
      return imported;
    } catch (error) {
      metrics.importDone(request.options.kind, "failed", null);
      throw error;
    } finally {
      running.delete(done);
    }
  };
}

/** Makes the scope hand on bodies as streams, whatever their type. */
export function streamBodies(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
}

/** The options that a request names; without a source the key's counts, else `default`. */
type Wanted = Omit<ImportOptions, "source"> & { readonly source: string | undefined };

/**
 * Runs the import that a request asks for, unless an earlier one with its Idempotency-Key has done so. If the client
 * prefers not to wait, the import is stored, and some process finishes it.
 */
export async function runOnce(
  dependencies: HttpDependencies,
  request: FastifyRequest,
  run: RunImport,
  wanted: Wanted,
): Promise<ImportResource> {
  const { doneImportId, caller } = request;
  if (doneImportId !== null) return getImport(dependencies.database, caller.organizationId, doneImportId);
  const asked = await toImportRequest(dependencies, request, wanted);
  if (!prefersNotToWait(request.headers.prefer)) return (await run(asked)).resource;
  const resource = await storeImport(dependencies, asked);
  dependencies.waitingImports.wake();
  return resource;
}

/**
 * The import that a request asks for. Nothing of its body but the beginning is read yet.
 * @throws MusterError body_missing, and forbidden for another source than the key's
 */
export async function toImportRequest(
  dependencies: HttpDependencies,
  request: FastifyRequest,
  { source, ...wanted }: Wanted,
): Promise<ImportRequest> {
  const { caller } = request;
  const { organizationId, actor, callerId } = caller;
  const options = { ...wanted, source: (await sourceOfCaller(dependencies, caller, source)) ?? "default" };
  const { body, fileName, format, charset, announcedBytes, mayLackLineEnds } = await receiveRequest(
    dependencies,
    request,
  ).catch(refused);
  const file = {
    body,
    fileName,
    ...(format === undefined ? {} : { format }),
    ...(mayLackLineEnds === undefined ? {} : { mayLackLineEnds }),
    ...(charset === undefined ? {} : { charset }),
    ...(announcedBytes === undefined ? {} : { announcedBytes }),
    maximumBytes: dependencies.limits.importBytes,
    maximumRows: dependencies.limits.importRows,
  };
  return { caller: { organizationId, actor, callerId, channel: "api" }, file, options };
}

/** A file that is refused before its first byte is an attempt like any other: its reader learns why. A missing body is not an attempt. */
function refused(error: unknown): ReceivedFile {
  if (!(error instanceof MusterError)) throw error;
  // biome-ignore lint/correctness/useYield: there is nothing in it
  const body = async function* () {
    throw error;
  };
  return { body: body(), format: undefined, charset: undefined, fileName: null };
}

/**
 * The file of a request.
 * @throws MusterError as `receiveFile` does, and body_missing
 */
export function receiveRequest(
  { limits }: HttpDependencies,
  request: FastifyRequest,
  onField?: OnField,
): Promise<ReceivedFile> {
  return receiveFile(request.headers, openBody(requireBody(request), request, limits), onField);
}

/**
 * The body's chunks; they go into the digest of the Idempotency-Key, too. It ends only if its sender may still send it then.
 * @throws MusterError as `requireStill` does, beside what is wrong with the body
 */
async function* openBody(
  body: Readable,
  request: FastifyRequest,
  pace: BodyPace,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of readBody(body, pace)) {
    request.idempotency?.body.update(chunk);
    yield chunk;
  }
  await request.requireStill();
}

function requireBody({ body }: FastifyRequest): Readable {
  if (body instanceof Readable) return body;
  throw new MusterError("body_missing", "Send the file as the body, with Content-Type: application/xml, say.");
}

/**
 * The source whose imports the caller sends or reads: a key that is bound to a source may name no other.
 * @throws MusterError forbidden
 */
export async function sourceOfCaller<Wanted extends string | undefined>(
  { database }: HttpDependencies,
  caller: Caller,
  wanted: Wanted,
): Promise<string | Wanted> {
  if (caller.source === null) return wanted;
  const own = await sourceName(database, caller.organizationId, caller.source);
  if (own !== undefined && (wanted === undefined || wanted === own)) return own;
  throw new MusterError(
    "forbidden",
    `This API key is for the source ${own ?? "it was made for"} only. Leave source out, or use another key.`,
    {
      field: "source",
    },
  );
}
