import sql from "sql-template-tag";
import { z } from "zod";
import type { ByTheClock } from "../store/clock-guard.ts";
import { every } from "../store/every.ts";
import { literal, prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import type { SendMail } from "./mailer.ts";
import { announceOverdue } from "./overdue.ts";

/** The log of announcements. It gets no personal data. */
export interface AnnouncementLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The dependencies of delivery. */
export interface DeliveryDependencies {
  /** A connection of the user that owns the tables: it delivers the announcements of all organizations. */
  readonly owner: Executor;
  /** undefined: no mail server is set; announcements appear in the log only. */
  readonly sendMail: SendMail | undefined;
  readonly clock: () => Date;
  readonly log: AnnouncementLog;
  /** The address at which people reach the service. */
  readonly publicUrl: string;
}

const dueAnnouncement = z.object({
  organizationId: z.int(),
  id: z.string(),
  kind: z.string(),
  /** null: it is about pending items. */
  importId: z.string().nullable(),
  subject: z.string(),
  body: z.string(),
  attempts: z.int(),
  organization: z.string(),
  recipients: z.array(z.string()).nullable(),
});
type DueAnnouncement = z.infer<typeof dueAnnouncement>;

const atOnce = 20;
/** About four days of tries. */
const mostAttempts = 100;

/**
 * Delivers what is due: a line in the log, and a mail to the addresses of the organization's setting `announceTo`, or to
 * the one person concerned. A mail that fails is retried, after 20 seconds at first and every hour at last. A mail may
 * come twice if the service is killed right after sending it, but it is never lost.
 * @returns the number of announcements that were delivered or tried
 */
export async function deliverAnnouncements(dependencies: DeliveryDependencies): Promise<number> {
  const due = await selectRows(dependencies.owner, dueAnnouncement, takeDue(dependencies.clock()));
  for (const announcement of due) await deliver(dependencies, announcement);
  return due.length;
}

/** Counts an attempt for each due announcement, so that another process does not take it meanwhile. */
const takeDue = (now: Date) =>
  prepared(sql`
    with due as (
      select organization_id, id from announcements
      where told_at is null and next_attempt_at <= ${now}
      order by next_attempt_at limit ${literal(atOnce)} for update skip locked
    )
    update announcements a
    set attempts = attempts + 1,
      next_attempt_at = ${now}::timestamptz + least(interval '1 hour', interval '10 seconds' * power(2, least(attempts + 1, 12)))
    from due join organizations on organizations.id = due.organization_id
    where a.organization_id = due.organization_id and a.id = due.id
    returning a.organization_id as "organizationId", a.id, a.kind, a.import_id as "importId", a.subject, a.body,
      a.attempts, organizations.name as organization,
      case when a.user_id is null then organizations.settings -> 'announceTo'
        else (select jsonb_build_array(u.email) from users u
          where u.organization_id = a.organization_id and u.id = a.user_id and u.email is not null) end as recipients`);

async function deliver(dependencies: DeliveryDependencies, announcement: DueAnnouncement): Promise<void> {
  const { owner, sendMail, clock, log, publicUrl } = dependencies;
  const { organizationId, id, kind, importId, attempts, recipients } = announcement;
  const fields = { kind, organizationId, ...(importId === null ? {} : { importId }) };
  const address = importId === null ? "pending" : `imports/${importId}`;
  if (attempts === 1) log.warn(fields, "announcement");
  if (sendMail && recipients && recipients.length > 0) {
    try {
      await sendMail({
        to: recipients,
        subject: `[Muster, ${announcement.organization}] ${announcement.subject}`,
        text: `${announcement.body}\n\n${publicUrl}/v1/${address}\n`,
      });
    } catch (error) {
      const { code } = error as { code?: unknown };
      log.warn(
        { ...fields, attempts, code: typeof code === "string" ? code : undefined },
        "announcement could not be mailed",
      );
      if (attempts < mostAttempts) return;
    }
  }
  await owner.query(
    prepared(sql`
      update announcements set told_at = ${clock()} where organization_id = ${organizationId} and id = ${id}`),
  );
}

/** Milliseconds between two looks for what is due. */
const interval = 5_000;
/** Looks between two looks for overdue sources. */
const looksBetween = 60;

/**
 * Delivers announcements until it is stopped, one pass after the other.
 * @returns stops it, after the pass that is under way
 */
export function startAnnouncing(dependencies: DeliveryDependencies & ByTheClock): () => Promise<void> {
  let look = 0;
  let isStopped = false;
  const pass = async () => {
    if (look++ % looksBetween === 0) {
      await dependencies.requireClock();
      await announceOverdue(dependencies.owner, dependencies.clock());
    }
    while (!isStopped && (await deliverAnnouncements(dependencies)) === atOnce);
  };
  const stop = every(interval, pass, () => dependencies.log.warn({}, "announcements could not be looked up"), {
    atOnce: true,
  });
  return () => {
    isStopped = true;
    return stop();
  };
}
