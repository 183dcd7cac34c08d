import type { FastifyReply, FastifyRequest } from "fastify";
import { type ImportResource, importSchema } from "../../reconcile/attempts/import-resource.ts";
import { listImportRows } from "../../reconcile/attempts/list-rows.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { sendDocument } from "../contract/replies.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { reportedRows, reportText } from "./report-text.ts";

/** Answers with an import, or with the report for people if the request accepts `text/plain`. */
export async function sendImport(
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
