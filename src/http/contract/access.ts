import type { Capability } from "../../organizations/role-capabilities.ts";
import type { Service } from "../../organizations/services.ts";

/**
 * The right that a signed-in person needs. Network administrators may use every address that is open to people.
 * - `network-administrators`: nobody else
 * - `anyone`: nothing; the handler decides, by `caller.userId`
 * - `self`: to be the user of `:id`
 * - a capability: to have it in the group of `:groupId`; a group that the person may not see counts as unknown
 * - `nobody`: the address takes API keys alone
 */
export type People = "network-administrators" | "anyone" | "self" | "nobody" | Capability;

/** The callers that may use an address. */
export interface AccessRule {
  /** Services of an API key, of which one is enough; none: the address is for people alone. */
  readonly services: readonly Service[];
  readonly people: People;
}

/** A list of services alone: of people only network administrators may use the address. */
type Entry = readonly Service[] | AccessRule;

/**
 * The callers that may use each address. `admin` opens every address to a key (but for approving, where the key must not be able to
 * import, and those for people alone). The one table for the routes, the OpenAPI document and the tests; an address under
 * /v1 or /api that it doesn't name is not served.
 */
export const access = {
  "GET /v1/me": { services: [], people: "anyone" },
  "POST /v1/sign-out": { services: [], people: "anyone" },
  "POST /v1/sign-in-links": ["admin"],
  "DELETE /v1/users/:id/sessions": { services: ["admin"], people: "self" },

  "POST /v1/imports/users": ["import"],
  "POST /v1/imports/groups": ["groups"],
  "POST /v1/imports/locations": ["groups"],
  "GET /v1/imports": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id/rows": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id/plan": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id/changes": ["import", "retrieve", "approvals"],
  "POST /v1/imports/:id/approve": ["approvals"],
  "POST /v1/imports/:id/discard": ["approvals"],
  "GET /v1/imports/:id/response": ["import", "retrieve"],

  "POST /api/v2/users": { services: ["import"], people: "nobody" },
  "GET /api/v2/permissions": { services: ["retrieve"], people: "nobody" },
  "GET /api/v2/groups": { services: ["retrieve", "groups"], people: "nobody" },
  "POST /api/v2/groups": { services: ["groups"], people: "nobody" },
  "POST /api/v2/groups/:groupId/purge": { services: ["groups"], people: "nobody" },
  "DELETE /api/v2/groups/:groupId": { services: ["groups"], people: "nobody" },
  "GET /api/v2/locations": { services: ["retrieve", "groups"], people: "nobody" },
  "POST /api/v2/locations": { services: ["groups"], people: "nobody" },
  "GET /api/v2/users": { services: ["retrieve"], people: "nobody" },
  "GET /api/v2/pending": { services: ["retrieve", "groups", "approvals"], people: "nobody" },
  "POST /api/v2/pending/:id/approve": { services: ["approvals"], people: "nobody" },
  "POST /api/v2/pending/:id/reject": { services: ["approvals"], people: "nobody" },

  "GET /v1/users": ["retrieve"],
  "POST /v1/users": ["admin"],
  "GET /v1/users/export": ["retrieve"],
  "GET /v1/users/:id": { services: ["retrieve"], people: "self" },
  "PATCH /v1/users/:id": ["admin"],
  "DELETE /v1/users/:id": ["admin"],
  "POST /v1/users/:id/merge": ["admin"],
  "GET /v1/users/:id/visible-groups": { services: ["retrieve"], people: "self" },
  "GET /v1/users/:id/permissions": { services: ["retrieve"], people: "self" },
  "GET /v1/permissions": ["retrieve"],

  "GET /v1/groups": ["retrieve", "groups"],
  "POST /v1/groups": ["groups"],
  "GET /v1/groups/:groupId": { services: ["retrieve", "groups"], people: "see" },
  "GET /v1/groups/:groupId/reach": ["retrieve", "groups"],
  "PATCH /v1/groups/:groupId": { services: ["groups"], people: "administer" },
  "DELETE /v1/groups/:groupId": ["groups"],
  "POST /v1/groups/:groupId/purge": ["groups"],
  "GET /v1/groups/:groupId/members": { services: ["retrieve", "groups"], people: "decide" },
  "POST /v1/groups/:groupId/members": { services: ["groups"], people: "administer" },
  "GET /v1/groups/:groupId/members/:userId": { services: ["retrieve", "groups"], people: "decide" },
  "PUT /v1/groups/:groupId/members/:userId": { services: ["groups"], people: "administer" },
  "DELETE /v1/groups/:groupId/members/:userId": { services: ["groups"], people: "administer" },

  "GET /v1/groups/:groupId/topics": { services: ["retrieve", "groups", "approvals"], people: "anyone" },
  "POST /v1/groups/:groupId/topics": { services: ["groups"], people: "anyone" },
  "GET /v1/topics/:id": { services: ["retrieve", "groups", "approvals"], people: "anyone" },
  "POST /v1/topics/:id/withdraw": { services: ["groups"], people: "anyone" },
  "GET /v1/groups/:groupId/membership-requests": { services: ["retrieve", "groups", "approvals"], people: "anyone" },
  "POST /v1/groups/:groupId/membership-requests": { services: ["groups"], people: "anyone" },
  "GET /v1/membership-requests/:id": { services: ["retrieve", "groups", "approvals"], people: "anyone" },
  "POST /v1/membership-requests/:id/withdraw": { services: ["groups"], people: "anyone" },

  "GET /v1/pending": { services: ["retrieve", "groups", "approvals"], people: "anyone" },
  "POST /v1/pending/:id/approve": { services: ["approvals"], people: "anyone" },
  "POST /v1/pending/:id/reject": { services: ["approvals"], people: "anyone" },
  "POST /v1/pending/decisions": { services: ["approvals"], people: "anyone" },

  "GET /v1/locations": ["retrieve", "groups"],
  "POST /v1/locations": ["groups"],
  "GET /v1/locations/:name": ["retrieve", "groups"],
  "PATCH /v1/locations/:name": ["groups"],
  "DELETE /v1/locations/:name": ["groups"],

  "GET /v1/opt-outs": ["retrieve"],
  "POST /v1/opt-outs": ["admin"],
  "GET /v1/opt-outs/:id": ["retrieve"],
  "DELETE /v1/opt-outs/:id": ["admin"],

  "GET /v1/changes": ["retrieve"],

  "GET /v1/sources": ["retrieve", "import", "approvals"],
  "GET /v1/sources/:name": ["retrieve", "import", "approvals"],
  "PUT /v1/sources/:name": ["admin"],
  "DELETE /v1/sources/:name": ["admin"],
  "POST /v1/sources/:name/renumber": ["admin"],
  "POST /v1/sources/:name/preview": ["import"],
  "PUT /v1/sources/:name/announced-change": ["approvals"],
  "DELETE /v1/sources/:name/announced-change": ["approvals"],
  "GET /v1/organization": ["admin"],
  "PATCH /v1/organization": ["admin"],
  "GET /v1/organization/reach": ["retrieve"],
  "GET /v1/api-keys": ["admin"],
  "POST /v1/api-keys": ["admin"],
  "GET /v1/api-keys/:id": ["admin"],
  "PATCH /v1/api-keys/:id": ["admin"],
  "DELETE /v1/api-keys/:id": ["admin"],
  "POST /v1/api-keys/:id/rotate": ["admin"],
  "GET /v1/sftp-accounts": ["admin"],
  "POST /v1/sftp-accounts": ["admin"],
  "GET /v1/sftp-accounts/:id": ["admin"],
  "PATCH /v1/sftp-accounts/:id": ["admin"],
  "DELETE /v1/sftp-accounts/:id": ["admin"],
  "GET /v1/audit": ["admin"],
} as const satisfies Record<string, Entry>;

/** The addresses that the operator's key opens, and no key of an organization. */
export const operatorAddresses: readonly string[] = [
  "GET /v1/organizations",
  "POST /v1/organizations",
  "GET /v1/organizations/:id",
  "PATCH /v1/organizations/:id",
  "DELETE /v1/organizations/:id",
  "POST /v1/organizations/:id/admin-key",
  "PUT /v1/organizations/:id/identity-provider",
  "DELETE /v1/organizations/:id/identity-provider",
];

/**
 * Finds the rule of a route; undefined if the table does not name it.
 * @param method upper case; HEAD is what GET is
 * @param url the route's pattern, e.g. `/v1/users/:id`
 */
export function accessRule(method: string, url: string): AccessRule | undefined {
  const table: Readonly<Record<string, Entry>> = access;
  const entry = Object.hasOwn(table, `${method} ${url}`) ? table[`${method} ${url}`] : undefined;
  if (entry === undefined || "services" in entry) return entry;
  return { services: entry, people: "network-administrators" };
}

/** True if a key with these services may use an address that `allowed` opens. */
export function mayUse(services: readonly Service[], allowed: readonly Service[]): boolean {
  return allowed.length > 0 && (services.includes("admin") || allowed.some((service) => services.includes(service)));
}
