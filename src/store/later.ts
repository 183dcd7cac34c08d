/** Work that is tried again until it succeeds. */
export interface Later {
  /** Most work is kept; beyond that it is dropped. */
  add(work: () => Promise<unknown>): void;
  /** Ends it, after the attempt that is under way. */
  close(): Promise<void>;
}

/** Pauses between attempts, in milliseconds. */
const firstPause = 250;
const longestPause = 5_000;
const mostWork = 1_000;

/** Makes an empty list of such work. One piece is tried at a time; one that fails goes to the end. */
export function createLater(): Later {
  const waiting: (() => Promise<unknown>)[] = [];
  let pause = firstPause;
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  let isClosed = false;

  const attempt = async () => {
    for (let work = waiting.shift(); work !== undefined && !isClosed; work = waiting.shift()) {
      try {
        await work();
        pause = firstPause;
      } catch {
        waiting.push(work);
        pause = Math.min(longestPause, pause * 2);
        break;
      }
    }
    timer = undefined;
    schedule();
  };
  const schedule = () => {
    if (timer !== undefined || isClosed || waiting.length === 0) return;
    timer = setTimeout(() => {
      round = attempt();
    }, pause);
  };
  return {
    add(work) {
      if (waiting.length >= mostWork) return;
      waiting.push(work);
      schedule();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await round;
    },
  };
}
