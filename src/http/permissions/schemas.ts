import { z } from "zod";
import type { Permission } from "../../directory/permissions.ts";
import { capabilities } from "../../organizations/role-capabilities.ts";
import { pageQuery } from "../contract/paging.ts";
import { roleNames } from "../users/schemas.ts";

const examplePermission: Permission = {
  userId: "17",
  databaseId: "900123456",
  username: "jdoe",
  firstName: "Jane",
  lastName: "Doe",
  scope: "group",
  groupId: "CRS-0001",
  role: 3,
  capabilities: ["see", "submit", "publish", "decide"],
  origin: "source",
  source: "employees",
  since: "2026-11-22T02:00:03.123456Z",
};

/** A right that somebody has beyond those of a member. */
export const permissionSchema = z
  .object({
    userId: z.string(),
    databaseId: z.string().nullable().describe("In the highest-ranked source that knows the person."),
    username: z.string().nullable(),
    firstName: z.string(),
    lastName: z.string(),
    scope: z.enum(["organization", "group"]).describe("Where it counts: in every group, or in this one."),
    groupId: z.string().describe("The group of the membership that gives it."),
    role: z.int().describe(roleNames),
    capabilities: z.array(z.enum(capabilities)).describe("What the role may do there."),
    origin: z.enum(["manual", "self-registered", "default", "source"]).describe("Where the right came from."),
    source: z.string().nullable().describe("The source that granted it; null of other origins."),
    since: z.string().describe("Since when the person has this role in the group."),
  })
  .meta({ id: "Permission", examples: [{ ...examplePermission, capabilities: [...examplePermission.capabilities] }] });

/** Query of GET /users/{id}/permissions. */
export const userPermissionFilter = z.strictObject(pageQuery);

/** Query of GET /permissions. */
export const permissionFilter = z.strictObject({
  ...pageQuery,
  groupId: z.string().max(1000).optional().describe("Only rights that memberships of this group give."),
  role: z.coerce.number().pipe(z.int().min(1).max(4)).optional().describe(`Only this role. ${roleNames}`),
});
