import sql, { empty } from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";

import type { Service } from "./services.ts";

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
  /** From where it may be used: canonical addresses and networks; empty: from everywhere. */
  readonly allowedAddresses: readonly string[];
  /** The last rotation; null: there was none. */
  readonly rotation: KeyRotation | null;
}

/** A key that replaced another one. */
export interface KeyRotation {
  readonly rotatedAt: string;
  /** Until when the key before works; null: it does not. */
  readonly previousUntil: string | null;
  /** When the key before was used last since then, to the minute; null: never. */
  readonly previousLastUsedAt: string | null;
}

const columns = sql`api_keys.id, api_keys.name, api_keys.services, sources.name as source,
  timestamp_text(api_keys.created_at) as "createdAt", timestamp_text(api_keys.expires_at) as "expiresAt",
  timestamp_text(api_keys.last_used_at) as "lastUsedAt", timestamp_text(api_keys.revoked_at) as "revokedAt",
  api_keys.allowed_addresses as "allowedAddresses",
  case when api_keys.rotated_at is not null then json_build_object('rotatedAt', timestamp_text(api_keys.rotated_at),
    'previousUntil', timestamp_text(api_keys.previous_until),
    'previousLastUsedAt', timestamp_text(api_keys.previous_last_used_at)) end as rotation`;
const from = sql`api_keys left join sources
  on sources.organization_id = api_keys.organization_id and sources.number = api_keys.source`;

/**
 * Reads one key.
 * @throws MusterError not_found
 */
export function getApiKey(database: Database, organizationId: number, id: string): Promise<ApiKeyResource> {
  return withOrganization(database, organizationId, (transaction) => readApiKey(transaction, organizationId, id));
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
  return withOrganization(database, organizationId, async (transaction) => {
    const { rows } = await transaction.query<ApiKeyResource>(
      prepared(sql`select ${columns} from ${from}
       where api_keys.organization_id = ${organizationId} ${page.after === undefined ? empty : sql`and api_keys.id > ${page.after}`}
       order by api_keys.id limit ${page.limit + 1}`),
    );
    return rows;
  });
}

/**
 * Reads one key in a transaction.
 * @throws MusterError not_found
 */
export async function readApiKey(executor: Executor, organizationId: number, id: string): Promise<ApiKeyResource> {
  const { rows } = await executor.query<ApiKeyResource & { [column: string]: unknown }>(
    prepared(
      sql`select ${columns} from ${from} where api_keys.organization_id = ${organizationId} and api_keys.id = ${id}`,
    ),
  );
  const [resource] = rows;
  if (!resource) throw noSuchKey();
  return resource;
}

/** The problem of an id that identifies no key. */
export const noSuchKey = () => new MusterError("not_found", "There is no such API key.");
