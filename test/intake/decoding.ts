/** Decodes bytes in all ways of cutting them, for the tests of encodings. */
import assert from "node:assert/strict";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { createDecoder } from "../../src/intake/decode.ts";
import type { EncodingOptions } from "../../src/intake/encoding.ts";
import type { Encoding } from "../../src/intake/reading.ts";

export const plain: EncodingOptions = { xml: false };
export const xml: EncodingOptions = { xml: true };

/** Bytes 0x80 to 0x9f of Windows-1252; the five that it does not define are blank (WHATWG Encoding, index windows-1252). */
export const windows1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
export const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** The encodings whose bytes `encode` can write. */
export type Written = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";
export const written: readonly Written[] = ["utf-8", "utf-16le", "utf-16be", "windows-1252"];

/** The bytes of a text, written by other means than those that are tested. */
export function encode(text: string, encoding: Written): Buffer {
  if (encoding === "utf-8") return Buffer.from(text);
  if (encoding === "utf-16le") return Buffer.from(text, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  return Buffer.from(
    [...text].map((character) => {
      const index = windows1252.indexOf(character);
      return character !== " " && index >= 0 ? 0x80 + index : character.charCodeAt(0);
    }),
  );
}

export const marks: Readonly<Record<Written, Buffer>> = {
  "utf-8": Buffer.of(0xef, 0xbb, 0xbf),
  "utf-16le": Buffer.of(0xff, 0xfe),
  "utf-16be": Buffer.of(0xfe, 0xff),
  "windows-1252": Buffer.of(),
};

export interface Result {
  readonly text: string;
  readonly complete: boolean;
  readonly encoding: Encoding;
}

/**
 * Decodes a body in pieces of the given lengths, over and over; whole without lengths. Each piece is overwritten
 * once it was taken, as a source that uses its memory again does.
 */
export function decode(bytes: Uint8Array, options: EncodingOptions, lengths: readonly number[] = []): Result {
  let text = "";
  const decoder = createDecoder(() => text.replace(/\r$/, "").split(/\r\n?|\n/).length, options);
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const end = start + (lengths[turn % lengths.length] ?? bytes.length);
    const piece = Buffer.from(bytes.subarray(start, end));
    text += decoder.write(piece);
    piece.fill(0xff);
    start = end;
  }
  const end = decoder.end();
  return { text: text + end.text, complete: end.complete, encoding: decoder.encoding };
}

export const ways: readonly (readonly number[])[] = [[], [1], [2], [3, 1], [5], [64]];

export function assertDecoded(bytes: Uint8Array, options: EncodingOptions, text: string, encoding: Encoding): void {
  for (const lengths of ways) {
    assert.deepEqual(decode(bytes, options, lengths), { text, complete: true, encoding }, `in pieces of ${lengths}`);
  }
}

export function problemOf(bytes: Uint8Array, options: EncodingOptions, lengths: readonly number[] = []): MusterError {
  try {
    decode(bytes, options, lengths);
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
  return assert.fail("the body was taken");
}

/** Asserts that a body is refused, whole and in pieces, with this code and line, for a reason that is told. */
export function assertRefused(
  bytes: Uint8Array,
  options: EncodingOptions,
  code: ProblemCode,
  detail: RegExp,
  line?: number,
): void {
  for (const lengths of ways) {
    const problem = problemOf(bytes, options, lengths);
    assert.equal(problem.code, code, problem.message);
    assert.match(problem.detail, detail);
    assert.match(problem.detail, /[^.]\. Nothing was changed\.$/);
    assert.equal(problem.place.line, line, problem.message);
  }
}

export const lines = "databaseID;firstName\r\n1;Ann\r\n".repeat(5);
export const people = `${lines}2;Zoë\r\n3;Renée €\r\n`;
export const world = `${people}4;Łukasz 漢字\r\n5;😀 \ufeff\r\n`;
export const root = '<users type="array"/>';
export const declared = (encoding: string, text = root) => `<?xml version="1.0" encoding="${encoding}"?>${text}`;
