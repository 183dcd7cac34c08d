import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { canonicalList, invalid, requireFuture } from "./api-key-values.ts";
import { recordAudit } from "./audit-log.ts";

import { type ApiKeyResource, noSuchKey, readApiKey } from "./read-api-keys.ts";
import { type Service, services } from "./services.ts";

/** The wanted properties of a new key. */
export interface NewApiKey {
  readonly name: string;
  readonly services: readonly Service[];
  /** Name of a source. */
  readonly source: string | null;
  readonly expiresAt: Date | null;
  /** Addresses and networks, in any notation; absent or empty: from everywhere. */
  readonly allowedAddresses?: readonly string[];
}

/** The wanted changes of a key; absent properties stay. */
export type ApiKeyPatch = { readonly [Name in Exclude<keyof NewApiKey, "source">]?: NewApiKey[Name] | undefined };

/** The sources of time, ids and random bytes for keys. */
export interface KeyContext {
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** The actor that makes keys. */
  readonly actor: string;
}

/** The circumstances of a change of a key. */
export interface KeyChange {
  readonly at: Date;
  readonly actor: string;
  /** Throws if the key is not as the client knows it; called under the lock. */
  readonly check?: ((key: ApiKeyResource) => void) | undefined;
}

/** Most addresses and networks on a key's list. */
export const mostAddresses = 100;
/** Longest time for which the key before a rotation goes on working, in seconds. */
export const longestOverlap = 30 * 24 * 60 * 60;

/** A new key: `muster_` and 32 random bytes. */
export function generateKey(randomBytes: (size: number) => Uint8Array): string {
  return `muster_${Buffer.from(randomBytes(32)).toString("base64url")}`;
}

/** Hashes a key by SHA-256 for the database. A random key needs neither salt nor a slow hash. */
export function hashKey(key: string): Buffer {
  return createHash("sha256").update(key, "utf8").digest();
}

/**
 * Creates a key.
 * @returns the key, which cannot be shown again, and its resource
 * @throws MusterError conflict when an unrevoked key has the name: the change log tells people apart by it
 * @throws MusterError request_invalid when there is no such source, the expiry has passed, or an address is not valid
 */
export function createApiKey(
  database: Database,
  organizationId: number,
  wanted: NewApiKey,
  context: KeyContext,
): Promise<{ readonly key: string; readonly resource: ApiKeyResource }> {
  const key = generateKey(context.randomBytes);
  const now = context.clock();
  const granted = services.filter((service) => wanted.services.includes(service));
  requireFuture(wanted.expiresAt, now);
  const allowed = canonicalList(wanted.allowedAddresses ?? []);
  return withOrganization(database, organizationId, async (transaction) => {
    await lockKeys(transaction, organizationId);
    await requireFreeName(transaction, organizationId, wanted.name);
    const source = wanted.source === null ? null : await sourceNumber(transaction, organizationId, wanted.source);
    const id = context.newId();
    await transaction.query(
      prepared(sql`insert into api_keys (organization_id, id, name, services, key_hash, source, created_at, expires_at,
         allowed_addresses)
       values (${organizationId}, ${id}, ${wanted.name}, ${granted}, ${hashKey(key)}, ${source}, ${now}, ${wanted.expiresAt}, ${allowed})`),
    );
    await recordAudit(transaction, organizationId, {
      at: now,
      action: "api_key.created",
      actor: context.actor,
      subject: id,
      details: { name: wanted.name, services: granted, source: wanted.source },
    });
    return { key, resource: await readApiKey(transaction, organizationId, id) };
  });
}

/** A transaction that changes keys: whatever became of it, this process remembers none of them afterwards. */
async function changingKeys<Result>(
  database: Database,
  organizationId: number,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  try {
    return await withOrganization(database, organizationId, work);
  } finally {
    database.keysChanged();
  }
}

/** Two requests at once must not take the same name; the organization's own lock may be busy for long. */
async function lockKeys(executor: Executor, organizationId: number): Promise<void> {
  await executor.query(prepared(sql`select pg_advisory_xact_lock(hashtext('api_keys'), ${organizationId})`));
}

/**
 * Changes a key.
 * @throws MusterError not_found; conflict when it is revoked, or another key has the name
 * @throws MusterError request_invalid when the expiry has passed, or an address is not valid
 */
export function changeApiKey(
  database: Database,
  organizationId: number,
  id: string,
  patch: ApiKeyPatch,
  { at, actor, check }: KeyChange,
): Promise<ApiKeyResource> {
  requireFuture(patch.expiresAt ?? null, at);
  const granted = patch.services && services.filter((service) => patch.services?.includes(service));
  const allowed = patch.allowedAddresses && canonicalList(patch.allowedAddresses);
  return changingKeys(database, organizationId, async (transaction) => {
    await lockKeys(transaction, organizationId);
    const before = await readApiKey(transaction, organizationId, id);
    check?.(before);
    requireUnrevoked(before);
    if (patch.name !== undefined && patch.name !== before.name) {
      await requireFreeName(transaction, organizationId, patch.name);
    }
    await transaction.query(
      prepared(sql`update api_keys set name = coalesce(${patch.name}, name), services = coalesce(${granted}, services),
         allowed_addresses = coalesce(${allowed}, allowed_addresses), expires_at = case when ${patch.expiresAt !== undefined} then ${patch.expiresAt ?? null} else expires_at end
       where organization_id = ${organizationId} and id = ${id}`),
    );
    const after = await readApiKey(transaction, organizationId, id);
    const properties = (["name", "services", "allowedAddresses", "expiresAt"] as const).filter(
      (property) => !isDeepStrictEqual(before[property], after[property]),
    );
    if (properties.length > 0) {
      await recordAudit(transaction, organizationId, {
        at,
        action: "api_key.changed",
        actor,
        subject: id,
        details: { name: after.name, properties, ...(granted ? { services: granted } : {}) },
      });
    }
    return after;
  });
}

/**
 * Gives a key a new secret at once. The one before goes on working for a while, so that its users can change over;
 * one that still worked from an earlier rotation ends now.
 * @param overlap seconds for which the one before goes on, 0 to `longestOverlap`
 * @returns the new key, which cannot be shown again, and its resource
 * @throws MusterError not_found; conflict when it is revoked or has expired
 */
export function rotateApiKey(
  database: Database,
  organizationId: number,
  id: string,
  overlap: number,
  { clock, randomBytes, actor, check }: Omit<KeyContext, "newId"> & Pick<KeyChange, "check">,
): Promise<{ readonly key: string; readonly resource: ApiKeyResource }> {
  const key = generateKey(randomBytes);
  const at = clock();
  return changingKeys(database, organizationId, async (transaction) => {
    await lockKeys(transaction, organizationId);
    const before = await readApiKey(transaction, organizationId, id);
    check?.(before);
    requireUnrevoked(before);
    if (before.expiresAt !== null && new Date(before.expiresAt) <= at) {
      throw new MusterError("conflict", "The key has expired: a new secret would not work either. Extend it first.");
    }
    await transaction.query(
      prepared(sql`update api_keys set key_hash = ${hashKey(key)}, rotated_at = ${at}, previous_last_used_at = null,
         previous_hash = case when ${overlap}::integer > 0 then key_hash end,
         previous_until = case when ${overlap}::integer > 0 then ${at}::timestamptz + ${overlap}::integer * interval '1 second' end
       where organization_id = ${organizationId} and id = ${id}`),
    );
    await recordAudit(transaction, organizationId, {
      at,
      action: "api_key.rotated",
      actor,
      subject: id,
      details: { name: before.name, overlapSeconds: overlap },
    });
    return { key, resource: await readApiKey(transaction, organizationId, id) };
  });
}

/**
 * Revokes a key: from the next request on it opens nothing. Revoking it again changes nothing.
 * @throws MusterError not_found
 */
export function revokeApiKey(
  database: Database,
  organizationId: number,
  id: string,
  { at, actor, check }: KeyChange,
): Promise<void> {
  return changingKeys(database, organizationId, async (transaction) => {
    if (check !== undefined) {
      await lockKeys(transaction, organizationId);
      check(await readApiKey(transaction, organizationId, id));
    }
    const { rows } = await transaction.query<{ name: string; isNew: boolean }>(
      prepared(sql`update api_keys set revoked_at = coalesce(api_keys.revoked_at, ${at})
       from (select revoked_at from api_keys where organization_id = ${organizationId} and id = ${id} for update) before
       where organization_id = ${organizationId} and id = ${id} returning name, before.revoked_at is null as "isNew"`),
    );
    const [revoked] = rows;
    if (!revoked) throw noSuchKey();
    if (!revoked.isNew) return;
    await recordAudit(transaction, organizationId, {
      at,
      action: "api_key.revoked",
      actor,
      subject: id,
      details: { name: revoked.name },
    });
  });
}

async function requireFreeName(transaction: Transaction, organizationId: number, name: string): Promise<void> {
  const { rowCount } = await transaction.query(
    prepared(
      sql`select from api_keys where organization_id = ${organizationId} and name = ${name} and revoked_at is null`,
    ),
  );
  if (rowCount !== 0) {
    throw new MusterError("conflict", `There is an API key named ${name} already. Choose another name, or revoke it.`, {
      field: "name",
    });
  }
}

async function sourceNumber(executor: Executor, organizationId: number, name: string): Promise<number> {
  const { rows } = await executor.query<{ number: number }>(
    prepared(
      sql`select number from sources where organization_id = ${organizationId} and name = ${name} and retired_at is null`,
    ),
  );
  const [source] = rows;
  if (!source) throw invalid("source", `There is no source named ${name}.`);
  return source.number;
}

function requireUnrevoked({ revokedAt }: ApiKeyResource): void {
  if (revokedAt !== null) throw new MusterError("conflict", "The key is revoked for good. Create another one.");
}
