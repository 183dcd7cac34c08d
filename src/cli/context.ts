import type { Readable, Writable } from "node:stream";

/** What the command has of the world; tests and `main` give it. */
export interface Context {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: Readable;
  /** What was asked for. */
  readonly output: Terminal;
  /** Progress and complaints. */
  readonly complaints: Terminal;
  /** Of the package, e.g. `0.1.0`. */
  readonly version: string;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Milliseconds, ever increasing. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly newId: () => string;
}

/** A stream that may be a terminal. */
export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };
