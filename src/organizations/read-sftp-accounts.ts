import sql, { empty } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRow, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { styles } from "./settings.ts";
import { describeKey } from "./sftp-credentials.ts";

/** The source and the style of a folder below `upload`. */
export const folderSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .max(60)
    .regex(/^[^/\\\p{Cc}]+$/u, "is one name, without slashes")
    .refine((name) => !/^(?:\.|groups$|locations$|campuses$)/i.test(name), "is reserved")
    .describe("Name of a folder in `upload`, in any case."),
  source: z.string().min(1).max(100).nullable().default(null).describe("Source of its files; null: the account's."),
  style: z.enum(styles).nullable().default(null).describe("Style of its files; null: the style of the source."),
});

/** An SFTP account as the API shows it. Times are RFC 3339 in UTC, with microseconds. */
export const sftpAccountSchema = z
  .object({
    id: z.uuid(),
    name: z.string().describe("The user name of the login."),
    source: z.string().nullable().describe("Source of its files; null: `default`."),
    style: z.enum(styles).nullable().describe("Style of its files of people; null: the style of the source."),
    publicKeys: z.array(
      z.object({
        type: z.string(),
        fingerprint: z.string().describe("As `ssh-keygen -l` prints it."),
        comment: z.string(),
      }),
    ),
    hasPassword: z.boolean(),
    allowedAddresses: z
      .array(z.string())
      .describe("IP addresses and networks (CIDR) from which it may be used; empty: from everywhere."),
    legacyAlgorithms: z
      .boolean()
      .describe("True if old programs may log in, with algorithms that are not secure any more."),
    folders: z.array(folderSchema),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe("To the minute."),
    revokedAt: z.string().nullable(),
  })
  .meta({
    id: "SftpAccount",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
        name: "university-hr",
        source: "employees",
        style: null,
        publicKeys: [
          {
            type: "ssh-ed25519",
            fingerprint: "SHA256:zEq5cBUZHSLVtYFpu0IIHHSIGhzqcPhq2OqVkQyJvJI",
            comment: "hr@jobs",
          },
        ],
        hasPassword: false,
        allowedAddresses: ["192.0.2.0/24"],
        legacyAlgorithms: false,
        folders: [],
        createdAt: "2026-11-22T09:30:00.123456Z",
        expiresAt: null,
        lastUsedAt: null,
        revokedAt: null,
      },
    ],
  });
export type SftpAccountResource = z.infer<typeof sftpAccountSchema>;

const storedAccount = sftpAccountSchema.extend({ publicKeys: z.array(z.string()) });

const columns = sql`a.id, a.name, sources.name as source, a.style, a.public_keys as "publicKeys",
  a.password_hash is not null as "hasPassword", a.allowed_addresses as "allowedAddresses",
  a.legacy_algorithms as "legacyAlgorithms", a.folders, timestamp_text(a.created_at) as "createdAt",
  timestamp_text(a.expires_at) as "expiresAt", timestamp_text(a.last_used_at) as "lastUsedAt",
  timestamp_text(a.revoked_at) as "revokedAt"`;
const from = sql`sftp_accounts a left join sources
  on sources.organization_id = a.organization_id and sources.number = a.source`;

const toResource = ({ publicKeys, ...account }: z.infer<typeof storedAccount>): SftpAccountResource => ({
  ...account,
  publicKeys: publicKeys.map(describeKey),
});

/**
 * The organization's accounts, revoked ones too, by id: the oldest first.
 * @param page `after`: the id after which to begin; at most `limit` + 1 accounts are returned
 */
export function listSftpAccounts(
  database: Database,
  organizationId: number,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<SftpAccountResource[]> {
  return withOrganization(database, organizationId, async (transaction) => {
    const accounts = await selectRows(
      transaction,
      storedAccount,
      prepared(sql`select ${columns} from ${from}
       where a.organization_id = ${organizationId} ${page.after === undefined ? empty : sql`and a.id > ${page.after}`}
       order by a.id limit ${page.limit + 1}`),
    );
    return accounts.map(toResource);
  });
}

/**
 * Reads one account.
 * @throws MusterError not_found
 */
export function getSftpAccount(database: Database, organizationId: number, id: string): Promise<SftpAccountResource> {
  return withOrganization(database, organizationId, (transaction) => readSftpAccount(transaction, organizationId, id));
}

/** The same in a transaction of the caller's. */
export async function readSftpAccount(
  executor: Executor,
  organizationId: number,
  id: string,
): Promise<SftpAccountResource> {
  const account = await selectRow(
    executor,
    storedAccount,
    prepared(sql`select ${columns} from ${from} where a.organization_id = ${organizationId} and a.id = ${id}`),
  );
  if (account === undefined) throw new MusterError("not_found", "There is no such SFTP account.");
  return toResource(account);
}
