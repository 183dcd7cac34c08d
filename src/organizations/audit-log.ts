import sql, { empty } from "sql-template-tag";
import { z } from "zod";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** Everything that the audit log can say was done. */
export const auditActions = [
  "organization.created",
  "organization.renamed",
  "settings.changed",
  "source.changed",
  "source.renumbered",
  "source.retired",
  "user.merged",
  "api_key.created",
  "api_key.changed",
  "api_key.rotated",
  "api_key.revoked",
  "sftp_account.created",
  "sftp_account.changed",
  "sftp_account.revoked",
  "sftp_account.login_refused",
  "import.approved",
  "import.discarded",
  "topic.approved",
  "topic.rejected",
  "membership_request.approved",
  "membership_request.rejected",
  "identity_provider.changed",
  "sign_in.link_created",
  "sign_in.succeeded",
  "sign_out",
] as const;
export type AuditAction = (typeof auditActions)[number];

/** Something that was decided, set or tried, before it is written down. */
export interface AuditEntry {
  readonly at: Date;
  readonly action: AuditAction;
  /** `api-key:<name>`, `user:<id>`, `operator`. */
  readonly actor: string;
  /** The subject, by an id or a name of the API; null: the organization itself. */
  readonly subject: string | null;
  /** Ids, names of settings, counts: neither secrets nor data of people, for entries outlive both. */
  readonly details?: AuditDetails;
}

/** Further facts of an entry. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** An entry as the API shows it. Times are RFC 3339 in UTC, with microseconds. */
export const auditEntrySchema = z
  .object({
    id: z.uuid(),
    at: z.string(),
    action: z.enum(auditActions).describe("What was done."),
    actor: z.string().describe("Who did it: `api-key:` and a name, `user:` and an id, or `operator`."),
    subject: z.string().nullable().describe("What it was done to, by id or name; null: the organization."),
    details: z.record(z.string(), z.unknown()).describe("Ids, names and counts that belong to it."),
  })
  .meta({
    id: "AuditEntry",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
        at: "2026-11-22T09:30:00.123000Z",
        action: "settings.changed",
        actor: "api-key:admin",
        subject: null,
        details: { settings: ["createGroups"] },
      },
    ],
  });
export type AuditResource = z.infer<typeof auditEntrySchema>;

/**
 * Writes entries down, in the order given; all in one statement.
 * @param executor a transaction of the organization, preferably the one that does what the entries describe: both happen, or
 *   neither
 */
export async function recordAudit(
  executor: Executor,
  organizationId: number,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  if (entries.length === 0) return;
  // Clocks tell milliseconds; microseconds keep the order of entries of one moment.
  await executor.query(
    prepared(sql`insert into audit_entries (organization_id, id, at, action, actor, subject, details)
     select ${organizationId}, time_ordered_uuid(entry.at),
       coalesce(last.at + number * interval '1 microsecond', entry.at + (number - 1) * interval '1 microsecond'),
       entry.action, entry.actor, entry.subject, coalesce(entry.details, '{}')
     from jsonb_array_elements(${JSON.stringify(entries)}::jsonb) with ordinality as listed (value, number)
     cross join jsonb_to_record(value) as entry (at timestamptz, action text, actor text, subject text, details jsonb)
     cross join lateral (
       select max(earlier.at) as at from audit_entries earlier
       where organization_id = ${organizationId} and earlier.at >= entry.at and earlier.at < entry.at + interval '1 millisecond') last`),
  );
}

/** A filter for entries; absent members do not restrict it. */
export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: AuditAction | undefined;
  /** RFC 3339: entries after this time. */
  readonly since?: string | undefined;
  /** RFC 3339: entries until this time, itself included. */
  readonly until?: string | undefined;
}

/**
 * The entries of an organization, the newest first.
 * @param page `after`: time and id of the entry after which to go on; at most `limit` + 1 entries are returned
 */
export function listAudit(
  database: Database,
  organizationId: number,
  { actor, action, since, until }: AuditFilter,
  page: { readonly after: readonly [at: string, id: string] | undefined; readonly limit: number },
): Promise<AuditResource[]> {
  return withOrganization(database, organizationId, async (transaction) => {
    return selectRows(
      transaction,
      auditEntrySchema,
      prepared(sql`select id, timestamp_text(at) as at, action, actor, subject, details from audit_entries
       where organization_id = ${organizationId} ${actor === undefined ? empty : sql`and actor = ${actor}`} ${action === undefined ? empty : sql`and action = ${action}`}
         ${since === undefined ? empty : sql`and audit_entries.at > ${since}`}
         ${until === undefined ? empty : sql`and audit_entries.at <= ${until}`}
         ${page.after === undefined ? empty : sql`and (audit_entries.at, id) < (${page.after[0]}, ${page.after[1]})`}
       order by audit_entries.at desc, id desc limit ${page.limit + 1}`),
    );
  });
}

/**
 * Deletes an organization's entries from before a time.
 * @param owner a connection of the user that owns the tables: the service itself only appends
 */
export async function pruneAudit(owner: Executor, organizationId: number, before: Date): Promise<void> {
  await owner.query(
    prepared(sql`delete from audit_entries where organization_id = ${organizationId} and at < ${before}`),
  );
}
