import type pg from "pg";
import { serviceRole } from "./database.ts";
import { createStandingConnection } from "./standing-connection.ts";

/** Notifications that PostgreSQL sends (NOTIFY) when the transaction that caused them commits. */
export interface Notifications {
  /** Registers the listener of a channel. Call it before `start`. */
  listen(channel: string, listener: NotificationListener): void;
  /** Begins to listen, if it has not yet. */
  start(): void;
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

/**
 * Makes the notifications of a process. One connection listens for all channels.
 * @param connection where PostgreSQL listens
 */
export function createNotifications(connection: pg.ClientConfig): Notifications {
  const listeners = new Map<string, NotificationListener>();
  let isStarted = false;
  const standing = createStandingConnection({
    connection: { ...connection, application_name: "muster listener", options: `-c role=${serviceRole}` },
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
    start() {
      if (isStarted) return;
      isStarted = true;
      standing.keepConnecting();
    },
    close: () => standing.close(),
  };
}
