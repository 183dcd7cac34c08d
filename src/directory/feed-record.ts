import { type AddressDocument, formatAddress } from "../person/address.ts";
import type { PhoneDocument } from "../person/document.ts";
import { personFields, type Scalar, scalarField, type UserField, userFields } from "../person/fields.ts";
import type { UserDocument } from "./user-schema.ts";

/** A person as feeds write them; "" for a blank field. */
export type FeedRecord = Readonly<Record<UserField, string>>;

const fields = userFields.map((feed) => personFields.find((field) => field.feed === feed)!);

/** A feed's record without a single value. */
export const blankRecord = Object.fromEntries(fields.map(({ feed }) => [feed, ""])) as FeedRecord;

/**
 * Writes a person as a feed does, so that it can be imported again (file formats, sections 1 to 3).
 * @param source the source whose databaseID is meant
 */
export function toFeedRecord(user: UserDocument, source: string): FeedRecord {
  const members = fields.map((field) => [field.feed, feedText(user, field, source)]);
  return Object.fromEntries(members) as FeedRecord;
}

function feedText(user: UserDocument, field: (typeof personFields)[number], source: string): string {
  switch (field.kind) {
    case "emails":
      return user.emails.join(";");
    case "phones":
      return user.phones.map(phoneText).join(";");
    case "memberships":
      return user.memberships.map(({ groupId, role }) => (role === 0 ? groupId : `${groupId}|${role}`)).join(";");
    case "sources":
      return user.sources.find((link) => link.source === source)?.databaseId ?? "";
    default:
      return scalarText(scalarField(field.property), user[field.property]);
  }
}

function scalarText({ kind }: Scalar, value: UserDocument[Scalar["property"]]): string {
  switch (kind) {
    case "address":
      return formatAddress(value as AddressDocument | null);
    case "texts":
      return (value as readonly string[]).map((text) => text.replaceAll("|", " ")).join("|");
    case "flag":
      return value ? "1" : "0";
    default:
      return (value as string | null) ?? "";
  }
}

/** number|carrier|messageType|countryCode|label; the number names its country itself. */
const phoneText = ({ number, extension, carrier, messageType, label }: PhoneDocument): string =>
  [extension === "" ? number : `${number} x${extension}`, plain(carrier), messageType, "", label].join("|");

/** Feeds cannot escape the characters that separate their values. */
const plain = (value: string): string => value.replaceAll(/[|;]/g, " ");
