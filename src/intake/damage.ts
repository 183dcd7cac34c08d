import type { RowIssue } from "../errors.ts";
import { kindsOf } from "../person/fields.ts";
import { hexadecimal, type SingleByteEncoding, singleByteText, utf8Length } from "./conversions.ts";
import { isUtf16, utf16Text } from "./encoding.ts";
import { encodingTitles } from "./encoding-labels.ts";
import { valueInvalid } from "./issues.ts";
import type { Encoding } from "./reading.ts";

/**
 * A byte that is not in the encoding of its file becomes a mark in the text: a character of the private use plane 16 that
 * keeps the byte. A reader turns it into U+FFFD and notes it on the row. The first mark means a lone surrogate.
 */
const firstMark = 0x10f700;
const mark = /[\u{10f700}-\u{10f7ff}]/u;
const marks = new RegExp(mark, "gu");

/** The text of a block in which some bytes are not in the encoding: each becomes a mark. */
export function markedText(block: Uint8Array, encoding: Encoding): string {
  if (isUtf16(encoding)) return utf16Text(block, encoding).replace(/\p{Surrogate}/gu, markOf(0));
  if (encoding === "utf-8") return markedUtf8(block);
  return markedSingleBytes(block, encoding);
}

const markOf = (byte: number): string => String.fromCodePoint(firstMark + byte);

function markedUtf8(block: Uint8Array): string {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at]! < 0x80 ? 1 : utf8Length(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(bytes.toString("utf8", start, at), markOf(bytes[at]!));
    at += 1;
    start = at;
  }
  parts.push(bytes.toString("utf8", start));
  return parts.join("");
}

function markedSingleBytes(block: Uint8Array, encoding: SingleByteEncoding): string {
  let at = 0;
  const text = singleByteText(encoding)(block);
  return text.replace(/\ufffd/g, () => {
    at = text.indexOf("\ufffd", at) + 1;
    return markOf(block[at - 1]!);
  });
}

/** A text with marks, as it may be stored and shown, and the meaning of the first mark. */
export interface DamagedText {
  readonly text: string;
  /** As in "the byte 0xE9, which is not UTF-8". */
  readonly what: string;
}

/**
 * Finds the first mark in a text.
 * @returns undefined for a text without marks
 */
export function damageOf(text: string, encoding: Encoding): DamagedText | undefined {
  const found = mark.exec(text)?.[0];
  if (found === undefined) return undefined;
  const byte = found.codePointAt(0)! - firstMark;
  const what =
    byte === 0 ? "half of a character" : `the byte ${hexadecimal(byte)}, which is not ${encodingTitles[encoding]}`;
  return { text: text.replace(marks, "\ufffd"), what };
}

/** Fields of a person that say nothing when they are damaged. Damage to any other field fails the row. */
const dispensable: ReadonlySet<string> = new Set(
  kindsOf("text", "emails", "phones", "address", "texts", "location", "flag"),
);

/** A record as its mapping reads it. */
interface ReadRecord<Field extends string> {
  readonly values: Partial<Record<Field, string>>;
  readonly failure?: RowIssue;
}

/**
 * Takes damaged values out of a record. What is stored for such a field stays, because an absent field says nothing.
 * @param what the damage, as `damageOf` tells it
 */
export function withoutDamage<Field extends string>(
  { values, failure: first }: ReadRecord<Field>,
  what: string,
): ReadRecord<Field> & { readonly notes: readonly RowIssue[] } {
  const notes: RowIssue[] = [];
  const kept: Partial<Record<Field, string>> = {};
  let failure = first;
  for (const [field, value] of Object.entries(values) as [Field, string][]) {
    if (!value.includes("\ufffd")) kept[field] = value;
    else if (dispensable.has(field)) notes.push({ code: "bytes_damaged", field, details: { field, what } });
    else failure ??= valueInvalid(field, `it contains ${what}`);
  }
  return { values: kept, notes, ...(failure === undefined ? {} : { failure }) };
}
