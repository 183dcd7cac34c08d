import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { MusterError } from "../../errors.ts";
import { chooseFormat } from "./negotiation.ts";
import { problemText } from "./problem-text.ts";
import { type Problem, problemDetails } from "./problems.ts";
import { problemToXml, toXml } from "./xml.ts";

/** Answers with JSON text that is ready, e.g. because PostgreSQL built it; the route's response schema isn't run. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.header("content-type", "application/json; charset=utf-8").send(text);
}

/**
 * Answers with an object as JSON, or as XML if the request prefers that; or the other way round where XML is usual.
 * @param rootName name of the XML root element
 * @param schema gives the members their order, independent of the object's own order
 */
export function sendDocument<Schema extends z.ZodType>(
  request: FastifyRequest,
  reply: FastifyReply,
  rootName: string,
  schema: Schema,
  document: z.input<Schema> & object,
): FastifyReply {
  const ordered = schema.parse(document) as object;
  reply.header("vary", "accept");
  const format = chooseFormat(request.headers, ["json", "xml"], request.routeOptions.config.usualFormat);
  if (format === "json") return sendJson(reply, JSON.stringify(ordered));
  return reply.header("content-type", "application/xml; charset=utf-8").send(toXml(rootName, ordered));
}

const problemFormats = {
  json: { contentType: "application/problem+json", write: (problem: Problem) => JSON.stringify(problem) },
  xml: { contentType: "application/problem+xml", write: problemToXml },
  text: { contentType: "text/plain", write: problemText },
};

/** Answers with problem details (RFC 9457), in JSON or XML; to a file that was sent for a report, as text, too. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: MusterError): FastifyReply {
  const { code, detail, place, importId } = error;
  const details = problemDetails(code, detail, request.id, importId === undefined ? place : { ...place, importId });
  const { answersImport, usualFormat } = request.routeOptions?.config ?? {};
  const offered = answersImport ? (["json", "xml", "text"] as const) : (["json", "xml"] as const);
  const format = chooseFormat(request.headers, offered, usualFormat) as keyof typeof problemFormats;
  const { contentType, write } = problemFormats[format];
  if (error.place.retryAfter !== undefined) reply.header("retry-after", String(error.place.retryAfter));
  if (error.code === "unauthenticated")
    reply.header("www-authenticate", 'Bearer realm="Muster", Basic realm="Muster", charset="UTF-8"');
  return reply
    .code(details.status)
    .header("content-type", `${contentType}; charset=utf-8`)
    .header("cache-control", "no-store")
    .header("vary", "accept")
    .send(write(details));
}
