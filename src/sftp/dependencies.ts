import type { ImportDependencies } from "../reconcile/run/dependencies.ts";
import type { WaitingImports } from "../reconcile/run/waiting-imports.ts";

/** Everything that the SFTP server works with. */
export interface SftpDependencies extends ImportDependencies {
  readonly waitingImports: Pick<WaitingImports, "wake">;
  /** Folder of the host keys. */
  readonly keyDirectory: string;
  /** Largest file, in bytes. */
  readonly maximumBytes: number;
  /** Logins of an address that are refused in a minute; 0: any number. */
  readonly failuresPerMinute: number;
  readonly limits: SftpLimits;
  /** Takes faults of the service, for the log. */
  readonly failed: (error: unknown) => void;
}

/** Limits of connections. Times are in milliseconds. */
export interface SftpLimits {
  readonly connections: number;
  /** Connections of one account. */
  readonly ofAccount: number;
  /** Time from the connection to the login. */
  readonly login: number;
  /** Time without a word of the client. */
  readonly idle: number;
}

export const sftpLimits: SftpLimits = { connections: 500, ofAccount: 100, login: 30_000, idle: 10 * 60_000 };
