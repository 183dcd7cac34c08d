import { getSystemErrorMap } from "node:util";

/** The operating system's words for an error of a file, e.g. `no space left on device`. */
export function fileReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const [, words] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  return words ?? message;
}
