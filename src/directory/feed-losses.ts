import { blankRecord, type FeedRecord } from "./feed-record.ts";
import type { UserDocument } from "./user-schema.ts";

/** Values that a person had before some change. */
export interface Lost {
  readonly groups: readonly string[];
  readonly emails: readonly string[];
  /** Numbers, with ` x` and the extension if there is one. */
  readonly phones: readonly string[];
}

/**
 * Adds orders to a person's record that remove from a copy what the person does not have any more (file formats, sections
 * 1 to 3).
 * @returns one record, or two: a record that only removes does nothing else, so values come in a record of their own
 */
export function withLosses(record: FeedRecord, user: UserDocument, lost: Lost): readonly FeedRecord[] {
  const kept = {
    groups: new Set(user.memberships.map(({ groupId }) => groupId)),
    emails: new Set(user.emails.map((email) => email.toLowerCase())),
    phones: new Set(user.phones.map(({ number, extension }) => (extension ? `${number} x${extension}` : number))),
  };
  const groups = lost.groups.filter((groupId) => !kept.groups.has(groupId));
  const emails = lost.emails.filter((email) => !kept.emails.has(email.toLowerCase()));
  const phones = lost.phones.filter((phone) => !kept.phones.has(phone));
  const values = {
    ...record,
    email: withTokens(record.email, emails, "delete"),
    phone: withTokens(record.phone, phones, "delete"),
  };
  if (groups.length === 0) return [values];
  if (record.groupID === "") return [values, leftRecord(record, groups)];
  return [{ ...values, groupID: withTokens(record.groupID, groups, "00002") }];
}

/** Returns a record by which a person leaves these groups. It says nothing else. */
export function leftRecord({ userID, databaseID, email }: FeedRecord, groups: readonly string[]): FeedRecord {
  return { ...blankRecord, userID, databaseID, email, groupID: withTokens("", groups, "00002") };
}

function withTokens(text: string, values: readonly string[], order: "delete" | "00002"): string {
  const orders = values.map((value) => `${value}|${order}`);
  return (text === "" ? orders : [text, ...orders]).join(";");
}
