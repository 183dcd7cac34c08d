import type { Executor } from "../store/database.ts";
import { every } from "../store/every.ts";
import type { SendMail } from "./mailer.ts";
import { announceOverdue } from "./overdue.ts";

/** Where an announcement leaves a line. It gets no personal data. */
export interface AnnouncementLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What announcements are told with. */
export interface DeliveryDependencies {
  /** A connection of the user that owns the tables: announcements of all organizations are told. */
  readonly owner: Executor;
  /** undefined: no mail server is set; the log is told all the same. */
  readonly sendMail: SendMail | undefined;
  readonly clock: () => Date;
  readonly log: AnnouncementLog;
  /** Where people reach the service. */
  readonly publicUrl: string;
}

interface DueAnnouncement {
  [column: string]: unknown;
  organizationId: number;
  id: string;
  kind: string;
  /** null: it is about what waits for a decision. */
  importId: string | null;
  subject: string;
  body: string;
  attempts: number;
  organization: string;
  recipients: string[] | null;
}

const atOnce = 20;
/** About four days of tries. */
const mostAttempts = 100;

/**
 * Tells what is due: a line in the log, and a mail to those whom the organization's setting `announceTo` names, or to the one
 * person whom it is for. A mail that
 * fails is tried again, after 20 seconds at first and every hour at last. A mail may come twice when the service is killed
 * right after sending it, and never not at all.
 * @returns how many were told or tried
 */
export async function deliverAnnouncements(dependencies: DeliveryDependencies): Promise<number> {
  const { owner, clock } = dependencies;
  const { rows } = await owner.query<DueAnnouncement>(
    `with due as (
       select organization_id, id from announcements
       where told_at is null and next_attempt_at <= $1
       order by next_attempt_at limit ${atOnce} for update skip locked
     )
     update announcements a
     set attempts = attempts + 1,
       next_attempt_at = $1 + least(interval '1 hour', interval '10 seconds' * power(2, least(attempts + 1, 12)))
     from due join organizations on organizations.id = due.organization_id
     where a.organization_id = due.organization_id and a.id = due.id
     returning a.organization_id as "organizationId", a.id, a.kind, a.import_id as "importId", a.subject, a.body, a.attempts,
       organizations.name as organization, case when a.user_id is null then organizations.settings -> 'announceTo'
         else (select jsonb_build_array(u.email) from users u
           where u.organization_id = a.organization_id and u.id = a.user_id and u.email is not null) end as recipients`,
    [clock()],
  );
  for (const announcement of rows) await deliver(dependencies, announcement);
  return rows.length;
}

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
  await owner.query("update announcements set told_at = $3 where organization_id = $1 and id = $2", [
    organizationId,
    id,
    clock(),
  ]);
}

/** Milliseconds between two looks for what is due. */
const interval = 5_000;
/** Looks between two looks for overdue sources. */
const looksBetween = 60;

/**
 * Delivers announcements until it is stopped, one pass after the other.
 * @returns stops it, after the pass that is under way
 */
export function startAnnouncing(dependencies: DeliveryDependencies): () => Promise<void> {
  let look = 0;
  let isStopped = false;
  const pass = async () => {
    if (look++ % looksBetween === 0) await announceOverdue(dependencies.owner, dependencies.clock());
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
