import { claimStoredImport, type ImportPlace } from "../attempts/stored-imports.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { runStored, type StoredRun, type StoredRunning } from "./run-stored.ts";

/** Finishes the imports whose bodies are in the database. */
export interface WaitingImports {
  /** Looks for imports at once: one was stored. */
  wake(): void;
  /** Begins to look. */
  start(reports: WaitingReports): void;
  /** Claims nothing more, and waits until what is under way has ended. */
  close(): Promise<void>;
}

/** Is told what becomes of waiting imports. */
export interface WaitingReports {
  /** An import has ended; `error` is the reason for which it was refused. */
  ended(run: StoredRun & { outcome: "ended" }): void;
  /** The work could not be looked for, or done. It is tried again. */
  failed(error: unknown): void;
}

/** Milliseconds between two looks for imports that other processes stored, or left. */
const interval = 2_000;

/**
 * Makes the part of a process that works on waiting imports. It runs one import of each organization at a time, and
 * leaves the others to other processes.
 * @param slots imports that run at once
 * @param limits of the bodies that are read
 */
export function createWaitingImports(
  dependencies: ImportDependencies,
  { slots, ...limits }: { readonly slots: number } & Pick<StoredRunning, "maximumBytes" | "maximumRows">,
): WaitingImports {
  const { database } = dependencies;
  const running = new Map<ImportPlace, Promise<void>>();
  const stopping = new AbortController();
  let reports: WaitingReports | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isAskedAgain = false;

  const begin = (place: ImportPlace) => {
    const run = runStored(dependencies, place, { stopping: stopping.signal, ...limits })
      .then((done) => {
        if (done.outcome === "ended") reports?.ended(done);
        return done.outcome === "ended";
      })
      .catch((error: unknown) => {
        reports?.failed(error);
        return false;
      })
      .then((isEnded) => {
        running.delete(place);
        // An import that this process cannot finish now is left alone until the next look.
        if (isEnded) look();
      });
    running.set(place, run);
  };
  const claim = async () => {
    while (!stopping.signal.aborted && running.size < slots) {
      const place = await claimStoredImport(database.requests, database.process, [...running.keys()]);
      if (place === undefined) return;
      begin(place);
    }
  };
  const look = () => {
    clearTimeout(timer);
    if (reports === undefined || stopping.signal.aborted) return;
    if (looking !== undefined) {
      isAskedAgain = true;
      return;
    }
    isAskedAgain = false;
    looking = claim()
      .catch((error: unknown) => reports?.failed(error))
      .then(() => {
        looking = undefined;
        if (isAskedAgain) look();
        else if (!stopping.signal.aborted) timer = setTimeout(look, interval);
      });
  };
  return {
    // The work of a later import is not part of the request that stored this one.
    wake: () => database.notes.exit(look),
    start(given) {
      reports = given;
      look();
    },
    async close() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
      await Promise.all(running.values());
    },
  };
}
