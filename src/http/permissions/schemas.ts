import { z } from "zod";
import { roleNames } from "../../directory/roles.ts";
import { pageQuery } from "../contract/paging.ts";

/** Query of GET /users/{id}/permissions. */
export const userPermissionFilter = z.strictObject(pageQuery);

/** Query of GET /permissions. */
export const permissionFilter = z.strictObject({
  ...pageQuery,
  groupId: z.string().max(1000).optional().describe("Only rights that memberships of this group give."),
  role: z.coerce.number().pipe(z.int().min(1).max(4)).optional().describe(`Only this role. ${roleNames}`),
});
