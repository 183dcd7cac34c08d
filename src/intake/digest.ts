import { hash } from "node:crypto";
import type { UserRow } from "./records.ts";

const digestLength = 16;

/**
 * A digest of what a row says, 16 bytes: the same for two rows of the same normalised content, wherever they stand in
 * their files. Row and line numbers, warnings and failures don't count. A warning can come from a value that was left
 * out altogether, so only rows without issues may be recognised by it (docs/decisions/009).
 */
export function digestRow(row: UserRow): Buffer {
  // JSON keeps the values apart whatever is in them; null is absent
  const content = JSON.stringify([
    row.databaseId ?? null,
    row.username ?? null,
    row.firstName ?? null,
    row.lastName ?? null,
    row.address ?? null,
    row.customFields ?? null,
    row.location ?? null,
    row.showAllGroups ?? null,
    row.emails?.map(({ email }) => email) ?? null,
    row.emailsIncomplete,
    row.phones?.map((phone) => [phone.number, phone.extension, phone.messageType, phone.label, phone.carrier]) ?? null,
    row.phonesIncomplete,
    row.groups === undefined
      ? null
      : [
          row.groups.deletePerson,
          row.groups.leaveAll,
          row.groups.leave,
          row.groups.join.map(({ groupId, role }) => [groupId, role]),
        ],
  ]);
  // asking for a string and copying it is twice as fast as asking for a buffer
  return Buffer.from(hash("sha256", content, "binary").slice(0, digestLength), "binary");
}
