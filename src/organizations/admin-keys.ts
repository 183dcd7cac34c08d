/** The keys with the service `admin` that the operator issues. */
import sql from "sql-template-tag";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { generateKey, hashKey, type KeyContext } from "./api-keys.ts";
import { recordAudit } from "./audit-log.ts";
import { adminKeyName } from "./first-start.ts";
import { operator } from "./organizations.ts";
import { services } from "./services.ts";

/** An admin key that was made now: it cannot be shown again. */
export interface NewAdminKey {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly createdAt: string;
  /** The number of other keys that were revoked. */
  readonly revoked: number;
}

export async function revokeAdminKeys(executor: Executor, organizationId: number, at: Date): Promise<number> {
  const { rows } = await executor.query<{ id: string; name: string }>(
    prepared(sql`update api_keys set revoked_at = ${at}
     where organization_id = ${organizationId} and revoked_at is null and 'admin' = any(services) returning id, name`),
  );
  const entries = rows.map(({ id, name }) => ({
    at,
    action: "api_key.revoked" as const,
    actor: operator,
    subject: id,
    details: { name },
  }));
  await recordAudit(executor, organizationId, ...entries);
  return rows.length;
}

export async function insertAdminKey(
  executor: Executor,
  organizationId: number,
  context: Omit<KeyContext, "actor">,
): Promise<NewAdminKey> {
  const key = generateKey(context.randomBytes);
  const { rows } = await executor.query<Omit<NewAdminKey, "key" | "revoked">>(
    prepared(sql`insert into api_keys (organization_id, id, name, services, key_hash, created_at)
     select ${organizationId}, ${context.newId()}, free.name, ${services}, ${hashKey(key)}, ${context.clock()}
     from (
       select number, case number when 1 then ${adminKeyName} else ${adminKeyName} || ' ' || number end as name
       from generate_series(1, 1 + (select count(*) from api_keys where organization_id = ${organizationId} and revoked_at is null)) number
     ) free
     where not exists (
       select from api_keys where organization_id = ${organizationId} and api_keys.name = free.name and revoked_at is null)
     order by free.number limit 1
     returning id, name, timestamp_text(created_at) as "createdAt"`),
  );
  const { id, name } = rows[0]!;
  await recordAudit(executor, organizationId, {
    at: context.clock(),
    action: "api_key.created",
    actor: operator,
    subject: id,
    details: { name, services: [...services], source: null },
  });
  return { ...rows[0]!, key, revoked: 0 };
}
