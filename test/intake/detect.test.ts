import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MusterError } from "../../src/errors.ts";
import { detectFormat, detectionBytes } from "../../src/intake/detect.ts";
import { refuseForeign } from "../../src/intake/foreign-files.ts";
import { type Encoding, encodings, type FileFormat } from "../../src/intake/reading.ts";

/** The bytes of a text that is ASCII, but for a byte order mark. */
function encode(text: string, encoding: Encoding): Buffer {
  if (encoding === "utf-16le") return Buffer.from(text, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  return Buffer.from(text);
}

const cases: readonly (readonly [text: string, format: FileFormat])[] = [
  ['<?xml version="1.0"?><users type="array"/>', "xml"],
  ["<users>", "xml"],
  ["<", "xml"],
  ['{"users":[]}', "json"],
  ["[]", "json"],
  ["[", "json"],
  ["firstName,lastName\nAnn,Lee\n", "csv"],
  ['"<Ann>",{}', "csv"],
  ["1", "csv"],
  ["", "csv"],
];

suite("file formats, section 1: the format is told by the content", () => {
  test("by the first character, in every encoding, with and without byte order mark", () => {
    for (const [text, format] of cases) {
      for (const encoding of encodings) {
        assert.equal(detectFormat(encode(text, encoding)), format, `${encoding}: ${text}`);
        assert.equal(detectFormat(encode(text, encoding), { pinned: encoding }), format);
        assert.equal(detectFormat(encode(text, encoding), { charset: encoding }), format);
        if (encoding !== "windows-1252") assert.equal(detectFormat(encode(`\ufeff${text}`, encoding)), format);
      }
    }
  });

  test("white space before it doesn't matter, unless there is nothing else", () => {
    for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
      for (const [text, format] of cases) {
        assert.equal(detectFormat(encode(`\ufeff \t\r\n\n${text}`, encoding)), format);
        assert.equal(detectFormat(encode(`\n ${text}`, encoding)), format);
      }
      assert.equal(detectFormat(encode(`${" ".repeat(detectionBytes)}<users>`, encoding)), "csv");
    }
    assert.equal(detectFormat(encode(`${" ".repeat(detectionBytes - 1)}<users>`, "utf-8")), "xml");
    assert.equal(detectFormat(encode("\ufeff", "utf-8")), "csv");
  });

  test("what the first bytes show wins over the setting and the content type", () => {
    assert.equal(detectFormat(encode("\ufeff<users>", "utf-16be"), { pinned: "utf-8" }), "xml");
    assert.equal(detectFormat(encode("[1]", "utf-16le"), { charset: "windows-1252" }), "json");
    assert.equal(detectFormat(encode("\ufeff{}", "utf-8"), { pinned: "utf-16le", charset: "utf-16be" }), "json");
  });

  test("the setting wins over the content type, where the bytes show nothing", () => {
    // in the little endian order the first character is 㰀, in the other one it is <
    const bytes = Buffer.of(0x3c, 0x41);
    assert.equal(detectFormat(bytes, { pinned: "utf-8", charset: "utf-16le" }), "xml");
    assert.equal(detectFormat(bytes, { pinned: "utf-16le", charset: "utf-8" }), "csv");
  });

  test("bytes of any other kind are CSV, whose reader will refuse them", () => {
    for (const bytes of [
      [0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0],
      [0, 0, 0, 0x3c],
      [0xff],
      [0xfe, 0xff, 0x3c],
      [0x1f, 0x8b],
    ]) {
      assert.equal(detectFormat(Buffer.from(bytes)), "csv");
    }
  });

  test("the head may end inside a character", () => {
    assert.equal(detectFormat(Buffer.of(0x3c, 0xc3)), "xml");
    assert.equal(detectFormat(Buffer.of(0xff, 0xfe, 0x3c, 0, 0x75)), "xml");
  });
});

test("binary files are refused with their kind and advice", () => {
  const files: [number[] | string, RegExp][] = [
    ["PK\u0003\u0004rest", /Excel workbook \(\.xlsx\) or a ZIP archive\. Save it as CSV UTF-8/],
    [[0xd0, 0xcf, 0x11, 0xe0, 0xa1], /old Excel workbook/],
    ["%PDF-1.7", /PDF/],
    [[0x1f, 0x8b, 0x08], /Content-Encoding: gzip/],
  ];
  for (const [start, message] of files) {
    assert.throws(
      () => refuseForeign(Buffer.from(start as string)),
      (error) => error instanceof MusterError && error.code === "media_type_unsupported" && message.test(error.detail),
    );
  }
  for (const text of ["PK,firstName", "", "<users", "%P"]) refuseForeign(Buffer.from(text));
});
