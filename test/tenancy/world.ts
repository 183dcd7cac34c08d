/** Two organizations with something of everything, and what a third one had. */
import assert from "node:assert/strict";
import type { Pool } from "pg";
import { createApiKey } from "../../src/organizations/api-keys.ts";
import type { TestAnswer, TestApp, TestRequest } from "../support/app.ts";
import { type FilledOrganization, fillOrganization } from "../support/filled-organization.ts";
import { readTables, type Tables } from "../support/tables.ts";
import { type Operation, readContract } from "./contract.ts";
import type { Kind, Place } from "./samples.ts";

/** One organization. */
export interface Inhabitant {
  readonly organizationId: number;
  readonly mark: string;
  readonly key: string;
  /** For approvals. */
  readonly approver: string;
  readonly has: FilledOrganization;
}

/** The owner of the value in a place. */
export type Owner = "own" | "foreign" | "unknown";

export interface World {
  readonly operations: readonly Operation[];
  /** The sender of the requests. */
  readonly caller: Inhabitant;
  /** Of whom nothing may be seen. */
  readonly neighbour: Inhabitant;
  /** The rows of both, table by table. */
  readonly tables: { readonly caller: Tables; readonly neighbour: Tables };
  /** The caller's answers without a neighbour, by the operation's name. */
  readonly alone: ReadonlyMap<string, TestAnswer>;
  identifierOf(operation: Operation, place: Place, owner: Owner): string | undefined;
}

/** Ids that nobody else has: each organization counts its own people. */
const firstIds = { camp9: 9000, camp1: 5000, camp2: 7000 } as const;

/**
 * Fills the caller's organization and asks for everything that can be read; then the neighbour's; then a third one that is
 * deleted again: what it had is what nobody has, and looks like what somebody has.
 * @param ask sends a request of the caller with its own identifiers
 */
export async function buildWorld(
  app: TestApp,
  owner: Pool,
  ask: (world: Pick<World, "caller" | "identifierOf">, operation: Operation) => Promise<TestAnswer>,
): Promise<World> {
  const { json: contract } = await app.inject({ url: "/openapi.json", key: null });
  const { operations, gaps } = readContract(contract);
  assert.deepEqual(gaps, [], "test/tenancy/samples.ts lacks something");
  const caller = await settle(app, owner, "camp9");
  const cursors: Record<Owner, Map<string, string>> = { own: new Map(), foreign: new Map(), unknown: new Map() };
  const inhabitants: Partial<Record<Owner, Inhabitant>> = { own: caller };
  const identifierOf: World["identifierOf"] = (operation, { kind, isNew }, of) =>
    kind === "cursor"
      ? cursors[of].get(operation.name)
      : valueIn(inhabitants[of]!, kind, of === "own" && isNew === true);
  const alone = new Map<string, TestAnswer>();
  for (const operation of operations.filter(({ method }) => method === "GET")) {
    alone.set(operation.name, await ask({ caller, identifierOf }, operation));
  }
  // Their cursors are places after everything of the caller: at the same moment, random ids would decide.
  app.advanceClock(10);
  const neighbour = await settle(app, owner, "camp1");
  const gone = await settle(app, owner, "camp2");
  Object.assign(inhabitants, { foreign: neighbour, unknown: gone });
  for (const [of, inhabitant] of Object.entries(inhabitants) as [Owner, Inhabitant][]) {
    for (const operation of operations.filter(({ queryPlaces }) => queryPlaces.some(({ name }) => name === "cursor"))) {
      const found = await readCursor(app, operation, inhabitant);
      if (found !== undefined) cursors[of].set(operation.name, found);
    }
  }
  const { users } = (await app.inject({ url: `/v1/organizations/${gone.organizationId}`, key: app.operatorKey })).json;
  const erased = await app.inject({
    method: "DELETE",
    url: `/v1/organizations/${gone.organizationId}?expectedUsers=${users}`,
    key: app.operatorKey,
  });
  assert.equal(erased.status, 204, erased.body);
  const tables = {
    caller: await readTables(owner, caller.organizationId),
    neighbour: await readTables(owner, neighbour.organizationId),
  };
  return { operations, caller, neighbour, tables, alone, identifierOf };
}

async function settle(app: TestApp, owner: Pool, mark: keyof typeof firstIds): Promise<Inhabitant> {
  // Cursors by time are told apart by the times of the organizations, and not by chance, by ids of one moment.
  app.advanceClock(10);
  const created = await app.inject({
    method: "POST",
    url: "/v1/organizations",
    key: app.operatorKey,
    body: { name: `${mark} University` },
  });
  const { id, adminKey } = created.json;
  const organizationId = Number(id);
  await owner.query("update feed_heads set last_user_id = $2, last_group_number = $2 where organization_id = $1", [
    organizationId,
    firstIds[mark],
  ]);
  const send = (request: TestRequest) => app.inject({ key: adminKey.key, ...request });
  const has = await fillOrganization(send, mark);
  const wanted = { name: `${mark} approver`, services: ["approvals"], source: null, expiresAt: null } as const;
  const { key: approver } = await createApiKey(app.dependencies.database, organizationId, wanted, {
    ...app.dependencies,
    actor: "test",
  });
  await app.inject({ url: "/v1/imports", key: approver });
  // The time of a key's first use is written beside the request.
  for (;;) {
    const { rows } = await owner.query(
      "select from api_keys where organization_id = $1 and last_used_at is null and id <> $2",
      [organizationId, has.apiKeyId],
    );
    if (rows.length === 0) return { organizationId, mark, key: adminKey.key, approver, has };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function valueIn({ has, mark }: Inhabitant, kind: Exclude<Kind, "cursor">, isNew: boolean): string {
  if (isNew) return newValues(mark)[kind] ?? `${mark}-new`;
  const values: Readonly<Record<Exclude<Kind, "cursor">, string>> = {
    apiKey: has.apiKeyId,
    sftpAccount: has.sftpAccountId,
    databaseId: has.databaseId,
    email: has.email,
    group: has.groupId,
    parentGroup: has.parentGroupId,
    keyName: `${mark} key`,
    import: has.importId,
    idempotencyKey: has.idempotencyKey,
    location: has.location,
    optOut: has.optOutId,
    phone: has.phone,
    planHash: has.planHash,
    club: has.clubId,
    visitor: has.visitorId,
    topic: has.topicId,
    membershipRequest: has.membershipRequestId,
    source: has.source,
    user: has.userId,
    otherUser: has.otherUserId,
    username: has.username,
  };
  return values[kind];
}

/** Values that the organization does not have yet, unless they are its mark and `-new`. */
const newValues = (mark: string): Partial<Record<Kind, string>> => ({
  email: `${mark}-new@x.edu`,
  phone: "+12125550177",
  location: `${mark} new`,
});

/** The place of the second item of a list. */
async function readCursor(app: TestApp, operation: Operation, inhabitant: Inhabitant): Promise<string | undefined> {
  const { json } = await app.inject({
    url: `${addressOf(operation, ({ kind }) => valueIn(inhabitant, kind as Exclude<Kind, "cursor">, false))}?${new URLSearchParams({ ...operation.sample.query, limit: "1" })}`,
    key: inhabitant.key,
  });
  return json?.nextCursor ?? json?.cursor ?? undefined;
}

/** The address with these identifiers. */
export function addressOf(
  { path, pathPlaces }: Operation,
  identifierOf: (place: Place, index: number) => string,
): string {
  let index = -1;
  return path.replaceAll(/\{\w+\}/g, () => {
    index += 1;
    return encodeURIComponent(identifierOf(pathPlaces[index]!.place, index));
  });
}
