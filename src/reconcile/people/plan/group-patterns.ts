import { groupIdPattern, groupNameLength } from "../../../directory/group-codes.ts";
import { hasLostLetters } from "../../../intake/lost-letters.ts";

/** The group that every new person joins; that there is one is a person's decision, not a feed's. */
const everybody = "ALL";

/**
 * Makes the test whether imports create a group that is not there (file formats, section 3).
 * @param patterns exact ids, or patterns in which * matches any characters
 */
export function createsGroup(patterns: readonly string[]): (groupId: string) => boolean {
  return (groupId) =>
    groupId !== everybody &&
    !hasLostLetters(groupId) &&
    groupId.length <= groupNameLength &&
    groupIdPattern.test(groupId) &&
    patterns.some((pattern) => matches(pattern, groupId));
}

/** Compares piece by piece from the left, the last piece from the right: linear, whatever the pattern. */
function matches(pattern: string, value: string): boolean {
  const pieces = pattern.split("*");
  const [first = ""] = pieces;
  if (pieces.length === 1) return value === pattern;
  if (!value.startsWith(first)) return false;
  const last = pieces.at(-1)!;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = value.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return value.length - last.length >= position && value.endsWith(last);
}
