import { startAnnouncing } from "./announcements/deliver.ts";
import { createMailer } from "./announcements/mailer.ts";
import type { Service } from "./compose-service.ts";
import type { Config } from "./config.ts";
import { startRounds } from "./moderation/rounds.ts";
import { watchClock } from "./organizations/clock.ts";
import { startRetention } from "./organizations/retention.ts";
import type { ClockGuard } from "./store/clock-guard.ts";
import type { OwnerConnection } from "./store/owner-connection.ts";

/** Functions that stop what was started; they run in reverse order. */
export type Closers = (() => Promise<unknown>)[];

interface RepeatedWork {
  readonly owner: OwnerConnection;
  readonly clock: () => Date;
  readonly clockGuard: ClockGuard;
}

/** Starts what repeats itself: looks at the clocks, announcements, retention, and the rounds of pending items. */
export function startRepeatedWork(
  config: Config,
  { app, dependencies }: Service,
  { owner, clock, clockGuard }: RepeatedWork,
  closers: Closers,
): void {
  const { log } = app;
  const told = (doubt = "the clocks are plausible again") => log.error({}, doubt);
  closers.push(watchClock(clockGuard, told));
  closers.push(
    startAnnouncing({
      owner,
      clock,
      requireClock: clockGuard.require,
      log,
      sendMail: config.smtpUrl === undefined ? undefined : createMailer(config.smtpUrl, config.mailFrom),
      publicUrl: config.publicUrl ?? `http${config.tls ? "s" : ""}://${config.host}:${config.port}`,
    }),
  );
  closers.push(
    startRetention({ owner, clock, requireClock: clockGuard.require }, () =>
      log.warn({}, "old entries of the logs could not be deleted"),
    ),
  );
  const { database, queue } = dependencies;
  closers.push(
    startRounds({ owner, database, queue, clock, requireClock: clockGuard.require }, () =>
      log.warn({}, "pending items could not be looked after"),
    ),
  );
}
