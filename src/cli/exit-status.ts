/** Exit statuses of the command; scripts rely on them (docs/command-line.md). */
export const exitStatus = {
  done: 0,
  /** Rows of the file were not applied. */
  rowsFailed: 1,
  /** The service refused the file, the key or the request. */
  refused: 2,
  /** The service could not be reached, or failed. */
  unreachable: 3,
  /** All or a part of the file waits for a decision. */
  held: 4,
  /** The copy cannot be written, or belongs to another service. */
  copyUnusable: 5,
  /** The command line, the key or the file to send cannot be used. */
  usage: 64,
  /** A bug of the command. */
  fault: 70,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Ends the command with a message for the person who typed it. */
export class CommandError extends Error {
  readonly status: ExitStatus;
  /**
   * @param status exit status of the command
   * @param message what is wrong, then what to do
   */
  constructor(status: ExitStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** The command line, the key or the file to send cannot be used. */
export const usageError = (message: string): CommandError => new CommandError(exitStatus.usage, message);
