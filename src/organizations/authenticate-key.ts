import { timingSafeEqual } from "node:crypto";
import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import { hashKey } from "./api-keys.ts";
import type { KnownKeys, StoredKey } from "./known-keys.ts";
import type { Service } from "./services.ts";

/** The owner of a key. */
export interface KeyHolder {
  readonly organizationId: number;
  readonly apiKeyId: string;
  readonly name: string;
  readonly services: readonly Service[];
  /** Number of the source that the key is bound to. */
  readonly source: number | null;
  /** Canonical; empty: from everywhere. */
  readonly allowedAddresses: readonly string[];
}

/** Looks up who sends a key. */
export type Authenticate = (key: string) => Promise<KeyHolder | undefined>;

const useInterval = 60_000;
/** Keys whose last noted use is remembered. */
const mostNoted = 10_000;

/**
 * Makes the function that tells whose a key is: undefined for one that is unknown, revoked or expired. What is stored of it
 * is remembered for a moment, and forgotten before this process answers a request that revokes it; other processes hear of
 * it within milliseconds (decision 018). The time of use is written beside the request, at most once a minute, and never
 * makes it wait or fail.
 */
export function createAuthentication(database: Database, clock: () => Date, knownKeys?: KnownKeys): Authenticate {
  /** A cached key may be older than the last note of its use. */
  const notedUses = new Map<string, Date>();
  const find = async (hash: Buffer): Promise<StoredKey | undefined> => {
    if (knownKeys === undefined) return findKey(database, hash);
    const name = hash.toString("hex");
    const known = knownKeys.get(name);
    if (known !== undefined) return known;
    const keep = knownKeys.look(name);
    const stored = await findKey(database, hash);
    if (stored !== undefined) keep(stored);
    return stored;
  };
  return async (key) => {
    const hash = hashKey(key);
    const stored = await find(hash);
    const now = clock();
    const part = stored && partOf(stored, hash, now);
    if (stored === undefined || part === undefined) return undefined;
    if (stored.revoked_at !== null || (stored.expires_at !== null && stored.expires_at <= now)) return undefined;
    const lastUse = part === "current" ? stored.last_used_at : stored.previous_last_used_at;
    if (isStale(lastUse, now) && isStale(notedUses.get(`${stored.id} ${part}`) ?? null, now)) {
      if (notedUses.size >= mostNoted) notedUses.clear();
      notedUses.set(`${stored.id} ${part}`, now);
      void noteUse(database, stored, part, now);
    }
    const { organization_id: organizationId, id: apiKeyId, name, services: allowed, source } = stored;
    const { allowed_addresses: allowedAddresses } = stored;
    return { organizationId, apiKeyId, name, services: allowed, source, allowedAddresses };
  };
}

/** Tells which of its secrets matched a key; undefined for a secret that no longer works. */
function partOf(stored: StoredKey, hash: Buffer, now: Date): "current" | "previous" | undefined {
  if (timingSafeEqual(stored.key_hash, hash)) return "current";
  const { previous_hash: previous, previous_until: until } = stored;
  const isPrevious = previous !== null && timingSafeEqual(previous, hash) && until !== null && until > now;
  return isPrevious ? "previous" : undefined;
}

async function findKey(database: Database, hash: Buffer): Promise<StoredKey | undefined> {
  try {
    const { rows } = await database.requests.query<StoredKey>(prepared(sql`select * from find_api_key(${hash})`));
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

async function noteUse(database: Database, key: StoredKey, part: "current" | "previous", at: Date): Promise<void> {
  try {
    await withOrganization(database, key.organization_id, (client) =>
      client.query(
        prepared(sql`update api_keys set last_used_at = greatest(last_used_at, ${at}),
           previous_last_used_at = case when ${part === "previous"} then greatest(previous_last_used_at, ${at}) else previous_last_used_at end
         where organization_id = ${key.organization_id} and id = ${key.id}`),
      ),
    );
  } catch {
    // The time of use is a convenience; the next request writes it.
  }
}
