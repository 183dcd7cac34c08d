import { MusterError } from "../errors.ts";
import type { App } from "./app-types.ts";

/** `\u0000` that is an escape, not a backslash that is one, followed by u0000. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Takes JSON bodies as Fastify does (members named `__proto__` or `constructor.prototype` are refused), but without NUL
 * characters, which PostgreSQL has no way to store; and takes no other content type.
 */
export function registerJson(app: App): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (escapedNul.test(body as string)) {
      done(new MusterError("request_invalid", "The body has a NUL character (\\u0000) in it."));
      return;
    }
    void parse(request, body as string, done);
  });
}
