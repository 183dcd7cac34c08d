import type { Service } from "../organizations/api-keys.ts";

/**
 * Which services of an API key open which address: one of those named is enough, and `admin` opens every address (but
 * for approving, where the key must not be able to import). The
 * one table for the routes, the OpenAPI document and the tests; an address under /v1 or /api that it doesn't name is not served.
 */
export const access = {
  "POST /v1/imports/users": ["import"],
  "POST /v1/imports/groups": ["groups"],
  "POST /v1/imports/locations": ["groups"],
  "GET /v1/imports": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id/rows": ["import", "retrieve", "approvals"],
  "GET /v1/imports/:id/plan": ["import", "retrieve", "approvals"],
  "POST /v1/imports/:id/approve": ["approvals"],
  "POST /v1/imports/:id/discard": ["approvals"],
  "GET /v1/imports/:id/response": ["import", "retrieve"],

  "POST /api/v2/users": ["import"],
  "GET /api/v2/permissions": ["retrieve"],
  "GET /api/v2/groups": ["retrieve", "groups"],
  "POST /api/v2/groups": ["groups"],
  "POST /api/v2/groups/:groupId/purge": ["groups"],
  "DELETE /api/v2/groups/:groupId": ["groups"],
  "GET /api/v2/users": ["retrieve"],
  "GET /api/v2/pending": ["retrieve", "groups", "approvals"],
  "POST /api/v2/pending/:id/approve": ["approvals"],
  "POST /api/v2/pending/:id/reject": ["approvals"],

  "GET /v1/users": ["retrieve"],
  "POST /v1/users": ["admin"],
  "GET /v1/users/export": ["retrieve"],
  "GET /v1/users/:id": ["retrieve"],
  "PATCH /v1/users/:id": ["admin"],
  "DELETE /v1/users/:id": ["admin"],
  "GET /v1/users/:id/visible-groups": ["retrieve"],
  "GET /v1/users/:id/permissions": ["retrieve"],
  "GET /v1/permissions": ["retrieve"],

  "GET /v1/groups": ["retrieve", "groups"],
  "POST /v1/groups": ["groups"],
  "GET /v1/groups/:groupId": ["retrieve", "groups"],
  "GET /v1/groups/:groupId/reach": ["retrieve", "groups"],
  "PATCH /v1/groups/:groupId": ["groups"],
  "DELETE /v1/groups/:groupId": ["groups"],
  "POST /v1/groups/:groupId/purge": ["groups"],
  "GET /v1/groups/:groupId/members": ["retrieve", "groups"],
  "POST /v1/groups/:groupId/members": ["groups"],
  "GET /v1/groups/:groupId/members/:userId": ["retrieve", "groups"],
  "PUT /v1/groups/:groupId/members/:userId": ["groups"],
  "DELETE /v1/groups/:groupId/members/:userId": ["groups"],

  "GET /v1/groups/:groupId/topics": ["retrieve", "groups", "approvals"],
  "POST /v1/groups/:groupId/topics": ["groups"],
  "GET /v1/topics/:id": ["retrieve", "groups", "approvals"],
  "POST /v1/topics/:id/withdraw": ["groups"],
  "GET /v1/groups/:groupId/membership-requests": ["retrieve", "groups", "approvals"],
  "POST /v1/groups/:groupId/membership-requests": ["groups"],
  "GET /v1/membership-requests/:id": ["retrieve", "groups", "approvals"],
  "POST /v1/membership-requests/:id/withdraw": ["groups"],

  "GET /v1/pending": ["retrieve", "groups", "approvals"],
  "POST /v1/pending/:id/approve": ["approvals"],
  "POST /v1/pending/:id/reject": ["approvals"],
  "POST /v1/pending/decisions": ["approvals"],

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
  "POST /v1/sources/:name/preview": ["import"],
  "PUT /v1/sources/:name/announced-change": ["approvals"],
  "DELETE /v1/sources/:name/announced-change": ["approvals"],
  "GET /v1/organization": ["admin"],
  "PATCH /v1/organization": ["admin"],
  "GET /v1/organization/reach": ["retrieve"],
  "GET /v1/api-keys": ["admin"],
  "POST /v1/api-keys": ["admin"],
  "DELETE /v1/api-keys/:id": ["admin"],
} as const satisfies Record<string, readonly Service[]>;

/**
 * The services that open a route, or undefined for a route that the table doesn't name.
 * @param method upper case; HEAD is what GET is
 * @param url the route's pattern, e.g. `/v1/users/:id`
 */
export function servicesFor(method: string, url: string): readonly Service[] | undefined {
  const table: Readonly<Record<string, readonly Service[]>> = access;
  return Object.hasOwn(table, `${method} ${url}`) ? table[`${method} ${url}`] : undefined;
}

/** Whether a key with these services may use an address that `allowed` opens. */
export function mayUse(services: readonly Service[], allowed: readonly Service[]): boolean {
  return services.includes("admin") || allowed.some((service) => services.includes(service));
}
