import { roles } from "./settings.ts";

/**
 * The capabilities of roles, a closed list: `see` the group and its topics; `submit` topics; `publish` them without approval;
 * `decide` about pending topics and membership requests; `administer` members and settings of the group.
 */
export const capabilities = ["see", "submit", "publish", "decide", "administer"] as const;
export type Capability = (typeof capabilities)[number];

/** The scope of a role: all groups, or the group of the membership. */
export type RoleScope = "organization" | "group";

/** The rights of a role. */
export interface RoleRights {
  readonly scope: RoleScope;
  readonly capabilities: readonly Capability[];
}

const byName: Readonly<Record<(typeof roles)[number], RoleRights>> = {
  member: { scope: "group", capabilities: ["see", "submit"] },
  "full-administrator": { scope: "group", capabilities },
  "network-administrator": { scope: "organization", capabilities },
  "limited-administrator": { scope: "group", capabilities: ["see", "submit", "publish", "decide"] },
  "authorized-sender": { scope: "group", capabilities: ["see", "submit", "publish"] },
};

/** The one table of what roles may do, by their numbers (file formats, section 3). */
export const roleRights: readonly RoleRights[] = roles.map((role) => byName[role]);
