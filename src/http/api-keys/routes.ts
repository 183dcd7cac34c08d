import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { canonicalRange, isOnList } from "../../organizations/addresses.ts";
import { changeApiKey, createApiKey, revokeApiKey, rotateApiKey } from "../../organizations/api-keys.ts";
import { type ApiKeyResource, apiKeySchema, getApiKey, listApiKeys } from "../../organizations/read-api-keys.ts";
import { addressOf } from "../callers/addresses.ts";
import { checkTag, contentTag, ifMatchHeaders } from "../contract/etags.ts";
import { readPage } from "../contract/lists.ts";
import { pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import type { AnyRequest, App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { createdKeySchema, keyParams, keyPatchSchema, newKeySchema, rotationSchema } from "./schemas.ts";

const tags = ["API keys"];

const shown = ({ services: granted, allowedAddresses, ...resource }: ApiKeyResource) => ({
  ...resource,
  services: [...granted],
  allowedAddresses: [...allowedAddresses],
});
/** The entity tag of a key, which using the key does not change. */
function tagOf({ lastUsedAt: _, rotation, ...resource }: ApiKeyResource): string {
  return contentTag({ ...resource, rotatedAt: rotation?.rotatedAt, previousUntil: rotation?.previousUntil });
}

function checkKey(headers: { readonly "if-match"?: string | undefined }): (key: ApiKeyResource) => void {
  const check = checkTag(headers);
  return (key) => check(tagOf(key));
}

const dateOf = (text: string | null) => (text === null ? null : new Date(text));

/** Creating, listing and revoking API keys. */
export function apiKeyRoutes(app: App, dependencies: HttpDependencies): void {
  creatingRoute(app, dependencies);
  listingRoute(app, dependencies);
  revokingRoute(app, dependencies);
}

function creatingRoute(app: App, { database, clock, newId, randomBytes }: HttpDependencies): void {
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
      const { name, services: wanted, source, expiresAt, allowedAddresses } = request.body;
      const { key, resource } = await createApiKey(
        database,
        request.caller.organizationId,
        { name, services: wanted, source, expiresAt: dateOf(expiresAt), allowedAddresses },
        { clock, newId, randomBytes, actor: request.caller.actor },
      );
      reply.code(201).header("location", `/v1/api-keys/${resource.id}`).header("etag", tagOf(resource));
      return { ...shown(resource), key };
    },
  });
}

function listingRoute(app: App, { database }: HttpDependencies): void {
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
      const keys = {
        read: (after: readonly [string] | undefined, limit: number) =>
          listApiKeys(database, request.caller.organizationId, { after: after?.[0], limit }),
        keyOf: ({ id }: ApiKeyResource) => [id] as const,
        keyShape: z.tuple([z.uuid()]),
      };
      const { items, nextCursor } = await readPage(keys, request.query);
      return { items: items.map(shown), nextCursor };
    },
  });
}

function revokingRoute(app: App, { database, clock }: HttpDependencies): void {
  app.route({
    method: "DELETE",
    url: "/api-keys/:id",
    schema: {
      operationId: "revokeApiKey",
      summary: "Revoke an API key",
      description:
        "From the next request on the key opens nothing, the one before its rotation neither. It stays in the list. Revoking it again changes nothing.",
      tags,
      params: keyParams,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("The key is revoked."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      await revokeApiKey(database, organizationId, request.params.id, {
        at: clock(),
        actor,
        check: checkKey(request.headers),
      });
      return reply.code(204).send();
    },
  });
}

/** Changing and replacing API keys. */
export function apiKeyEditRoutes(app: App, dependencies: HttpDependencies): void {
  const { database, clock } = dependencies;
  rotationRoute(app, dependencies);
  app.route({
    method: "GET",
    url: "/api-keys/:id",
    schema: {
      operationId: "getApiKey",
      summary: "Read an API key",
      description: "One key, revoked or not. The key itself is stored nowhere.",
      tags,
      params: keyParams,
      response: { 200: apiKeySchema.describe("The key."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const resource = await getApiKey(database, request.caller.organizationId, request.params.id);
      reply.header("etag", tagOf(resource));
      return shown(resource);
    },
  });

  app.route({
    method: "PATCH",
    url: "/api-keys/:id",
    schema: {
      operationId: "patchApiKey",
      summary: "Change an API key",
      description:
        "Changes what is given; what is absent stays. It counts from the next request on. A key cannot take itself off " +
        "its own list of addresses.",
      tags,
      params: keyParams,
      headers: ifMatchHeaders,
      body: keyPatchSchema,
      response: {
        200: apiKeySchema.describe("The key."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const { organizationId, actor, callerId } = request.caller;
      const { expiresAt, ...patch } = request.body;
      const { id } = request.params;
      if (id === callerId && patch.allowedAddresses !== undefined) requireOwnAddress(patch.allowedAddresses, request);
      const wanted = { ...patch, ...(expiresAt === undefined ? {} : { expiresAt: dateOf(expiresAt) }) };
      const check = checkKey(request.headers);
      const resource = await changeApiKey(database, organizationId, id, wanted, { at: clock(), actor, check });
      reply.header("etag", tagOf(resource));
      return shown(resource);
    },
  });
}

function rotationRoute(app: App, { database, clock, randomBytes }: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/api-keys/:id/rotate",
    config: { answersSecret: true },
    schema: {
      operationId: "rotateApiKey",
      summary: "Replace an API key",
      description:
        "Makes a new key in the place of this one, with the same id, name and services; the answer shows it, once. The " +
        "one before goes on working for `overlapSeconds`; one that still worked from an earlier rotation ends at once.",
      tags,
      params: keyParams,
      headers: ifMatchHeaders,
      body: rotationSchema,
      response: {
        200: createdKeySchema.describe("The key."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    // The body may be missing: there is nothing that has to be said.
    preValidation: async (request) => {
      request.body ??= {} as never;
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const context = { clock, randomBytes, actor, check: checkKey(request.headers) };
      const { overlapSeconds } = request.body;
      const { key, resource } = await rotateApiKey(
        database,
        organizationId,
        request.params.id,
        overlapSeconds,
        context,
      );
      reply.header("etag", tagOf(resource));
      return { ...shown(resource), key };
    },
  });
}

/** Nobody could use the key any more to take that back. */
function requireOwnAddress(list: readonly string[], request: AnyRequest): void {
  const address = addressOf(request);
  const ranges = list.map((entry) => canonicalRange(entry)).filter((range) => range !== undefined);
  // Values that are not addresses are refused when the list is set.
  if (ranges.length < list.length || isOnList(ranges, address)) return;
  const detail = `You use this very key from ${address ?? "an unknown address"}, which is not on the list. Add it, or use another key.`;
  throw new MusterError("request_invalid", detail, {
    field: "allowedAddresses",
    errors: [{ field: "allowedAddresses", message: detail }],
  });
}
