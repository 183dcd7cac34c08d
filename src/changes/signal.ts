import pg from "pg";
import { serviceRole } from "../store/database.ts";
import { createLogEnds, type LogEnds } from "./log-ends.ts";

/** Tells those who wait that an organization's change log grew. */
export interface ChangeSignal {
  /** Where the logs end. */
  readonly ends: Pick<LogEnds, "get" | "look">;
  /** This process may have appended to the organization's log: whoever did finds it there at once. */
  written(organizationId: number): void;
  /**
   * Begins to watch an organization: changes that commit from now on are noticed, also while nobody waits.
   * @returns undefined when too many watch it already
   */
  watch(organizationId: number): Watch | undefined;
  /** Lets everybody go who waits, now and later: the service stops. */
  release(): void;
  /** Stops listening. */
  close(): Promise<void>;
}

/** Somebody who follows an organization's changes. */
export interface Watch {
  /**
   * Waits until there may be changes since the last wait, or the watch began.
   * @returns false when none came within `milliseconds`, or the watch ended
   */
  wait(milliseconds: number): Promise<boolean>;
  /** Whether there is nothing more to wait for: `end` was called, or the service stops. */
  isEnded(): boolean;
  end(): void;
}

/** Most watches of an organization in one process. */
export const mostWatches = 1000;

const channel = "muster_changes";
/** Pauses between attempts to connect, in milliseconds. */
const firstPause = 100;
const longestPause = 5_000;

interface Watcher {
  isChanged: boolean;
  isEnded: boolean;
  wake: (() => void) | undefined;
}

/**
 * Makes the signal of a process. One connection listens, from the first watch on; when it breaks, another is made. What was
 * notified in between is lost, so that everybody looks again then.
 * @param connection where PostgreSQL listens
 */
export function createChangeSignal(connection: pg.ClientConfig): ChangeSignal {
  const watchers = new Map<number, Set<Watcher>>();
  const ends = createLogEnds(() => performance.now());
  let isReleased = false;
  const wake = (watcher: Watcher) => {
    watcher.isChanged = true;
    watcher.wake?.();
  };
  const wakeAll = () => {
    for (const some of watchers.values()) for (const watcher of some) wake(watcher);
  };
  const listener = createListener(connection, {
    notified: (organizationId) => {
      ends.forget(organizationId);
      for (const watcher of watchers.get(organizationId) ?? []) wake(watcher);
    },
    connected: () => {
      ends.trust(true);
      wakeAll();
    },
    broken: () => ends.trust(false),
  });

  return {
    ends: {
      get: ends.get,
      look(organizationId) {
        listener.start();
        return ends.look(organizationId);
      },
    },
    written: ends.forget,
    watch(organizationId) {
      const some = watchers.get(organizationId) ?? new Set();
      if (some.size >= mostWatches) return undefined;
      listener.start();
      const watcher: Watcher = { isChanged: false, isEnded: isReleased, wake: undefined };
      watchers.set(organizationId, some.add(watcher));
      return {
        wait: (milliseconds) => waitFor(watcher, milliseconds),
        isEnded: () => watcher.isEnded,
        end() {
          watcher.isEnded = true;
          watcher.wake?.();
          some.delete(watcher);
          if (some.size === 0 && watchers.get(organizationId) === some) watchers.delete(organizationId);
        },
      };
    },
    release() {
      isReleased = true;
      for (const some of watchers.values()) {
        for (const watcher of some) {
          watcher.isEnded = true;
          watcher.wake?.();
        }
      }
    },
    close: () => listener.stop(),
  };
}

async function waitFor(watcher: Watcher, milliseconds: number): Promise<boolean> {
  if (!watcher.isChanged && !watcher.isEnded && milliseconds > 0) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      watcher.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    watcher.wake = undefined;
  }
  const { isChanged, isEnded } = watcher;
  watcher.isChanged = false;
  return isChanged && !isEnded;
}

interface ListenerEvents {
  readonly notified: (organizationId: number) => void;
  /** Listening begins, for the first time or again. */
  readonly connected: () => void;
  /** Nothing is heard any more. */
  readonly broken: () => void;
}

/** Keeps one connection that listens, from `start` until `stop`. */
function createListener(connection: pg.ClientConfig, events: ListenerEvents) {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = firstPause;
  let isStarted = false;
  let isStopped = false;

  const again = (broken: pg.Client) => {
    if (client !== broken || isStopped) return;
    client = undefined;
    events.broken();
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
    next.on("notification", ({ payload }) => events.notified(Number(payload)));
    next.on("error", () => again(next));
    next.on("end", () => again(next));
    next
      .connect()
      .then(() => next.query(`listen ${channel}`))
      .then(() => {
        pause = firstPause;
        events.connected();
      })
      .catch(() => {
        again(next);
        return next.end();
      })
      .catch(() => undefined);
  };
  return {
    start(): void {
      if (isStarted) return;
      isStarted = true;
      connect();
    },
    async stop(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
