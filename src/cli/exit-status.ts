/** What the command ends with; scripts build on it (docs/command-line.md). */
export const exitStatus = {
  done: 0,
  /** Rows of the file were not applied. */
  rowsFailed: 1,
  /** The service refused: the file, the key, the request. */
  refused: 2,
  /** Nobody answered, or the service could not do it now. */
  unreachable: 3,
  /** All or a part of the file waits for a decision. */
  held: 4,
  /** The copy cannot be written, or is another one's. */
  copyUnusable: 5,
  /** The command line, the key or the file to send cannot be used. */
  usage: 64,
  /** A fault of the command itself. */
  fault: 70,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Ends the command with a sentence for whoever typed it. */
export class CommandError extends Error {
  readonly status: ExitStatus;
  /** @param status what the command ends with */
  constructor(status: ExitStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** The command line, the key or the file to send cannot be used. */
export const usageError = (message: string): CommandError => new CommandError(exitStatus.usage, message);
