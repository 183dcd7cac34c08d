import { z } from "zod";
import { renumberedSchema, renumberSource } from "../../directory/renumber-source.ts";
import { limits } from "../../intake/limits.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";

/** The most pairs of one request. */
const mostPairs = 100_000;

/** The largest body, in bytes. */
const largestBody = 16 * 1024 * 1024;

const databaseId = z
  .string()
  .trim()
  .normalize("NFC")
  .min(1)
  .max(limits.user.databaseIdLength)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has a control character in it");

const renumberSchema = z
  .strictObject({
    pairs: z
      .array(z.strictObject({ from: databaseId, to: databaseId }))
      .min(1)
      .max(mostPairs)
      .describe("Old and new databaseIds. Each appears once on its side; two may swap."),
    dryRun: z.boolean().default(false).describe("True: the answer is the plan, and nothing is changed."),
    planHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "a plan's hash has 64 hexadecimal digits")
      .optional()
      .describe("The hash of the plan that you read: another plan is not applied."),
  })
  .meta({ id: "Renumber", examples: [{ pairs: [{ from: "900123456", to: "A00123456" }], dryRun: true }] });

/** Replacing the databaseIds of a source. */
export function renumberRoute(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/sources/:name/renumber",
    bodyLimit: largestBody,
    schema: {
      operationId: "renumberSource",
      summary: "Replace the databaseIds of a source",
      description:
        "For a source that gives its people new numbers. All pairs are applied at once, or none. The next import knows the " +
        "people by their new databaseIds, so that nobody is removed and added again. Pairs whose old databaseId is " +
        "unknown are counted and passed over.",
      tags: ["Organization"],
      params: z.strictObject({ name: z.string().max(1000).describe("The source's name.") }),
      body: renumberSchema,
      response: {
        200: renumberedSchema.describe("The changes; of a dry run, the plan."),
        ...problemResponses("not_found", "conflict", "plan_changed"),
      },
    },
    handler: (request) =>
      renumberSource(changeContext(dependencies, request.caller), request.params.name, request.body),
  });
}
