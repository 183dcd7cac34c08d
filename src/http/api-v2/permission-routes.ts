import { z } from "zod";
import type { Permission } from "../../directory/permissions.ts";
import { roleRights } from "../../organizations/role-capabilities.ts";
import { sendAll } from "../contract/lists.ts";
import { permissionList } from "../permissions/routes.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { keyQuery } from "./key-query.ts";

const text = z.string();
const feedPermissionSchema = z.object({
  userID: text,
  databaseID: text,
  firstName: text,
  lastName: text,
  groupID: text.describe("The group of the membership that gives the right."),
  role: text.describe(
    `1 to 4, as in \`groupID\` of a roster; ${roleRights.findIndex(({ scope }) => scope === "organization")} counts in every group.`,
  ),
  since: text,
});
const feedPermissionsSchema = z.object({ permissions: z.array(feedPermissionSchema) }).meta({
  id: "PermissionsV2",
  examples: [
    {
      permissions: [
        {
          userID: "jdoe",
          databaseID: "900123456",
          firstName: "Jane",
          lastName: "Doe",
          groupID: "CRS-0001",
          role: "3",
          since: "2026-11-22T02:00:03.123456Z",
        },
      ],
    },
  ],
});

const feedPermission = (permission: Permission): z.infer<typeof feedPermissionSchema> => ({
  userID: permission.username ?? "",
  databaseID: permission.databaseId ?? "",
  firstName: permission.firstName,
  lastName: permission.lastName,
  groupID: permission.groupId,
  role: String(permission.role),
  since: permission.since,
});

/** Route of all roles above member, for existing jobs. */
export function permissionV2Routes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/permissions",
    config: { usualFormat: "xml" },
    schema: {
      operationId: "listPermissionsV2",
      summary: "List who may do more than a member, as existing jobs do",
      description:
        "All roles above member. In XML, or in JSON to who asks for it. `source`, `style` and `dryRun` are refused; other parameters that it does not know are ignored.",
      tags: ["Version 2"],
      querystring: z.looseObject(keyQuery),
      response: {
        200: {
          description: "All permissions.",
          content: {
            "application/xml": { schema: feedPermissionsSchema },
            "application/json": { schema: feedPermissionsSchema },
          },
        },
      },
    },
    handler: async (request, reply) => {
      const list = permissionList(database, request.caller.organizationId, {});
      return sendAll(request, reply, list, { list: "permissions", item: "permission", tell: feedPermission });
    },
  });
}
