import { formatAddress } from "../person/address.ts";
import type { PhoneDocument } from "../person/document.ts";
import type { UserField } from "../person/fields.ts";
import type { UserDocument } from "./user-document.ts";

/** A person as feeds write them; "" where there is nothing. */
export type FeedRecord = Readonly<Record<UserField, string>>;

/**
 * Writes a person as a feed does, so that it can be imported again (file formats, sections 1 to 3).
 * @param source the source whose databaseID is meant
 */
export function toFeedRecord(user: UserDocument, source: string): FeedRecord {
  return {
    firstName: user.firstName,
    lastName: user.lastName,
    email: user.emails.join(";"),
    userID: user.username ?? "",
    phone: user.phones.map(phone).join(";"),
    groupID: user.memberships.map(({ groupId, role }) => (role === 0 ? groupId : `${groupId}|${role}`)).join(";"),
    databaseID: user.sources.find((link) => link.source === source)?.databaseId ?? "",
    address: formatAddress(user.address),
    customFields: user.customFields.map(plain).join("|"),
    campusName: user.location ?? "",
    showAllGroups: user.showAllGroups ? "1" : "0",
  };
}

/** number|carrier|messageType|countryCode|label; the number names its country itself. */
const phone = ({ number, extension, carrier, messageType, label }: PhoneDocument): string =>
  [extension === "" ? number : `${number} x${extension}`, plain(carrier), messageType, "", label].join("|");

/** What separates values in a feed has no way to stand in one. */
const plain = (value: string): string => value.replaceAll(/[|;]/g, " ");
