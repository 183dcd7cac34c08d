import { z } from "zod";

/**
 * A typed line of text. White space around it is removed, and it becomes NFC. It has no control characters and no halves of
 * characters. Blank is allowed.
 * @param limit most characters (UTF-16 code units)
 */
export const line = (limit: number) =>
  z
    .string()
    .trim()
    .normalize("NFC")
    .max(limit, `has more than ${limit} characters`)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has a control character in it");

/** Text that may have line breaks and tabs; otherwise like `line`. */
export const paragraphs = (limit: number) =>
  z
    .string()
    .trim()
    .normalize("NFC")
    .overwrite((text) => text.replaceAll(/\r\n?/g, "\n"))
    .max(limit, `has more than ${limit} characters`)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\t])*$/u, "has a control character in it");

/** Names and identifiers that are compared without regard to case. The text is in NFC. */
export const foldCase = (text: string): string => text.toLowerCase().normalize("NFC");

/** The order in which PostgreSQL sorts text that is compared byte by byte (COLLATE "C"). */
export function compareBytes(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const [unit, otherUnit] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (unit === otherUnit) continue;
    // From the surrogates on, UTF-16 is not in the order of its characters.
    const isOrdered = unit < firstSurrogate || otherUnit < firstSurrogate;
    return isOrdered ? unit - otherUnit : Buffer.compare(Buffer.from(one), Buffer.from(other));
  }
  return one.length - other.length;
}
const firstSurrogate = 0xd800;

/** A time as the API writes it: RFC 3339, UTC, microseconds. Exact for times that come from the service's clock. */
export const timeText = (time: Date): string => time.toISOString().replace("Z", "000Z");
