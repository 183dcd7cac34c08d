import type { Readable, Writable } from "node:stream";

/** The outside world, as the command sees it; `main` provides it. */
export interface Context {
  readonly environment: Environment;
  readonly input: Readable;
  /** Results. */
  readonly output: Terminal;
  /** Progress and errors. */
  readonly errorOutput: Terminal;
  /** Of the package, e.g. `0.1.0`. */
  readonly version: string;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly newId: () => string;
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal. */
export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Characters in a line; Infinity when the stream is not a terminal: lines are broken for people only. */
export const widthOf = ({ isTTY, columns = 80 }: Terminal): number => (isTTY ? columns : Number.POSITIVE_INFINITY);
