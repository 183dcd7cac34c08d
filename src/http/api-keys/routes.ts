import { z } from "zod";
import { createApiKey, listApiKeys, revokeApiKey, services } from "../../organizations/api-keys.ts";
import type { App } from "../app-types.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { cutPage, decodeCursor, pageQuery, pageSchema } from "../paging.ts";
import { problemResponses } from "../problems.ts";

const tags = ["API keys"];

const exampleKey = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  name: "nightly",
  services: ["import" as const],
  source: "students",
  createdAt: "2026-11-22T09:30:00.123456Z",
  expiresAt: null,
  lastUsedAt: "2026-11-22T10:00:00.000000Z",
  revokedAt: null,
};

const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    services: z.array(z.enum(services)),
    source: z.string().nullable().describe("The only source that the key may import; null: any."),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe("To the minute."),
    revokedAt: z.string().nullable(),
  })
  .meta({ id: "ApiKey", examples: [exampleKey] });

const createdKeySchema = apiKeySchema
  .extend({ key: z.string().describe("The key itself. It is shown now and never again.") })
  .meta({
    id: "CreatedApiKey",
    examples: [{ ...exampleKey, lastUsedAt: null, key: "muster_n6mYcP2vR0xk3bWqTfJ8hLsE1dZaUo4iGy7VwC9XtKe" }],
  });

const newKeySchema = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}]*$/u, "has a control character")
      .describe("Stands in the change log as `api-key:` and the name. No two valid keys have the same."),
    services: z
      .array(z.enum(services))
      .min(1)
      .max(services.length)
      .describe("What the key may be used for; `admin` opens everything."),
    source: z.string().min(1).max(100).nullable().default(null).describe("The only source that the key may import."),
    expiresAt: z.iso
      .datetime({ offset: true })
      .nullable()
      .default(null)
      .describe("When it stops working; null: never."),
  })
  .meta({ id: "NewApiKey", examples: [{ name: "nightly", services: ["import"], source: "students" }] });

/** Creating, listing and revoking API keys. */
export function apiKeyRoutes(app: App, { database, clock, newId, randomBytes }: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/api-keys",
    config: { answersSecret: true },
    schema: {
      operationId: "createApiKey",
      summary: "Create an API key",
      description:
        "Makes a key. The answer shows it; it is stored as a hash only and cannot be shown again. (That is why this " +
        "address takes no Idempotency-Key: a repeat is a `conflict`, for the name is taken.)",
      tags,
      body: newKeySchema,
      response: { 201: createdKeySchema.describe("The key."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const { name, services: wanted, source, expiresAt } = request.body;
      const { key, resource } = await createApiKey(
        database,
        request.caller.organizationId,
        { name, services: wanted, source, expiresAt: expiresAt === null ? null : new Date(expiresAt) },
        { clock, newId, randomBytes, actor: request.caller.actor },
      );
      reply.code(201).header("location", `/v1/api-keys/${resource.id}`);
      return { ...resource, services: [...resource.services], key };
    },
  });

  app.route({
    method: "GET",
    url: "/api-keys",
    schema: {
      operationId: "listApiKeys",
      summary: "List API keys",
      description: "All keys, revoked ones too; the oldest first. The keys themselves are stored nowhere.",
      tags,
      querystring: z.strictObject(pageQuery),
      response: { 200: pageSchema(apiKeySchema).describe("A page of keys.") },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = decodeCursor(cursor, z.tuple([z.uuid()]))?.[0];
      const keys = await listApiKeys(database, request.caller.organizationId, { after, limit });
      const { items, nextCursor } = cutPage(keys, limit, ({ id }) => [id]);
      return { items: items.map((item) => ({ ...item, services: [...item.services] })), nextCursor };
    },
  });

  app.route({
    method: "DELETE",
    url: "/api-keys/:id",
    schema: {
      operationId: "revokeApiKey",
      summary: "Revoke an API key",
      description:
        "From the next request on the key opens nothing. It stays in the list. Revoking it again changes nothing.",
      tags,
      params: z.strictObject({ id: z.uuid().describe("Id of the key.") }),
      response: { 204: z.undefined().describe("The key is revoked."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      await revokeApiKey(database, organizationId, request.params.id, { at: clock(), actor });
      return reply.code(204).send();
    },
  });
}
