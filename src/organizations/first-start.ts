import type { ClientBase } from "pg";
import sql from "sql-template-tag";
import { prepared } from "../store/sql.ts";

import { generateKey, hashKey, type KeyContext } from "./api-keys.ts";
import { recordAudit } from "./audit-log.ts";
import { createOrganization, operator } from "./organizations.ts";
import { services } from "./services.ts";
import type { Settings } from "./settings.ts";

/**
 * Settings that the first organization begins with: a first roster names groups and locations that nobody has created
 * yet, and is to show results. Organizations that are created later begin with the defaults, which create nothing.
 */
export const firstSettings: Partial<Settings> = { createGroups: ["*"], createLocations: true };

/** The organization that the start found or made. */
export interface FirstStart {
  /**
   * Number of the organization that the first start made; undefined when it was deleted: what the environment sets for it is
   * nobody else's.
   */
  readonly organizationId: number | undefined;
  /** True if this start created the organization. */
  readonly isNew: boolean;
  /** The admin key, when it was generated now: it cannot be shown again. */
  readonly generatedKey: string | undefined;
}

/** The name of the key that MUSTER_ADMIN_KEY, the first start, or the operator makes. */
export const adminKeyName = "admin";

/**
 * Makes sure that there is an organization, and that somebody can administer it. May be called at every start, by
 * several processes at once.
 *
 * @param owner a connection of the user that owns the tables, outside a transaction
 * @param options `adminKey`: the key to use instead of a generated one. Given later, it takes the place of the first
 * organization's key named `admin`; given again, nothing changes (a key that was revoked is put in force again: the
 * operator's word counts)
 * @throws Error, one sentence, when the given key belongs to another organization
 */
export async function ensureFirstOrganization(
  owner: ClientBase,
  options: { readonly organizationName: string; readonly adminKey: string | undefined } & Omit<KeyContext, "actor">,
): Promise<FirstStart> {
  await owner.query(prepared(sql`begin`));
  try {
    await owner.query(prepared(sql`select pg_advisory_xact_lock(hashtext('first-start'))`));
    const result = await ensure(owner, options);
    await owner.query(prepared(sql`commit`));
    return result;
  } catch (error) {
    await owner.query(prepared(sql`rollback`)).catch(() => undefined);
    throw error;
  }
}

async function ensure(
  owner: ClientBase,
  options: { readonly organizationName: string; readonly adminKey: string | undefined } & Omit<KeyContext, "actor">,
): Promise<FirstStart> {
  const { organizationName, adminKey, clock, randomBytes } = options;
  const { rows } = await owner.query<{ id: number; isFirst: boolean }>(
    prepared(sql`select id, is_first as "isFirst" from organizations order by is_first desc, id limit 1`),
  );
  const [known] = rows;
  if (known) {
    // The key of an organization that was deleted must not open another one.
    if (adminKey !== undefined && known.isFirst) await putAdminKey(owner, known.id, adminKey, options);
    return { organizationId: known.isFirst ? known.id : undefined, isNew: false, generatedKey: undefined };
  }
  const organizationId = await createOrganization(owner, {
    name: organizationName,
    settings: firstSettings,
    createdAt: clock(),
    isFirst: true,
  });
  const generatedKey = adminKey === undefined ? generateKey(randomBytes) : undefined;
  await putAdminKey(owner, organizationId, adminKey ?? (generatedKey as string), options);
  return { organizationId, isNew: true, generatedKey };
}

async function putAdminKey(
  owner: ClientBase,
  organizationId: number,
  key: string,
  context: Omit<KeyContext, "actor">,
): Promise<void> {
  const hash = hashKey(key);
  const { rows } = await owner.query<{ organization_id: number; id: string; is_valid: boolean }>(
    prepared(sql`select organization_id, id, name = ${adminKeyName} and revoked_at is null and expires_at is null and services @> ${services} as is_valid
     from api_keys where key_hash = ${hash}`),
  );
  const [known] = rows;
  if (known && known.organization_id !== organizationId) {
    throw new Error("MUSTER_ADMIN_KEY belongs to another organization already: choose another key and start again.");
  }
  const id = known?.id ?? context.newId();
  await owner.query(
    prepared(sql`update api_keys set revoked_at = ${context.clock()}
     where organization_id = ${organizationId} and id <> ${id} and name = ${adminKeyName} and revoked_at is null`),
  );
  await owner.query(
    prepared(sql`insert into api_keys (organization_id, id, name, services, key_hash, created_at) values (${organizationId}, ${id}, ${adminKeyName}, ${services}, ${hash}, ${context.clock()})
     on conflict (organization_id, id) do update
     set name = excluded.name, services = excluded.services, source = null, expires_at = null, revoked_at = null`),
  );
  if (known?.is_valid) return;
  await recordAudit(owner, organizationId, {
    at: context.clock(),
    action: "api_key.created",
    actor: operator,
    subject: id,
    details: { name: adminKeyName, services: [...services], source: null },
  });
}
