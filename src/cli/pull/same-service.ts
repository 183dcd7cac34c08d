import { CommandError, exitStatus } from "../exit-status.ts";
import { quotedPath } from "../text.ts";

/**
 * Keeps a wrong address from turning the copy of one service into a copy of another.
 * @throws CommandError (copy unusable) when it is a copy of another service
 */
export function requireSameService(place: string, stored: string, wanted: string): void {
  if (stored === wanted) return;
  throw new CommandError(
    exitStatus.copyUnusable,
    `${quotedPath(place)} is a copy of ${stored}, not of ${wanted}. Pull to another place, or remove it first.`,
  );
}
