import { z } from "zod";
import { readDecider } from "../../moderation/context.ts";
import { decideHeldImport, type ImportDecision } from "../../moderation/decide-import.ts";
import { type ImportResource, importSchema } from "../../reconcile/attempts/import-resource.ts";
import { withOrganization } from "../../store/database.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendDocument } from "../contract/replies.ts";
import type { App } from "../server/app-types.ts";
import { type Caller, type HttpDependencies, moderationOf } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import { documents } from "./documents.ts";
import { importParams } from "./schemas.ts";

const tags = ["Imports"];

const deciderMembers = {
  decidedBy: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "The person who decides, by name; it is kept. An API key has to name it; people decide in their own name.",
    ),
  reason: z.string().trim().max(2000).optional().describe("Why; it is kept."),
};
const approvalSchema = z
  .strictObject({
    planHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "a plan's hash has 64 hexadecimal digits")
      .describe("Hash of the plan that is approved: `planHash` of the import."),
    ...deciderMembers,
  })
  .meta({
    id: "Approval",
    examples: [{ planHash: "7c1e".padEnd(64, "0"), decidedBy: "Kim Park", reason: "RES-NORTH was closed" }],
  });
const discardSchema = z
  .strictObject(deciderMembers)
  .meta({ id: "Discard", examples: [{ decidedBy: "Kim Park", reason: "half a file" }] });

interface Decision {
  readonly decidedBy?: string | undefined;
  readonly reason?: string | undefined;
  readonly planHash?: string;
}

/** Deciding about imports that are held. */
export function decisionRoutes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  app.route({
    method: "POST",
    url: "/imports/:id/approve",
    schema: {
      operationId: "approveImport",
      summary: "Approve a held import",
      description:
        "Applies what waits: exactly the plan of that hash. When what is stored has changed since, nothing is applied and " +
        "the answer is 409 `plan_changed` with the new plan's hash. The key needs the service `approvals`, and one that " +
        "may import may not approve. Nor may a person approve an import that they sent.",
      tags,
      params: importParams,
      body: approvalSchema,
      response: {
        200: documents("The import, applied.", importSchema),
        ...problemResponses("not_found", "conflict", "plan_changed", "gone"),
      },
    },
    handler: async (request, reply) => {
      const resource = await decideFor(dependencies, request.caller, request.params.id, "approve", request.body);
      metrics.importDone(resource.kind, resource.status, resource.counts);
      return sendDocument(request, reply, "import", importSchema, resource);
    },
  });

  app.route({
    method: "POST",
    url: "/imports/:id/discard",
    schema: {
      operationId: "discardImport",
      summary: "Discard a held import",
      description: "Closes it without applying what waits. What was applied already stays.",
      tags,
      params: importParams,
      body: discardSchema,
      response: {
        200: documents("The import, discarded.", importSchema),
        ...problemResponses("not_found", "conflict"),
      },
    },
    handler: async (request, reply) => {
      const resource = await decideFor(dependencies, request.caller, request.params.id, "reject", request.body);
      return sendDocument(request, reply, "import", importSchema, resource);
    },
  });
}

/** Decides about a held import for the caller. */
async function decideFor(
  dependencies: HttpDependencies,
  caller: Caller,
  id: string,
  outcome: ImportDecision["outcome"],
  { decidedBy: named, reason, planHash }: Decision,
): Promise<ImportResource> {
  const context = { ...moderationOf(dependencies, caller), imports: dependencies };
  const decidedBy = await withOrganization(dependencies.database, caller.organizationId, (transaction) =>
    readDecider(transaction, context.actor, named),
  );
  return decideHeldImport(context, id, { outcome, planHash, isExact: false, decidedBy, reason: reason || null });
}
