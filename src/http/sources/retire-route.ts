import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { getSource } from "../../organizations/sources.ts";
import { type ImportResource, importSchema } from "../../reconcile/attempts/import-resource.ts";
import { getImport } from "../../reconcile/attempts/read-imports.ts";
import { ifMatchHeaders, ifMatchVersions, requireVersion } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import { documents } from "../imports/documents.ts";
import type { RunImport } from "../imports/run.ts";
import { sendImport } from "../imports/send-import.ts";
import type { App } from "../server/app-types.ts";
import type { Caller, HttpDependencies } from "../server/dependencies.ts";

/** Retiring a source. The scope runs imports. */
export function retireRoute(app: App, dependencies: HttpDependencies, run: RunImport): void {
  const { database } = dependencies;
  app.route({
    method: "DELETE",
    url: "/sources/:name",
    config: { answersImport: true },
    schema: {
      operationId: "retireSource",
      summary: "Retire a source",
      description:
        "Ends the claims of a source, and deletes it with its settings and its field mapping. People whom only this source " +
        "has are removed, as if a roster named nobody; others lose what it brought. The retirement is an import of the kind " +
        "`retirement`, so it has a plan. The guard judges it, and somebody with the right to approve decides if it is held. " +
        "When it is applied, API keys that are bound to the source are revoked.",
      tags: ["Organization"],
      params: z.strictObject({ name: z.string().max(1000).describe("The source's name.") }),
      headers: ifMatchHeaders,
      querystring: z.strictObject({
        dryRun: z
          .enum(["true", "false"])
          .default("false")
          .describe("`true`: the answer is the plan, and nothing is changed."),
      }),
      response: {
        200: documents("The retirement, applied; or, of a dry run, what would happen.", importSchema, true),
        202: documents("The retirement, held: it waits for a decision.", importSchema, true),
        ...problemResponses("not_found", "conflict", "version_mismatch", "source_unknown"),
      },
    },
    handler: async (request, reply) => {
      const { caller, doneImportId } = request;
      let resource: ImportResource;
      if (doneImportId !== null) resource = await getImport(database, caller.organizationId, doneImportId);
      else {
        const source = await getSource(database, caller.organizationId, request.params.name);
        requireVersion(ifMatchVersions(request.headers["if-match"]), source.version);
        resource = await retire(run, caller, source.name, request.query.dryRun === "true");
      }
      reply.code(resource.status === "held" ? 202 : 200);
      return sendImport(dependencies, request, reply, resource);
    },
  });
}

async function retire(run: RunImport, caller: Caller, source: string, dryRun: boolean): Promise<ImportResource> {
  if (source === "default") {
    throw new MusterError(
      "conflict",
      "The source default cannot be retired, because it takes the files that name no source. Retire another one, or send a roster.",
    );
  }
  const { organizationId, actor, callerId } = caller;
  const { resource } = await run({
    caller: { organizationId, actor, callerId, channel: "api" },
    file: { fileName: null, format: "json", body: requestBody(source), maximumBytes: 10_000 },
    options: { kind: "retirement", source, style: "active-roster", dryRun },
  });
  return resource;
}

/** The file that is kept with the retirement while it is held. */
async function* requestBody(source: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(JSON.stringify({ retire: source }));
}
