import { isDeepStrictEqual } from "node:util";
import sql from "sql-template-tag";
import type { z } from "zod";
import { MusterError } from "../errors.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { isUniqueViolation } from "../store/unique-violation.ts";
import { canonicalList, invalid, requireFuture } from "./api-key-values.ts";
import { recordAudit } from "./audit-log.ts";
import { type folderSchema, readSftpAccount, type SftpAccountResource } from "./read-sftp-accounts.ts";
import type { Style } from "./settings.ts";
import { canonicalKey, hashPassword } from "./sftp-credentials.ts";

/** The wanted properties of an account. */
export interface NewSftpAccount {
  readonly name: string;
  /** Name of a source. */
  readonly source: string | null;
  readonly style: Style | null;
  /** In the format of OpenSSH. */
  readonly publicKeys: readonly string[];
  readonly password: string | null;
  readonly allowedAddresses: readonly string[];
  readonly legacyAlgorithms: boolean;
  readonly folders: readonly z.infer<typeof folderSchema>[];
  readonly expiresAt: Date | null;
}

/** The wanted changes of an account; absent properties stay. */
export type SftpAccountPatch = {
  readonly [Name in Exclude<keyof NewSftpAccount, "name">]?: NewSftpAccount[Name] | undefined;
};

/** The circumstances of a change of an account. */
export interface AccountContext {
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly actor: string;
  /** Throws if the account is not as the client knows it; called under the lock. */
  readonly check?: ((account: SftpAccountResource) => void) | undefined;
}

/** Most public keys of an account, and most folders with settings of their own. */
export const mostPublicKeys = 20;
export const mostFolders = 50;

/** The values of an account as they are stored; undefined: they stay. */
async function storable(wanted: SftpAccountPatch, { clock, randomBytes }: AccountContext) {
  requireFuture(wanted.expiresAt ?? null, clock());
  const { password, folders } = wanted;
  const names = folders?.map(({ folder }) => folder.toLowerCase()) ?? [];
  if (new Set(names).size < names.length)
    throw invalid("folders", "A folder occurs twice. Give each its settings once.");
  return {
    keys: wanted.publicKeys && [...new Set(wanted.publicKeys.map(canonicalKey))],
    allowed: wanted.allowedAddresses && canonicalList(wanted.allowedAddresses),
    hash: typeof password === "string" ? await hashPassword(password, randomBytes(16)) : password,
    folders: folders && JSON.stringify(folders),
  };
}

/**
 * Creates an account.
 * @throws MusterError conflict when an account of the service has the name
 * @throws MusterError request_invalid when there is no such source, neither key nor password, or a value is not valid
 */
export async function createSftpAccount(
  database: Database,
  organizationId: number,
  wanted: NewSftpAccount,
  context: AccountContext,
): Promise<SftpAccountResource> {
  if (wanted.publicKeys.length === 0 && wanted.password === null) {
    throw invalid("publicKeys", "Nobody could log in. Give at least one public key, or a password.");
  }
  requireLegacyList(wanted);
  const { keys = [], allowed = [], hash, folders = "[]" } = await storable(wanted, context);
  const at = context.clock();
  const id = context.newId();
  return withOrganization(database, organizationId, async (transaction) => {
    const source = await sourceNumber(transaction, organizationId, "source", wanted.source);
    await requireSources(transaction, organizationId, wanted.folders);
    await transaction
      .query(
        prepared(sql`insert into sftp_accounts (organization_id, id, name, source, style, public_keys, password_hash, allowed_addresses,
           legacy_algorithms, folders, created_at, expires_at)
         values (${organizationId}, ${id}, ${wanted.name}, ${source}, ${wanted.style}, ${keys}, ${hash}, ${allowed},
           ${wanted.legacyAlgorithms}, ${folders}, ${at}, ${wanted.expiresAt})`),
      )
      .catch((error: unknown) => {
        throw isUniqueViolation(error, ["sftp_accounts_name"]) ? nameTaken(wanted.name) : error;
      });
    await recordAudit(transaction, organizationId, {
      at,
      action: "sftp_account.created",
      actor: context.actor,
      subject: id,
      details: { name: wanted.name, source: wanted.source, legacyAlgorithms: wanted.legacyAlgorithms },
    });
    return readSftpAccount(transaction, organizationId, id);
  });
}

/** Old algorithms are offered to the networks of such accounts, and to nobody else. */
function requireLegacyList({
  legacyAlgorithms,
  allowedAddresses,
}: Pick<NewSftpAccount, "legacyAlgorithms" | "allowedAddresses">): void {
  if (!legacyAlgorithms || allowedAddresses.length > 0) return;
  throw invalid(
    "allowedAddresses",
    "Old algorithms are offered to named networks only. List the addresses of the program.",
  );
}

const nameTaken = (name: string) =>
  new MusterError(
    "conflict",
    `The name ${name} is taken on this service. Choose another one, such as your campus and the feed.`,
    {
      field: "name",
    },
  );

/**
 * Changes an account. It counts from the next login on.
 * @throws MusterError not_found; conflict when it is revoked; request_invalid as `createSftpAccount`
 */
export async function changeSftpAccount(
  database: Database,
  organizationId: number,
  id: string,
  patch: SftpAccountPatch,
  context: AccountContext,
): Promise<SftpAccountResource> {
  const { keys, allowed, hash, folders } = await storable(patch, context);
  return withOrganization(database, organizationId, async (transaction) => {
    const before = await readLocked(transaction, organizationId, id);
    context.check?.(before);
    if (before.revokedAt !== null)
      throw new MusterError("conflict", "The account is revoked for good. Create another one.");
    const source = await sourceNumber(transaction, organizationId, "source", patch.source ?? null);
    await requireSources(transaction, organizationId, patch.folders ?? []);
    await transaction.query(
      prepared(sql`update sftp_accounts set public_keys = coalesce(${keys}, public_keys),
         source = case when ${patch.source !== undefined} then ${source}::smallint else source end,
         style = case when ${patch.style !== undefined} then ${patch.style ?? null} else style end,
         password_hash = case when ${hash !== undefined} then ${hash ?? null} else password_hash end,
         allowed_addresses = coalesce(${allowed}, allowed_addresses), legacy_algorithms = coalesce(${patch.legacyAlgorithms}, legacy_algorithms),
         folders = coalesce(${folders}::jsonb, folders), expires_at = case when ${patch.expiresAt !== undefined} then ${patch.expiresAt ?? null} else expires_at end
       where organization_id = ${organizationId} and id = ${id}`),
    );
    const after = await readSftpAccount(transaction, organizationId, id);
    requireLegacyList(after);
    if (after.publicKeys.length === 0 && !after.hasPassword) {
      throw invalid(
        "publicKeys",
        "Nobody could log in any more. Keep a public key or a password, or revoke the account.",
      );
    }
    await auditChange(transaction, organizationId, before, after, patch, context);
    return after;
  });
}

async function auditChange(
  transaction: Transaction,
  organizationId: number,
  before: SftpAccountResource,
  after: SftpAccountResource,
  patch: SftpAccountPatch,
  { clock, actor }: AccountContext,
): Promise<void> {
  const properties: string[] = (
    ["source", "style", "publicKeys", "allowedAddresses", "legacyAlgorithms", "folders", "expiresAt"] as const
  ).filter((property) => !isDeepStrictEqual(before[property], after[property]));
  if (patch.password !== undefined) properties.push("password");
  if (properties.length === 0) return;
  await recordAudit(transaction, organizationId, {
    at: clock(),
    action: "sftp_account.changed",
    actor,
    subject: after.id,
    details: { name: after.name, properties },
  });
}

/**
 * Revokes an account: it logs in no more. Revoking it again changes nothing.
 * @throws MusterError not_found
 */
export function revokeSftpAccount(
  database: Database,
  organizationId: number,
  id: string,
  { clock, actor, check }: Omit<AccountContext, "newId" | "randomBytes">,
): Promise<void> {
  return withOrganization(database, organizationId, async (transaction) => {
    const account = await readLocked(transaction, organizationId, id);
    check?.(account);
    if (account.revokedAt !== null) return;
    await transaction.query(
      prepared(
        sql`update sftp_accounts set revoked_at = ${clock()} where organization_id = ${organizationId} and id = ${id}`,
      ),
    );
    await recordAudit(transaction, organizationId, {
      at: clock(),
      action: "sftp_account.revoked",
      actor,
      subject: id,
      details: { name: account.name },
    });
  });
}

async function readLocked(executor: Executor, organizationId: number, id: string): Promise<SftpAccountResource> {
  await executor.query(
    prepared(sql`select from sftp_accounts where organization_id = ${organizationId} and id = ${id} for update`),
  );
  return readSftpAccount(executor, organizationId, id);
}

async function requireSources(
  executor: Executor,
  organizationId: number,
  folders: NewSftpAccount["folders"],
): Promise<void> {
  for (const [index, { source }] of folders.entries()) {
    await sourceNumber(executor, organizationId, `folders.${index}.source`, source);
  }
}

async function sourceNumber(
  executor: Executor,
  organizationId: number,
  field: string,
  name: string | null,
): Promise<number | null> {
  if (name === null) return null;
  const { rows } = await executor.query<{ number: number }>(
    prepared(
      sql`select number from sources where organization_id = ${organizationId} and name = ${name} and retired_at is null`,
    ),
  );
  if (!rows[0]) throw invalid(field, `There is no source named ${name}.`);
  return rows[0].number;
}
