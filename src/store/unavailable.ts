import { MusterError } from "../errors.ts";

/** The members that tell errors of PostgreSQL, its driver, and the sockets of Node.js apart. */
export interface DriverError {
  readonly code?: string;
  readonly message?: string;
  readonly severity?: string;
  readonly syscall?: string;
  /** The constraint, or the unique index, that refused a row. */
  readonly constraint?: string;
  /** Prisma's: the error of the driver below it. */
  readonly meta?: {
    readonly driverAdapterError?: {
      readonly cause?: Pick<DriverError, "severity"> & {
        readonly originalCode?: string;
        readonly originalMessage?: string;
      };
    };
  };
}

/** An error of the driver that Prisma has wrapped, as the driver would throw it; any other as it is. */
export function asOfDriver(thrown: unknown): DriverError {
  const error = (thrown ?? {}) as DriverError;
  const cause = error.meta?.driverAdapterError?.cause;
  if (cause?.originalCode === undefined && cause?.originalMessage === undefined) return error;
  const { severity, originalCode, originalMessage } = cause;
  return {
    ...(severity === undefined ? {} : { severity }),
    ...(originalCode === undefined ? {} : { code: originalCode }),
    ...(originalMessage === undefined ? {} : { message: originalMessage }),
  };
}

/** The driver's words for a connection that went away; they have no code. */
const lostConnection =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired)/;

/** The driver's words for a statement without an answer. */
const silentConnection = "Query read timeout";

/**
 * True if PostgreSQL did not answer a statement within the driver's time limit, and did not end it either: the connection
 * is silent, and nothing else can be asked on it.
 */
export const isSilent = (error: unknown): boolean => asOfDriver(error).message === silentConnection;

/**
 * Conditions of PostgreSQL (its manual, appendix A) in which it cannot work for now: lost connections, shutdown, missing
 * resources such as a full disk, and, besides those classes, a statement that took too long, a database that is read-only
 * since it became a standby, and a failing disk.
 */
const unavailableConditions = /^(?:08|57P|53|57014$|25006$|58030$|P1[0-9]{3}$)/;

/** PostgreSQL answers, but the service must not work on it. The message says why, and what to do; it is no sentence. */
export class UnfitDatabaseError extends Error {}

/** True if an error means that the connection to PostgreSQL is missing or lost, or that it has no room to work. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof UnfitDatabaseError) return true;
  const { code, message = "", severity, syscall } = asOfDriver(error);
  // PostgreSQL ends the connection then, or does not take it, whatever the reason.
  if (severity === "FATAL" || severity === "PANIC" || syscall === "connect") return true;
  if (code === undefined) return message === silentConnection || lostConnection.test(message);
  return unavailableConditions.test(code) || /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/.test(code);
}

/** True if a disk is full: PostgreSQL's own, or the disk of the spool. */
export function isFull(error: unknown): boolean {
  const { code = "" } = asOfDriver(error);
  return /^(?:53100|ENOSPC|EDQUOT)$/.test(code);
}

/** Returns the problem of a full disk. */
export const storageFull = (): MusterError =>
  new MusterError(
    "storage_full",
    "A disk of the service is full. Nothing was changed. Tell the operator, and try again when there is room.",
    { retryAfter: 60 },
  );

/** Returns the problem for the client that sent the request. */
export const databaseUnavailable = (): MusterError =>
  new MusterError("database_unavailable", "The database does not answer. Try again in a few seconds.", {
    retryAfter: 5,
  });
