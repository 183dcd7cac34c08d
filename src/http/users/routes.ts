import { z } from "zod";
import { listUsers } from "../../directory/list-users.ts";
import type { StoredUser } from "../../directory/user-document.ts";
import { userSchema } from "../../directory/user-schema.ts";
import { createUser, deleteUser, getUser, updateUser } from "../../directory/users.ts";
import type { ChangeContext } from "../../organizations/organizations.ts";
import { cutFollowablePage, followablePageSchema, startPage } from "../changes/followable.ts";
import { checkIfMatch, etag, ifMatchHeaders } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendJson } from "../contract/replies.ts";
import type { AnyReply, AnyRequest, App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";
import { mergePatchTypes, withMergePatches } from "../server/json.ts";
import { newUserSchema, userFilter, userParams, userPatchSchema } from "./schemas.ts";

const tags = ["Users"];

/** People, one at a time. */
export function userRoutes(app: App, dependencies: HttpDependencies): void {
  const context = (request: AnyRequest) => changeContext(dependencies, request.caller);
  readingRoutes(app, dependencies);
  createRoute(app, context);
  deleteRoute(app, context);
  withMergePatches(app, (scope) => updateRoute(scope, context));
}

type Context = (request: AnyRequest) => ChangeContext;

function sendUser(reply: AnyReply, user: StoredUser): AnyReply {
  return sendJson(reply.header("etag", etag(user.version)), user.document);
}

function readingRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/users",
    schema: {
      operationId: "listUsers",
      summary: "List users",
      description:
        "People in the order of their ids. Filters can be combined: a person is listed when all of them apply. A page " +
        "shows one moment; between two pages people may come and go.",
      tags,
      querystring: userFilter,
      response: { 200: followablePageSchema(userSchema).describe("A page of users.") },
    },
    handler: async (request, reply) => {
      const { cursor, limit, ...filter } = request.query;
      const { organizationId } = request.caller;
      const { after, position } = await startPage(database, organizationId, cursor, z.int().nonnegative());
      const rows = await listUsers(database, organizationId, filter, { after, limit });
      const { items, ...cursors } = cutFollowablePage(rows, limit, position, ({ id }) => id);
      const documents = items.map(({ document }) => document).join(",");
      return sendJson(reply, `{"items":[${documents}],${JSON.stringify(cursors).slice(1)}`);
    },
  });

  app.route({
    method: "GET",
    url: "/users/:id",
    schema: {
      operationId: "getUser",
      summary: "Get a user",
      description: "One person, with everything that is known.",
      tags,
      params: userParams,
      response: { 200: userSchema.describe("The user."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) =>
      sendUser(reply, await getUser(database, request.caller.organizationId, request.params.id)),
  });
}

function createRoute(app: App, context: Context): void {
  app.route({
    method: "POST",
    url: "/users",
    schema: {
      operationId: "createUser",
      summary: "Add a user",
      description:
        "Adds a person by hand. What is entered by hand stays through imports. A new person also joins the default " +
        "groups. With the setting `requireGroup`, a person who would be in no group is refused. E-mails are not unique; " +
        "the username is.",
      tags,
      body: newUserSchema,
      response: { 201: userSchema.describe("The new user."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const user = await createUser(context(request), request.body);
      return sendUser(reply.code(201).header("location", `/v1/users/${user.id}`), user);
    },
  });
}

function updateRoute(app: App, context: Context): void {
  app.route({
    method: "PATCH",
    url: "/users/:id",
    schema: {
      operationId: "updateUser",
      summary: "Change a user",
      description:
        "A JSON merge patch (RFC 7396): what is absent stays, null takes a value away, lists are replaced whole. What the " +
        "patch changes is entered by hand from then on, and imports leave it alone; what it only repeats keeps its " +
        "owner. It removes values of any owner, and an import may fill them again. A patch that changes nothing " +
        "is no change: the version stays.",
      tags,
      consumes: mergePatchTypes,
      params: userParams,
      headers: ifMatchHeaders,
      body: userPatchSchema,
      response: {
        200: userSchema.describe("The user, changed."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const checkVersion = checkIfMatch(request.headers);
      return sendUser(reply, await updateUser(context(request), request.params.id, request.body, checkVersion));
    },
  });
}

function deleteRoute(app: App, context: Context): void {
  app.route({
    method: "DELETE",
    url: "/users/:id",
    schema: {
      operationId: "deleteUser",
      summary: "Delete a user",
      description:
        "Deletes a person and their memberships, even if sources know them. A source that still has them brings them back with its " +
        "next import, as a new person.",
      tags,
      params: userParams,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("The user is deleted."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      await deleteUser(context(request), request.params.id, checkIfMatch(request.headers));
      return reply.code(204).send();
    },
  });
}
