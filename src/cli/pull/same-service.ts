import { CommandError, exitStatus } from "../exit-status.ts";

/**
 * A copy of one service is not turned into that of another by a wrong address.
 * @throws CommandError (copy unusable) when it is a copy of another one
 */
export function requireSameService(place: string, stored: string, wanted: string): void {
  if (stored === wanted) return;
  throw new CommandError(
    exitStatus.copyUnusable,
    `${place} is a copy of ${stored}, not of ${wanted}. Pull to another place, or remove it first.`,
  );
}
