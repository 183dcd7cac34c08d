import sql from "sql-template-tag";
import ssh2, { type AuthContext, type ParsedKey, type PublicKeyAuthContext } from "ssh2";
import { z } from "zod";
import { isOnList } from "../organizations/addresses.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import { folderSchema } from "../organizations/read-sftp-accounts.ts";
import { styles } from "../organizations/settings.ts";
import { isPassword } from "../organizations/sftp-credentials.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRow } from "../store/sql.ts";

const accountRow = z.object({
  organizationId: z.int(),
  id: z.string(),
  name: z.string(),
  source: z.int().nullable(),
  style: z.enum(styles).nullable(),
  publicKeys: z.array(z.string()),
  passwordHash: z.string().nullable(),
  allowedAddresses: z.array(z.string()),
  legacyAlgorithms: z.boolean(),
  folders: z.array(folderSchema),
  expiresAt: z.date().nullable(),
});

/** An account, as the server needs to know it. */
export type SftpAccount = z.infer<typeof accountRow>;

/** Finds the account of a login; undefined if no account has the name, or it is revoked. */
export function findAccount(database: Database, login: string): Promise<SftpAccount | undefined> {
  return selectRow(
    database.requests,
    accountRow,
    prepared(sql`select organization_id as "organizationId", id, name, source, style, public_keys as "publicKeys",
      password_hash as "passwordHash", allowed_addresses as "allowedAddresses", legacy_algorithms as "legacyAlgorithms",
      folders, expires_at as "expiresAt" from find_sftp_account(${login})`),
  );
}

/** The addresses and networks from which some account may use legacy algorithms. */
export async function findLegacyNetworks(database: Database): Promise<readonly string[]> {
  const { rows } = await database.requests.query<{ network: string }>(
    prepared(sql`select network from find_legacy_networks()`),
  );
  return rows.map(({ network }) => network);
}

/** A connection that wants to log in. */
export interface Visitor {
  /** Canonical; undefined: unknown. */
  readonly address: string | undefined;
  /** It has agreed on an algorithm that is not secure any more. */
  readonly usesLegacy: boolean;
  readonly at: Date;
}

/** The verdict about one attempt. A client may offer several keys, so a key that is not known is not a failure yet. */
export type Verdict = "accepted" | "refused" | "offered";

/**
 * Judges an attempt to log in. It takes as long for an account that does not exist.
 * @param account undefined: there is no such account
 */
export async function judgeLogin(
  account: SftpAccount | undefined,
  attempt: AuthContext,
  visitor: Visitor,
): Promise<Verdict> {
  const isOpen = account !== undefined && mayEnter(account, visitor);
  if (attempt.method === "password") {
    const isRight = await isPassword(attempt.password.slice(0, 1000), account?.passwordHash ?? null);
    return isRight && isOpen ? "accepted" : "refused";
  }
  if (attempt.method !== "publickey" || !isOpen) return "offered";
  const key = ownKey(account, attempt);
  if (key === undefined) return "offered";
  const isSha1 = attempt.key.algo === "ssh-rsa" && (attempt.hashAlgo === undefined || attempt.hashAlgo === "sha1");
  if (isSha1 && !account.legacyAlgorithms) return "offered";
  if (attempt.signature === undefined || attempt.blob === undefined) return "accepted";
  return key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true ? "accepted" : "refused";
}

function mayEnter({ expiresAt, allowedAddresses, legacyAlgorithms }: SftpAccount, visitor: Visitor): boolean {
  if (expiresAt !== null && expiresAt <= visitor.at) return false;
  if (visitor.usesLegacy && !legacyAlgorithms) return false;
  return isOnList(allowedAddresses, visitor.address);
}

function ownKey({ publicKeys }: SftpAccount, { key }: PublicKeyAuthContext): ParsedKey | undefined {
  for (const stored of publicKeys) {
    const known = ssh2.utils.parseKey(stored);
    if (!(known instanceof Error) && known.getPublicSSH().equals(key.data)) return known;
  }
  return undefined;
}

/** Notes that an account was used, to the minute. */
export async function noteUse(database: Database, { organizationId, id }: SftpAccount, at: Date): Promise<void> {
  await withOrganization(database, organizationId, (transaction) =>
    transaction.query(
      prepared(sql`update sftp_accounts set last_used_at = date_trunc('minute', ${at}::timestamptz)
       where organization_id = ${organizationId} and id = ${id}`),
    ),
  );
}

/** Writes a refused login into the audit log of the account's organization. */
export async function auditRefusal(
  database: Database,
  { organizationId, id, name }: SftpAccount,
  { address, at }: Visitor,
): Promise<void> {
  await withOrganization(database, organizationId, (transaction) =>
    recordAudit(transaction, organizationId, {
      at,
      action: "sftp_account.login_refused",
      actor: `sftp-account:${name}`,
      subject: id,
      details: { name, address: address ?? null },
    }),
  );
}
