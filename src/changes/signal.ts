import type { Notifications } from "../store/notifications.ts";
import { createRemembered, type Remembered } from "../store/remembered.ts";
import type { FeedPosition } from "./feed-request.ts";

/** Tells waiting readers that an organization's change log grew. */
export interface ChangeSignal {
  /** The ends of the logs. A request for what comes after the end need not reach the database. */
  readonly ends: Pick<Remembered<number, FeedPosition>, "get" | "look">;
  /** Notes that this process may have appended to the organization's log, so that the writer finds it there at once. */
  written(organizationId: number): void;
  /**
   * Begins to watch an organization. Changes that commit from now on are noticed, also between two waits.
   * @returns undefined if the organization has `mostWatches` already
   */
  watch(organizationId: number): Watch | undefined;
  /** Ends every wait, now and later, because the service stops. */
  release(): void;
}

/** One reader that follows an organization's changes. */
export interface Watch {
  /**
   * Waits until there may be changes since the last wait, or the watch began.
   * @returns false if no change came within `milliseconds`, or the watch ended
   */
  wait(milliseconds: number): Promise<boolean>;
  /** True once waiting is pointless: `end` was called, or the service stops. */
  isEnded(): boolean;
  end(): void;
}

/** Most watches of an organization in one process. */
export const mostWatches = 1000;

const channel = "muster_changes";

interface Watcher {
  isChanged: boolean;
  isEnded: boolean;
  wake: (() => void) | undefined;
}

/**
 * Makes the signal of a process. Notifications that arrive while the connection is broken are lost. Every reader looks again
 * after it is back.
 * @param notifications are started by the first watch or look
 */
export function createChangeSignal(notifications: Notifications): ChangeSignal {
  const watchers = new Map<number, Set<Watcher>>();
  const ends = createRemembered<number, FeedPosition>(() => performance.now());
  let isReleased = false;
  const wake = (watcher: Watcher) => {
    watcher.isChanged = true;
    watcher.wake?.();
  };
  const wakeAll = () => {
    for (const some of watchers.values()) for (const watcher of some) wake(watcher);
  };
  notifications.listen(channel, {
    notified: (payload) => {
      const organizationId = Number(payload);
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
        notifications.start();
        return ends.look(organizationId);
      },
    },
    written: ends.forget,
    watch(organizationId) {
      const some = watchers.get(organizationId) ?? new Set();
      if (some.size >= mostWatches) return undefined;
      notifications.start();
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
