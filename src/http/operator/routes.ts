import { z } from "zod";
import { eraseOrganization } from "../../organizations/erase.ts";
import {
  addOrganization,
  getOrganizationSummary,
  issueAdminKey,
  listOrganizations,
  type OperatorContext,
  type OrganizationSummary,
  renameOrganization,
  setIdentityProvider,
  summarySchema,
} from "../../organizations/operator.ts";
import { notFound } from "../contract/errors.ts";
import { checkIfMatch, etag, ifMatchHeaders } from "../contract/etags.ts";
import { readPage } from "../contract/lists.ts";
import { pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import type { AnyReply, App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { mergePatchTypes, withMergePatches } from "../server/json.ts";
import {
  adminKeyOrderSchema,
  createdOrganizationSchema,
  identityProviderSchema,
  issuedAdminKeySchema,
  newOrganizationSchema,
  summaryCursor,
  summaryDeletion,
  summaryPage,
  summaryParams,
  summaryPatchSchema,
} from "./schemas.ts";

const tags = ["Operator"];

/** Registers the operator's addresses for organizations. They begin with `/v1/organizations`. */
export function operatorRoutes(app: App, dependencies: HttpDependencies): void {
  const context = () => contextOf(dependencies);
  readingRoutes(app, context);
  creationRoute(app, context);
  adminKeyRoute(app, context);
  deletionRoute(app, context);
  identityProviderRoutes(app, context);
  withMergePatches(app, (scope) => renameRoute(scope, context));
}

type Context = () => OperatorContext;

function contextOf({ operator, database, queue, clock, newId, randomBytes }: HttpDependencies): OperatorContext {
  // Never: the authentication lets nobody in then.
  if (operator === undefined) throw notFound();
  const written = (organizationId: number) => database.written(organizationId);
  const keysChanged = () => database.keysChanged();
  return { owner: operator.owner, written, keysChanged, queue, clock, newId, randomBytes };
}

function tagged(reply: AnyReply, organization: OrganizationSummary): OrganizationSummary {
  reply.header("etag", etag(organization.version));
  return organization;
}

function readingRoutes(app: App, context: Context): void {
  app.route({
    method: "GET",
    url: "",
    schema: {
      operationId: "listOrganizations",
      summary: "List organizations",
      description: "All organizations of this service, the oldest first, each with counts and nothing of its data.",
      tags,
      querystring: summaryPage,
      response: { 200: pageSchema(summarySchema).describe("A page of organizations.") },
    },
    handler: async (request) => {
      const read = (after: readonly [number] | undefined, limit: number) =>
        listOrganizations(context().owner, { after: after?.[0], limit });
      return readPage({ read, keyOf: ({ id }) => [Number(id)] as const, keyShape: summaryCursor }, request.query);
    },
  });

  app.route({
    method: "GET",
    url: "/:id",
    schema: {
      operationId: "getOrganizationSummary",
      summary: "Look at an organization",
      description: "An organization of this service, with counts and nothing of its data.",
      tags,
      params: summaryParams,
      response: { 200: summarySchema.describe("The organization."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => tagged(reply, await getOrganizationSummary(context().owner, request.params.id)),
  });
}

function creationRoute(app: App, context: Context): void {
  app.route({
    method: "POST",
    url: "",
    config: { answersSecret: true },
    schema: {
      operationId: "createOrganization",
      summary: "Create an organization",
      description:
        "Makes an organization with the default settings, the source `default` and an admin key. The answer shows the key; " +
        "it is stored as a hash only and cannot be shown again. (That is why this address takes no Idempotency-Key: a " +
        "repeat is a `conflict`, for the name is taken.)",
      tags,
      body: newOrganizationSchema,
      response: { 201: createdOrganizationSchema.describe("The organization."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const { organization, adminKey } = await addOrganization(context(), request.body.name);
      reply.code(201).header("location", `/v1/organizations/${organization.id}`);
      return { ...tagged(reply, organization), adminKey };
    },
  });
}

function adminKeyRoute(app: App, context: Context): void {
  app.route({
    method: "POST",
    url: "/:id/admin-key",
    config: { answersSecret: true },
    schema: {
      operationId: "issueAdminKey",
      summary: "Make an admin key for an organization",
      description:
        "For an organization that lost its own. The answer shows the key; it cannot be shown again. The other keys stay, " +
        "or those with the service `admin` are revoked at the same moment. The name is `admin`, or `admin 2` and so on " +
        "while a valid key has that one.",
      tags,
      params: summaryParams,
      body: adminKeyOrderSchema,
      response: { 201: issuedAdminKeySchema.describe("The key."), ...problemResponses("not_found") },
    },
    // The body may be missing: there is nothing that has to be said.
    preValidation: async (request) => {
      request.body ??= {} as typeof request.body;
    },
    handler: async (request, reply) => {
      const key = await issueAdminKey(context(), request.params.id, request.body.revokeOthers);
      reply.code(201).header("location", `/v1/api-keys/${key.id}`);
      return key;
    },
  });
}

function deletionRoute(app: App, context: Context): void {
  app.route({
    method: "DELETE",
    url: "/:id",
    schema: {
      operationId: "deleteOrganization",
      summary: "Delete an organization",
      description:
        "Deletes an organization and everything of it: people, groups, imports with their files, the change log, keys. " +
        "There is no way back but a backup. It happens only if `expectedUsers` is how many users it has.",
      tags,
      params: summaryParams,
      querystring: summaryDeletion,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("It is deleted."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const { expectedUsers } = request.query;
      const expectation = { expectedUsers, checkVersion: checkIfMatch(request.headers) };
      await eraseOrganization(context(), request.params.id, expectation);
      return reply.code(204).send();
    },
  });
}

function identityProviderRoutes(app: App, context: Context): void {
  const url = "/:id/identity-provider";
  const refusals = problemResponses("not_found", "conflict", "version_mismatch");

  app.route({
    method: "PUT",
    url,
    schema: {
      operationId: "setIdentityProvider",
      summary: "Set whose tokens sign people in",
      description:
        "The OpenID provider of an organization, in the place of the one that it has. It counts from the next request on. No " +
        "two organizations have the same issuer with the same audience. (A provider that the environment sets for the first " +
        "organization, `OIDC_ISSUER`, is put back at the next start.)",
      tags,
      params: summaryParams,
      headers: ifMatchHeaders,
      body: identityProviderSchema,
      response: { 200: summarySchema.describe("The organization, with its provider."), ...refusals },
    },
    handler: async (request, reply) => {
      const check = checkIfMatch(request.headers);
      return tagged(reply, await setIdentityProvider(context(), request.params.id, request.body, check));
    },
  });

  app.route({
    method: "DELETE",
    url,
    schema: {
      operationId: "removeIdentityProvider",
      summary: "Have no tokens sign people in",
      description: "Tokens sign nobody of the organization in from then on. Sessions and links go on working.",
      tags,
      params: summaryParams,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("It has no provider."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      await setIdentityProvider(context(), request.params.id, null, checkIfMatch(request.headers));
      return reply.code(204).send();
    },
  });
}

function renameRoute(app: App, context: Context): void {
  app.route({
    method: "PATCH",
    url: "/:id",
    schema: {
      operationId: "renameOrganization",
      summary: "Rename an organization",
      description:
        "A JSON merge patch (RFC 7396). The change appears in the change log of the organization, made by `operator`.",
      tags,
      consumes: mergePatchTypes,
      params: summaryParams,
      headers: ifMatchHeaders,
      body: summaryPatchSchema,
      response: {
        200: summarySchema.describe("The organization, renamed."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const check = checkIfMatch(request.headers);
      return tagged(reply, await renameOrganization(context(), request.params.id, request.body.name, check));
    },
  });
}
