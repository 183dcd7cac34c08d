import sql from "sql-template-tag";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** The reasons to announce an import, or a missing one; a closed list. */
export type AnnouncementKind = "import_held" | "import_refused" | "first_roster" | "source_overdue";

/** A message to the people whom the organization names. */
export interface Announcement {
  readonly kind: AnnouncementKind;
  /** Number of the source. */
  readonly source: number;
  readonly importId: string;
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

/**
 * Puts an announcement into the outbox, in the caller's transaction: it is sent only if that commits. An announcement
 * of the same kind about the same import is kept once.
 */
export async function announce(
  executor: Executor,
  organizationId: number,
  { kind, source, importId, subject, body }: Announcement,
  at: Date,
): Promise<void> {
  await executor.query(
    prepared(sql`
      insert into announcements (organization_id, kind, source, import_id, subject, body, created_at, next_attempt_at)
      values (${organizationId}, ${kind}, ${source}, ${importId}, ${subject}, ${body}, ${at}, ${at})
      on conflict (organization_id, kind, import_id) do nothing`),
  );
}
