import pg from "pg";
import { serviceRole } from "./database.ts";

/** What PostgreSQL notifies of (NOTIFY), at the commit of whatever gave the reason. */
export interface Notifications {
  /** Takes what comes on a channel. To be called before `start`. */
  listen(channel: string, listener: NotificationListener): void;
  /** Begins to listen, if it has not yet. */
  start(): void;
  /** Stops listening. */
  close(): Promise<void>;
}

/** Hears of one channel. */
export interface NotificationListener {
  readonly notified: (payload: string) => void;
  /** Listening begins, for the first time or again: what was notified before was not heard. */
  readonly connected: () => void;
  /** Nothing is heard any more. */
  readonly broken: () => void;
}

/** Pauses between attempts to connect, in milliseconds. */
const firstPause = 100;
const longestPause = 5_000;

/**
 * Makes the notifications of a process. One connection listens, from the start on; when it breaks, another is made.
 * @param connection where PostgreSQL listens
 */
export function createNotifications(connection: pg.ClientConfig): Notifications {
  const listeners = new Map<string, NotificationListener>();
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = firstPause;
  let isStarted = false;
  let isStopped = false;

  const again = (broken: pg.Client) => {
    if (client !== broken || isStopped) return;
    client = undefined;
    for (const listener of listeners.values()) listener.broken();
    timer = setTimeout(connect, pause);
    pause = Math.min(longestPause, pause * 2);
  };
  const connect = () => {
    const next = new pg.Client({
      ...connection,
      application_name: "muster listener",
      options: `-c role=${serviceRole}`,
      keepAlive: true,
    });
    client = next;
    next.on("notification", ({ channel, payload = "" }) => listeners.get(channel)?.notified(payload));
    next.on("error", () => again(next));
    next.on("end", () => again(next));
    next
      .connect()
      .then(() => next.query([...listeners.keys()].map((channel) => `listen ${channel}`).join("; ")))
      .then(() => {
        pause = firstPause;
        for (const listener of listeners.values()) listener.connected();
      })
      .catch(() => {
        again(next);
        return next.end();
      })
      .catch(() => undefined);
  };
  return {
    listen(channel, listener) {
      listeners.set(channel, listener);
    },
    start() {
      if (isStarted) return;
      isStarted = true;
      connect();
    },
    async close() {
      isStopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
