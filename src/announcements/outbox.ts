import type { Executor } from "../store/database.ts";

/** Why people are told of an import, or of one that did not come; a closed list. */
export type AnnouncementKind = "import_held" | "import_refused" | "first_roster" | "source_overdue";

/** Something that people are to be told. */
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
 * Puts an announcement into the outbox, in the caller's transaction: it is told if that commits, and only then. The same
 * thing is announced once.
 */
export async function announce(
  executor: Executor,
  organizationId: number,
  { kind, source, importId, subject, body }: Announcement,
  at: Date,
): Promise<void> {
  await executor.query(
    `insert into announcements (organization_id, kind, source, import_id, subject, body, created_at, next_attempt_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7)
     on conflict (organization_id, kind, import_id) do nothing`,
    [organizationId, kind, source, importId, subject, body, at],
  );
}
