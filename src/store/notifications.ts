import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import sql from "sql-template-tag";
import { connectionConfig } from "./connections.ts";
import { type Database, serviceRole } from "./database.ts";
import { prepared } from "./sql.ts";
import { createStandingConnection } from "./standing-connection.ts";
import { type TimeLimits, timeLimits } from "./time-limits.ts";
import { UnfitDatabaseError } from "./unavailable.ts";

/** Notifications that PostgreSQL sends (NOTIFY) when the transaction that caused them commits. */
export interface Notifications {
  /** Registers the listener of a channel. Call it before `start`. */
  listen(channel: string, listener: NotificationListener): void;
  /** True while there is a connection on which notifications arrive. */
  isListening(): boolean;
  /** Begins to listen, if it has not yet. */
  start(): void;
  /**
   * Finds out if notifications arrive: behind a pooler they get lost without an error.
   * @param send sends a notification on the channel that it is given
   * @param patience in milliseconds
   * @returns false if the notification did not arrive in time
   */
  hears(send: (channel: string) => Promise<unknown>, patience: number): Promise<boolean>;
  /** Stops listening. */
  close(): Promise<void>;
}

/** Hears the notifications of one channel. */
export interface NotificationListener {
  readonly notified: (payload: string) => void;
  /** Listening begins, for the first time or again. Notifications from before were not heard. */
  readonly connected: () => void;
  /** Called when notifications stop. */
  readonly broken: () => void;
}

/** The channel by which processes try out if notifications arrive. */
const tryOut = "muster_try_out";

/**
 * Makes the notifications of a process. One connection listens for all channels.
 * @param connection where PostgreSQL itself listens
 */
export function createNotifications(connection: pg.ClientConfig, limits: TimeLimits = timeLimits): Notifications {
  const listeners = new Map<string, NotificationListener>();
  let isStarted = false;
  const isReady = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<true>();
  listeners.set(tryOut, {
    notified: () => heard.resolve(true),
    connected: () => isReady.resolve(),
    broken: () => undefined,
  });
  const settings = { role: serviceRole };
  const standing = createStandingConnection({
    connection: connectionConfig(connection, { name: "muster listener", limits, settings }),
    heartbeat: limits.heartbeat,
    askForLife: (client) => client.query({ text: "select", query_timeout: limits.heartbeatAnswer } as pg.QueryConfig),
    prepare(client) {
      client.on("notification", ({ channel, payload = "" }) => listeners.get(channel)?.notified(payload));
      return client.query([...listeners.keys()].map((channel) => `listen ${channel}`).join("; "));
    },
    connected() {
      for (const listener of listeners.values()) listener.connected();
    },
    broken() {
      for (const listener of listeners.values()) listener.broken();
    },
  });
  return {
    listen(channel, listener) {
      listeners.set(channel, listener);
    },
    isListening: () => standing.client !== undefined,
    start() {
      if (isStarted) return;
      isStarted = true;
      standing.keepConnecting();
    },
    async hears(send, patience) {
      const abort = new AbortController();
      const late = sleep(patience, false as const, { signal: abort.signal });
      late.catch(() => undefined);
      const arrived = isReady.promise.then(() => send(tryOut)).then(() => heard.promise);
      try {
        return await Promise.race([arrived, late]);
      } finally {
        abort.abort();
      }
    },
    close: () => standing.close(),
  };
}

/** Milliseconds that a notification may take at the start. */
const patience = 5_000;

/**
 * Checks that notifications arrive: readers who wait for changes depend on them.
 * @throws UnfitDatabaseError if they do not
 */
export async function checkNotifications(database: Database, notifications: Notifications): Promise<void> {
  notifications.start();
  const notify = (channel: string) => database.requests.query(prepared(sql`select pg_notify(${channel}, '')`));
  if (await notifications.hears(notify, patience)) return;
  throw new UnfitDatabaseError(
    "notifications of the database do not arrive (LISTEN and NOTIFY). A pooler in transaction mode loses them: set DATABASE_DIRECT_URL to the address of PostgreSQL itself",
  );
}
