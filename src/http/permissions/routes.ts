import { z } from "zod";
import {
  listPermissions,
  type Permission,
  type PermissionFilter,
  type PermissionKey,
  permissionSchema,
} from "../../directory/permissions.ts";
import type { Database } from "../../store/database.ts";
import { type List, type PageRequest, readPage } from "../contract/lists.ts";
import { pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { userParams } from "../users/schemas.ts";
import { permissionFilter, userPermissionFilter } from "./schemas.ts";

const permissionPage = pageSchema(permissionSchema);

/** Roles above member, in the order of the people's ids and of the groups'. */
export function permissionList(
  database: Database,
  organizationId: number,
  filter: PermissionFilter,
): List<Permission, PermissionKey> {
  return {
    read: (after, limit) => listPermissions(database, organizationId, filter, { after, limit }),
    keyOf: ({ userId, groupId }) => [Number(userId), groupId],
    keyShape: z.tuple([z.int().nonnegative(), z.string()]),
  };
}

/** Routes of roles above member. */
export function permissionRoutes(app: App, { database }: HttpDependencies): void {
  const answer = async (organizationId: number, filter: PermissionFilter, page: PageRequest) => {
    const { items, nextCursor } = await readPage(permissionList(database, organizationId, filter), page);
    return { items: items.map((item) => ({ ...item, capabilities: [...item.capabilities] })), nextCursor };
  };

  app.route({
    method: "GET",
    url: "/permissions",
    schema: {
      operationId: "listPermissions",
      summary: "List who may do more than a member",
      description:
        "Every role above member, what it may do and where, where it came from, and since when; in the order of the " +
        "people's ids and of the groups'.",
      tags: ["Permissions"],
      querystring: permissionFilter,
      response: { 200: permissionPage.describe("A page of permissions.") },
    },
    handler: ({ caller, query: { groupId, role, ...rest } }) => answer(caller.organizationId, { groupId, role }, rest),
  });

  app.route({
    method: "GET",
    url: "/users/:id/permissions",
    schema: {
      operationId: "listUserPermissions",
      summary: "List what a user may do beyond a member",
      description: "The roles of a person above member, in the order of the groups' ids.",
      tags: ["Permissions"],
      params: userParams,
      querystring: userPermissionFilter,
      response: { 200: permissionPage.describe("A page of permissions."), ...problemResponses("not_found") },
    },
    handler: ({ caller, params, query }) => answer(caller.organizationId, { userId: params.id }, query),
  });
}
