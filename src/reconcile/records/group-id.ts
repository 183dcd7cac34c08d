import { groupIdPattern, reservedGroupIds } from "../../directory/group-codes.ts";
import type { Unreadable } from "./record-values.ts";

/** Reads the id of a group as feeds write it. */
export function readGroupId(text: string): string | Unreadable {
  const groupId = text.normalize("NFC");
  if ((reservedGroupIds as readonly string[]).includes(groupId)) return { reason: `"${groupId}" is a code of feeds` };
  return groupIdPattern.test(groupId)
    ? groupId
    : { reason: "the id of a group has 1 to 100 characters without white space, | and ;" };
}
