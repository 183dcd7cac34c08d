import { busyOrganization } from "./organization-lock.ts";

/** Lets imports wait in this process before any of them takes a connection. */
export interface ImportQueue {
  /**
   * Runs `work` when a slot is free, no other import of the organization runs here, and it is the organization's turn.
   * @param patience milliseconds
   * @throws MusterError organization_busy when its turn has not come after `patience`
   */
  run<Result>(organizationId: number, patience: number, work: () => Promise<Result>): Promise<Result>;
}

/** Begins an import whose turn has come. */
type Begin = () => void;

/**
 * Makes an empty queue. Organizations take turns, and each runs one import at a time. So the files of one organization,
 * however many and however large, occupy one slot.
 * @param slots imports that run at once
 */
export function createImportQueue(slots: number): ImportQueue {
  /** The waiting imports of each organization. The organization whose turn is next comes first. */
  const waiting = new Map<number, Begin[]>();
  const running = new Set<number>();

  const beginNext = () => {
    for (const [organizationId, begins] of waiting) {
      if (running.size >= slots) return;
      if (running.has(organizationId)) continue;
      const begin = begins.shift()!;
      if (begins.length === 0) waiting.delete(organizationId);
      running.add(organizationId);
      begin();
    }
  };

  /** Moves an organization to the end, so that the others have their turn before its next import. */
  const moveToEnd = (organizationId: number) => {
    const begins = waiting.get(organizationId);
    if (begins === undefined) return;
    waiting.delete(organizationId);
    waiting.set(organizationId, begins);
  };

  const turn = (organizationId: number, patience: number) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        const others = (waiting.get(organizationId) ?? []).filter((other) => other !== begin);
        if (others.length > 0) waiting.set(organizationId, others);
        else waiting.delete(organizationId);
        reject(busyOrganization());
      }, patience);
      waiting.set(organizationId, [...(waiting.get(organizationId) ?? []), begin]);
      beginNext();
    });

  return {
    async run(organizationId, patience, work) {
      await turn(organizationId, patience);
      try {
        return await work();
      } finally {
        running.delete(organizationId);
        moveToEnd(organizationId);
        beginNext();
      }
    },
  };
}
