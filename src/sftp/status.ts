import ssh2 from "ssh2";
import { MusterError } from "../errors.ts";

const codes = ssh2.utils.sftp.STATUS_CODE;

/** An answer other than success. */
export class SftpError extends Error {
  readonly status: keyof typeof codes;
  constructor(status: keyof typeof codes, message: string) {
    super(message);
    this.status = status;
  }
}

export const noSuchFile = () => new SftpError("NO_SUCH_FILE", "No such file");
export const denied = (message: string) => new SftpError("PERMISSION_DENIED", message);

/** True for an error that neither the client nor a full disk caused. */
export const isFault = (error: unknown): boolean =>
  !(error instanceof SftpError || error instanceof MusterError) && !isFull(error);

const isFull = (error: unknown) => /^(?:ENOSPC|EDQUOT)$/.test((error as NodeJS.ErrnoException).code ?? "");

/** The number and the text for a client. Nothing of the inside of the service is told. */
export function statusOf(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof SftpError) return { code: codes[error.status], message: error.message };
  if (error instanceof MusterError) return { code: codes.FAILURE, message: error.detail };
  return {
    code: codes.FAILURE,
    message: isFull(error) ? "No space left on device" : "Internal error. Try again later.",
  };
}
