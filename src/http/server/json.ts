import type { IncomingHttpHeaders } from "node:http";

import { errorCodes } from "fastify";
import { MusterError } from "../../errors.ts";
import type { AnyRequest, App } from "./app-types.ts";

/** `\u0000` that is an escape, not a backslash that is one, followed by u0000. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Reads JSON bodies as Fastify does, which refuses members named `__proto__` or `constructor.prototype`. It also refuses
 * NUL characters, which PostgreSQL cannot store, and bytes that are not UTF-8. No other content type is accepted.
 * A body without bytes counts as absent, whatever its content type: many clients send that header with every request.
 */
export function registerJson(app: App): void {
  app.removeAllContentTypeParsers();
  addJsonParser(app, "application/json");
  app.addContentTypeParser("*", (request, _payload, done) => {
    const { "content-type": contentType, ...headers } = request.headers;
    if (!announcesBody(headers)) done(null, undefined);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(contentType));
  });
}

/** True if the headers of a request say that a body follows, which may still have no bytes. */
export function announcesBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The content types of a JSON merge patch (RFC 7396). */
export const mergePatchTypes = ["application/merge-patch+json", "application/json"];

/** Registers routes that take merge patches by their own content type as well. */
export function withMergePatches(app: App, routes: (scope: App) => void): void {
  void app.register((scope, _options, ready) => {
    addJsonParser(scope as App, "application/merge-patch+json");
    routes(scope as App);
    ready();
  });
}

function addJsonParser(app: App, contentType: string): void {
  const parse = createJsonParser(app);
  app.addContentTypeParser(contentType, { parseAs: "buffer" }, (request, body, done) => {
    parse(request, body as Buffer, done);
  });
}

const bodyIsNull = new MusterError("request_invalid", "The body is null, which is not a JSON object. Send an object.");

type Done = (error: Error | null, body?: unknown) => void;

/** Makes a parser of JSON bodies; an empty body becomes undefined. */
export function createJsonParser(app: App): (request: AnyRequest, body: Buffer, done: Done) => void {
  const parse = app.getDefaultJsonParser("error", "error");
  return (request, body, done) => {
    let text: string;
    try {
      text = readText(body, request.headers["content-type"]);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (text === "") done(null, undefined);
    else if (escapedNul.test(text)) {
      done(new MusterError("request_invalid", "The body has a NUL character (\\u0000) in it."));
    } else void parse(request, text, (error, value) => done(error ?? (value === null ? bodyIsNull : null), value));
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the text of a body of JSON or of a form.
 * @throws MusterError encoding_unsupported when the content type names another charset than UTF-8; encoding_invalid
 */
export function readText(body: Buffer, contentType: string | undefined): string {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  if (!["utf-8", "utf8", "us-ascii"].includes(charset)) {
    throw new MusterError("encoding_unsupported", "This address reads UTF-8 only. Send the body as UTF-8.");
  }
  try {
    return utf8.decode(body);
  } catch {
    throw new MusterError("encoding_invalid", "The body is not UTF-8. Nothing was changed. Send it as UTF-8.");
  }
}
