import sql, { empty } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRow, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { services } from "./services.ts";

/** A key of examples. */
export const exampleKey = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  name: "nightly",
  services: ["import" as const],
  source: "students",
  createdAt: "2026-11-22T09:30:00.123456Z",
  expiresAt: null,
  lastUsedAt: "2026-11-22T10:00:00.000000Z",
  revokedAt: null,
  allowedAddresses: ["192.0.2.0/24"],
  rotation: null,
};

/** An API key as the API shows it. The key itself is stored nowhere. Times are RFC 3339 in UTC, with microseconds. */
export const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    services: z.array(z.enum(services)),
    source: z.string().nullable().describe("The only source that the key may import; null: any."),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe("To the minute."),
    revokedAt: z.string().nullable(),
    allowedAddresses: z
      .array(z.string())
      .describe("IP addresses and networks (CIDR) from which the key may be used; empty: from everywhere."),
    rotation: z
      .object({
        rotatedAt: z.string(),
        previousUntil: z.string().nullable().describe("Until when the key before works; null: it does not."),
        previousLastUsedAt: z.string().nullable().describe("When that was used last since then, to the minute."),
      })
      .nullable()
      .describe("When the key was replaced last; null: never."),
  })
  .meta({ id: "ApiKey", examples: [exampleKey] });
export type ApiKeyResource = z.infer<typeof apiKeySchema>;

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
    return selectRows(
      transaction,
      apiKeySchema,
      prepared(sql`select ${columns} from ${from}
       where api_keys.organization_id = ${organizationId} ${page.after === undefined ? empty : sql`and api_keys.id > ${page.after}`}
       order by api_keys.id limit ${page.limit + 1}`),
    );
  });
}

/**
 * Reads one key in a transaction.
 * @throws MusterError not_found
 */
export async function readApiKey(executor: Executor, organizationId: number, id: string): Promise<ApiKeyResource> {
  const resource = await selectRow(
    executor,
    apiKeySchema,
    prepared(
      sql`select ${columns} from ${from} where api_keys.organization_id = ${organizationId} and api_keys.id = ${id}`,
    ),
  );
  if (!resource) throw noSuchKey();
  return resource;
}

/** The problem of an id that identifies no key. */
export const noSuchKey = () => new MusterError("not_found", "There is no such API key.");
