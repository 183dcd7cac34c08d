import { createHash, timingSafeEqual } from "node:crypto";
import type pg from "pg";
import { MusterError } from "../errors.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import { recordAudit } from "./audit-log.ts";

/** A service that an API key can be allowed (feed formats, section 9). */
export const services = ["import", "retrieve", "groups", "approvals", "admin"] as const;
export type Service = (typeof services)[number];

/** An API key as the API shows it; the key itself is stored nowhere. */
export interface ApiKeyResource {
  readonly id: string;
  readonly name: string;
  readonly services: readonly Service[];
  /** Name of the source that the key is bound to; null: any. */
  readonly source: string | null;
  /** RFC 3339, UTC, microseconds; so are all times. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** What a new key is to be. */
export interface NewApiKey {
  readonly name: string;
  readonly services: readonly Service[];
  /** Name of a source. */
  readonly source: string | null;
  readonly expiresAt: Date | null;
}

/** What keys are made with. */
export interface KeyContext {
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Who makes them. */
  readonly actor: string;
}

/** Who a key belongs to. */
export interface KeyHolder {
  readonly organizationId: number;
  readonly apiKeyId: string;
  readonly name: string;
  readonly services: readonly Service[];
  /** Number of the source that the key is bound to. */
  readonly source: number | null;
}

/** A new key: `muster_` and 32 random bytes. */
export function generateKey(randomBytes: (size: number) => Uint8Array): string {
  return `muster_${Buffer.from(randomBytes(32)).toString("base64url")}`;
}

/** What is stored of a key: its SHA-256. (It is random, so it needs no salt and no slow hash.) */
export function hashKey(key: string): Buffer {
  return createHash("sha256").update(key, "utf8").digest();
}

const columns = `api_keys.id, api_keys.name, api_keys.services, sources.name as source,
  timestamp_text(api_keys.created_at) as "createdAt", timestamp_text(api_keys.expires_at) as "expiresAt",
  timestamp_text(api_keys.last_used_at) as "lastUsedAt", timestamp_text(api_keys.revoked_at) as "revokedAt"`;
const from = `api_keys left join sources
  on sources.organization_id = api_keys.organization_id and sources.number = api_keys.source`;

/**
 * Creates a key.
 * @returns the key, which cannot be shown again, and its resource
 * @throws MusterError conflict when an unrevoked key has the name: the change log tells people apart by it
 * @throws MusterError request_invalid when there is no such source, or the expiry has passed
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
  if (wanted.expiresAt !== null && wanted.expiresAt <= now) {
    throw invalid("expiresAt", "The key would have expired already. Give a time that is to come.");
  }
  return withOrganization(database, organizationId, async (client) => {
    // Two requests at once must not take the same name; the organization's own lock may be busy for long.
    await client.query("select pg_advisory_xact_lock(hashtext('api_keys'), $1)", [organizationId]);
    await requireFreeName(client, organizationId, wanted.name);
    const source = wanted.source === null ? null : await sourceNumber(client, organizationId, wanted.source);
    const id = context.newId();
    await client.query(
      `insert into api_keys (organization_id, id, name, services, key_hash, source, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [organizationId, id, wanted.name, granted, hashKey(key), source, now, wanted.expiresAt],
    );
    await recordAudit(client, organizationId, {
      ...{ at: now, action: "api_key.created", actor: context.actor, subject: id },
      details: { name: wanted.name, services: granted, source: wanted.source },
    });
    const { rows } = await client.query<ApiKeyResource>(
      `select ${columns} from ${from} where api_keys.organization_id = $1 and api_keys.id = $2`,
      [organizationId, id],
    );
    return { key, resource: rows[0] as ApiKeyResource };
  });
}

/**
 * The organization's keys, revoked ones too, by id: the oldest first.
 * @param page `after`: the id after which to begin; at most `limit` + 1 keys are returned
 */
export function listApiKeys(
  database: Database,
  organizationId: number,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<ApiKeyResource[]> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<ApiKeyResource>(
      `select ${columns} from ${from}
       where api_keys.organization_id = $1 and ($2::uuid is null or api_keys.id > $2)
       order by api_keys.id limit $3`,
      [organizationId, page.after ?? null, page.limit + 1],
    );
    return rows;
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
  { at, actor }: { readonly at: Date; readonly actor: string },
): Promise<void> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<{ name: string; isNew: boolean }>(
      `update api_keys set revoked_at = coalesce(api_keys.revoked_at, $3)
       from (select revoked_at from api_keys where organization_id = $1 and id = $2 for update) before
       where organization_id = $1 and id = $2 returning name, before.revoked_at is null as "isNew"`,
      [organizationId, id, at],
    );
    const [revoked] = rows;
    if (!revoked) throw new MusterError("not_found", "There is no such API key.");
    if (!revoked.isNew) return;
    await recordAudit(client, organizationId, {
      ...{ at, action: "api_key.revoked", actor, subject: id },
      details: { name: revoked.name },
    });
  });
}

interface StoredKey {
  readonly organization_id: number;
  readonly id: string;
  readonly name: string;
  readonly services: Service[];
  readonly key_hash: Buffer;
  readonly source: number | null;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

/** Looks up who sends a key. */
export type Authenticate = (key: string) => Promise<KeyHolder | undefined>;

const useInterval = 60_000;

/**
 * Makes the function that tells whose a key is: undefined for one that is unknown, revoked or expired. Nothing is kept
 * between requests, so that a revoked key is dead at once. The time of use is written beside the request, at most once
 * a minute, and never makes it wait or fail.
 */
export function createAuthentication(database: Database, clock: () => Date): Authenticate {
  const beingNoted = new Set<string>();
  return async (key) => {
    const hash = hashKey(key);
    const stored = await findKey(database, hash);
    const now = clock();
    if (stored === undefined || !timingSafeEqual(stored.key_hash, hash)) return undefined;
    if (stored.revoked_at !== null || (stored.expires_at !== null && stored.expires_at <= now)) return undefined;
    if (isStale(stored.last_used_at, now) && !beingNoted.has(stored.id)) {
      beingNoted.add(stored.id);
      void noteUse(database, stored, now).finally(() => beingNoted.delete(stored.id));
    }
    const { organization_id: organizationId, id: apiKeyId, name, services: allowed, source } = stored;
    return { organizationId, apiKeyId, name, services: allowed, source };
  };
}

async function findKey(database: Database, hash: Buffer): Promise<StoredKey | undefined> {
  try {
    const { rows } = await database.pool.query<StoredKey>("select * from find_api_key($1)", [hash]);
    return rows[0];
  } catch {
    // The question is always the same: if it fails, the database does.
    throw new MusterError("database_unavailable", "The database does not answer. Try again in a few seconds.", {
      retryAfter: 5,
    });
  }
}

function isStale(lastUse: Date | null, now: Date): boolean {
  return lastUse === null || now.getTime() - lastUse.getTime() >= useInterval;
}

async function noteUse(database: Database, key: StoredKey, at: Date): Promise<void> {
  try {
    await withOrganization(database, key.organization_id, (client) =>
      client.query(
        "update api_keys set last_used_at = greatest(last_used_at, $3) where organization_id = $1 and id = $2",
        [key.organization_id, key.id, at],
      ),
    );
  } catch {
    // The time of use is a convenience; the next request writes it.
  }
}

async function requireFreeName(client: pg.PoolClient, organizationId: number, name: string): Promise<void> {
  const { rowCount } = await client.query(
    "select from api_keys where organization_id = $1 and name = $2 and revoked_at is null",
    [organizationId, name],
  );
  if (rowCount !== 0) {
    throw new MusterError("conflict", `There is an API key named ${name} already. Choose another name, or revoke it.`, {
      field: "name",
    });
  }
}

async function sourceNumber(executor: Executor, organizationId: number, name: string): Promise<number> {
  const { rows } = await executor.query<{ number: number }>(
    "select number from sources where organization_id = $1 and name = $2",
    [organizationId, name],
  );
  const [source] = rows;
  if (!source) throw invalid("source", `There is no source named ${name}.`);
  return source.number;
}

function invalid(field: string, detail: string): MusterError {
  return new MusterError("request_invalid", detail, { field, errors: [{ field, message: detail }] });
}
