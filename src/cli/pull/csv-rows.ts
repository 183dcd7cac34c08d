import { writeRow } from "./csv-text.ts";

/** The rows of a user's memberships, in the order of the file. */
export const membershipRows = (userId: string, roles: ReadonlyMap<string, number>): string[] =>
  [...roles]
    .sort(([one], [other]) => compareBytes(one, other))
    .map(([groupId, role]) => writeRow([userId, groupId, role]));

/** Compares texts by their bytes in UTF-8. */
export const compareBytes = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

/** The order of keys in lists of the API. */
export const compareOf = {
  users: (one: string, other: string) => Number(one) - Number(other),
  groups: compareBytes,
} as const;
