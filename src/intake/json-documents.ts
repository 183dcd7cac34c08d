import { addressParts } from "../person/address.ts";
import { personFields } from "../person/fields.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * The members of a feed's record for a person as the API shows them, so that an export can be imported again. Members
 * that are null or missing are left out.
 * @param object a line of `GET /v1/users/export`, perhaps
 * @param sourceName the source whose databaseID is meant
 * @returns undefined for an object that is not such a document
 */
export function feedMembers(object: Members, sourceName: string): Members | undefined {
  if (![object.emails, object.memberships, object.sources].every(Array.isArray)) return undefined;
  const members: Record<string, unknown> = {};
  for (const { feed, property, kind } of personFields) {
    const value = object[property];
    if (value === undefined || value === null) continue;
    const member = kind === "sources" ? databaseIdIn(value, sourceName) : feedMember(kind, value);
    if (member !== undefined) members[feed] = member;
  }
  return members;
}

/** A value that has another shape than the API's stays as it is: it fails the row. */
function feedMember(kind: (typeof personFields)[number]["kind"], value: unknown): unknown {
  switch (kind) {
    case "phones":
      return eachObject(value, phoneToken);
    case "memberships":
      return eachObject(value, ({ groupId, role }) =>
        role === 0 || role === undefined ? groupId : `${groupId}|${role}`,
      );
    case "address":
      return isObject(value) ? addressMember(value) : value;
    default:
      return value;
  }
}

/** The parts of an address, or its free text; undefined if it has none. */
function addressMember(address: Members): unknown {
  if (address.text !== undefined && address.text !== null) return address.text;
  const parts = addressParts.map((part) => address[part] ?? undefined);
  return parts.every((part) => part === undefined) ? undefined : parts.map((part) => part ?? "").join("|");
}

function databaseIdIn(links: unknown, sourceName: string): unknown {
  const link = (links as readonly unknown[]).find((one) => isObject(one) && one.source === sourceName) as
    | Members
    | undefined;
  return link?.databaseId ?? undefined;
}

/** number|carrier|messageType|countryCode|label; the number names its country itself. */
function phoneToken({ number, extension, carrier, messageType, label }: Members): string {
  const dialled = extension === undefined || extension === "" ? number : `${number} x${extension}`;
  return [dialled, String(carrier ?? "").replaceAll(/[|;]/g, " "), messageType ?? "", "", label ?? ""].join("|");
}

const eachObject = (value: unknown, write: (one: Members) => unknown): unknown =>
  Array.isArray(value) && value.every(isObject) ? value.map(write) : value;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
