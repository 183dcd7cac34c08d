import { MusterError } from "../../errors.ts";
import type { App } from "./app-types.ts";

/** `\u0000` that is an escape, not a backslash that is one, followed by u0000. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Takes JSON bodies as Fastify does (members named `__proto__` or `constructor.prototype` are refused), but without NUL
 * characters, which PostgreSQL has no way to store; and takes no other content type.
 */
export function registerJson(app: App): void {
  app.removeAllContentTypeParsers();
  addJsonParser(app, "application/json");
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
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser(contentType, { parseAs: "string" }, (request, body, done) => {
    if (escapedNul.test(body as string)) {
      done(new MusterError("request_invalid", "The body has a NUL character (\\u0000) in it."));
      return;
    }
    void parse(request, body as string, done);
  });
}
