import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { createDecoder } from "../../src/intake/decode.ts";
import { type EncodingOptions, encodingNamed, supportedEncoding } from "../../src/intake/encoding.ts";
import { type Encoding, encodings } from "../../src/intake/reading.ts";
import { property } from "./support.ts";

const plain: EncodingOptions = { xml: false };
const xml: EncodingOptions = { xml: true };

/** Bytes 0x80 to 0x9f of Windows-1252; the five that it does not define are blank (WHATWG Encoding, index windows-1252). */
const windows1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** The bytes of a text, written by other means than those that are tested. */
function encode(text: string, encoding: Encoding): Buffer {
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

const marks: Readonly<Record<Encoding, Buffer>> = {
  "utf-8": Buffer.of(0xef, 0xbb, 0xbf),
  "utf-16le": Buffer.of(0xff, 0xfe),
  "utf-16be": Buffer.of(0xfe, 0xff),
  "windows-1252": Buffer.of(),
};

interface Result {
  readonly text: string;
  readonly complete: boolean;
  readonly encoding: Encoding;
}

/**
 * Decodes a body in pieces of the given lengths, over and over; whole if there are none. Each piece is overwritten
 * once it was taken, as a source that uses its memory again does.
 */
function decode(bytes: Uint8Array, options: EncodingOptions, lengths: readonly number[] = []): Result {
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

const ways: readonly (readonly number[])[] = [[], [1], [2], [3, 1], [5], [64]];

function assertDecoded(bytes: Uint8Array, options: EncodingOptions, text: string, encoding: Encoding): void {
  for (const lengths of ways) {
    assert.deepEqual(decode(bytes, options, lengths), { text, complete: true, encoding }, `in pieces of ${lengths}`);
  }
}

function problemOf(bytes: Uint8Array, options: EncodingOptions, lengths: readonly number[] = []): MusterError {
  try {
    decode(bytes, options, lengths);
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
  return assert.fail("the body was taken");
}

/** Asserts that a body is refused, whole and in pieces, with this code and line, for a reason that is told. */
function assertRefused(
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

const lines = "databaseID;firstName\r\n1;Ann\r\n".repeat(5);
const people = `${lines}2;Zoë\r\n3;Renée €\r\n`;
const world = `${people}4;Łukasz 漢字\r\n5;😀 \ufeff\r\n`;
const root = '<users type="array"/>';
const declared = (encoding: string, text = root) => `<?xml version="1.0" encoding="${encoding}"?>${text}`;

suite("file formats, section 1: encodings of a file", () => {
  test("UTF-8 is read with and without byte order mark", () => {
    assertDecoded(encode(world, "utf-8"), plain, world, "utf-8");
    assertDecoded(Buffer.concat([marks["utf-8"], encode(world, "utf-8")]), plain, world, "utf-8");
    assertDecoded(encode(lines, "utf-8"), plain, lines, "utf-8");
  });

  test("UTF-16 is read in both byte orders, told by its byte order mark or by its NUL bytes", () => {
    for (const encoding of ["utf-16le", "utf-16be"] as const) {
      assertDecoded(Buffer.concat([marks[encoding], encode(world, encoding)]), plain, world, encoding);
      assertDecoded(encode(world, encoding), plain, world, encoding);
      assertDecoded(encode(declared("UTF-16"), encoding), xml, declared("UTF-16"), encoding);
      assertDecoded(encode("漢1", encoding), plain, "漢1", encoding);
      assertDecoded(encode("1漢", encoding), plain, "1漢", encoding);
    }
  });

  test("NUL bytes that show two byte orders show none", () => {
    const bytes = encode("一,一", "utf-16le");
    assert.deepEqual([...bytes], [0x00, 0x4e, 0x2c, 0x00, 0x00, 0x4e]);
    assertDecoded(bytes, plain, "\0N,\0\0N", "utf-8");
    assertDecoded(bytes, { xml: false, pinned: "utf-16le" }, "一,一", "utf-16le");
  });

  test("a byte order mark of UTF-16 wins over everything the text looks like", () => {
    const text = "前前前前";
    assert.equal(encode(text, "utf-16le").toString("latin1"), "MRMRMRMR");
    assertDecoded(Buffer.concat([marks["utf-16le"], encode(text, "utf-16le")]), plain, text, "utf-16le");
  });

  test("the first byte that is not UTF-8 makes a file Windows-1252, if all before it is ASCII", () => {
    const bytes = encode(people, "windows-1252");
    assertDecoded(bytes, plain, people, "windows-1252");
    assertDecoded(encode(`é${lines}`, "windows-1252"), plain, `é${lines}`, "windows-1252");
    // begins as three characters of UTF-8 would, and ends so
    assertDecoded(Buffer.of(0x61, 0xe9, 0x62, 0xf0, 0x9f), plain, "aébðŸ", "windows-1252");
  });

  test("the encoding is told once it is known", () => {
    const decoder = createDecoder(() => 1, plain);
    assert.equal(decoder.encoding, "utf-8");
    decoder.write(Buffer.from(lines));
    assert.equal(decoder.encoding, "utf-8");
    decoder.write(Buffer.of(0xe9, 0x0a));
    assert.equal(decoder.encoding, "windows-1252");
    assert.equal(createDecoder(() => 1, { xml: false, charset: "windows-1252" }).encoding, "windows-1252");
  });

  test("every byte that Windows-1252 defines is read, the other five are refused with their line", () => {
    for (let byte = 0; byte < 0x100; byte += 1) {
      const bytes = Buffer.concat([Buffer.from("1\n2\n"), Buffer.of(byte), Buffer.from("\n")]);
      for (const options of [{ xml: false, pinned: "windows-1252" }, plain] as const) {
        if (undefinedBytes.includes(byte)) {
          const problem = problemOf(bytes, options);
          assert.equal(problem.code, "encoding_invalid");
          assert.equal(problem.place.line, 3);
          assert.match(problem.detail, /^Line 3 holds the byte 0x[89][1DF0], which is not Windows-1252 there/);
        } else {
          const character = byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80] : String.fromCharCode(byte);
          assert.equal(decode(bytes, options).text, `1\n2\n${character}\n`);
        }
      }
    }
  });

  test("a byte that is not UTF-8 after characters that are is refused with its line", () => {
    for (const bad of [[0xe9], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5], [0x80], [0xf0, 0x28]]) {
      const bytes = Buffer.concat([Buffer.from(`${lines}Zoë\r\n${lines}`), Buffer.from(bad), Buffer.from("\r\n1")]);
      assertRefused(bytes, plain, "encoding_invalid", /the byte 0x[89A-F][0-9A-F], .* mixes encodings/, 22);
    }
  });

  test("a byte that is not UTF-8 is refused when a byte order mark, a setting or the content type says UTF-8", () => {
    const bytes = encode(people, "windows-1252");
    const marked = Buffer.concat([marks["utf-8"], bytes]);
    assertRefused(marked, plain, "encoding_invalid", /0xEB.* although the byte order mark says so/, 11);
    const set: EncodingOptions = { xml: false, pinned: "utf-8" };
    assertRefused(bytes, set, "encoding_invalid", /0xEB.* although the setting of the source says so/, 11);
    const labelled: EncodingOptions = { xml: false, charset: "utf-8" };
    assertRefused(bytes, labelled, "encoding_invalid", /0xEB.* although the content type says so/, 11);
  });

  test("a lone surrogate is refused with its line", () => {
    for (const lone of ["\ud83d!", "\ude00", "\ude00\ud83d"]) {
      for (const encoding of ["utf-16le", "utf-16be"] as const) {
        const bytes = encode(`${world}${lone}\n`, encoding);
        assertRefused(
          bytes,
          plain,
          "encoding_invalid",
          /the lone surrogate 0xD(83D|E00), which is not UTF-16[LB]E/,
          15,
        );
      }
    }
  });

  test("UTF-32 is refused as unsupported, and the message names what can be read", () => {
    for (const bytes of [
      [0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0],
      [0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c],
      [0x3c, 0, 0, 0],
      [0, 0, 0, 0x3c],
    ]) {
      for (const options of [plain, xml]) {
        assertRefused(Buffer.from(bytes), options, "encoding_unsupported", /UTF-32.*UTF-8, UTF-16, Windows-1252/);
      }
    }
  });

  test("a body that ends inside a character is not complete", () => {
    const cut = (bytes: Buffer, options: EncodingOptions, text: string) => {
      for (const lengths of ways) {
        const result = decode(bytes, options, lengths);
        assert.deepEqual([result.text, result.complete], [text, false]);
      }
    };
    for (const removed of [1, 2, 3]) cut(encode("12345é😀", "utf-8").subarray(0, -removed), plain, "12345é");
    cut(Buffer.of(0xef, 0xbb, 0xbf, 0xc3), plain, "");
    for (const encoding of ["utf-16le", "utf-16be"] as const) {
      for (const removed of [1, 2, 3]) cut(encode("1😀", encoding).subarray(0, -removed), plain, "1");
      cut(Buffer.concat([marks[encoding], Buffer.of(0x31)]), plain, "");
    }
    // might be é of Windows-1252 as well; a file that was cut off must never pass
    cut(encode("1;Andr\u00e9", "windows-1252"), plain, "1;Andr");
  });

  test("a body of Windows-1252 is complete wherever it ends, once it is known to be that", () => {
    assertDecoded(encode("Zoë André", "windows-1252"), plain, "Zoë André", "windows-1252");
    const set: EncodingOptions = { xml: false, pinned: "windows-1252" };
    assertDecoded(encode("1;André", "windows-1252"), set, "1;André", "windows-1252");
  });

  test("bodies of no byte and of one are read", () => {
    assertDecoded(Buffer.of(), plain, "", "utf-8");
    assertDecoded(Buffer.of(), xml, "", "utf-8");
    assertDecoded(Buffer.of(0x31), plain, "1", "utf-8");
    assertDecoded(marks["utf-8"], xml, "", "utf-8");
    assertDecoded(marks["utf-16be"], plain, "", "utf-16be");
  });
});

suite("what has the word about the encoding", () => {
  test("the setting of the source, before the declaration and the content type", () => {
    const document = declared("UTF-8", "<x>é</x>");
    const bytes = encode(document, "windows-1252");
    const options: EncodingOptions = { xml: true, pinned: "windows-1252", charset: "utf-8" };
    assertDecoded(bytes, options, document, "windows-1252");
    assertDecoded(bytes, { ...options, xml: false }, document, "windows-1252");
    for (const other of [declared("Shift_JIS"), `<?xml version="1.0" ${" ".repeat(1_100)}?>`]) {
      assertDecoded(encode(other, "utf-8"), options, other, "windows-1252");
    }
  });

  test("a setting that the first bytes contradict is refused, and the message names both", () => {
    for (const pinned of encodings) {
      for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
        const bytes = Buffer.concat([marks[encoding], encode(world, encoding)]);
        if (pinned === encoding) assertDecoded(bytes, { xml: false, pinned }, world, encoding);
        else {
          const both = /setting of the source says so: the byte order mark says UTF-(8|16LE|16BE)\./;
          assertRefused(bytes, { xml: false, pinned }, "encoding_invalid", both);
        }
      }
    }
    for (const pinned of ["utf-8", "windows-1252"] as const) {
      const bytes = encode(people, "utf-16le");
      assertRefused(bytes, { xml: false, pinned }, "encoding_invalid", /its NUL bytes says UTF-16LE/);
    }
  });

  test("a byte order mark wins over the content type", () => {
    for (const charset of encodings) {
      for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
        const bytes = Buffer.concat([marks[encoding], encode(world, encoding)]);
        assertDecoded(bytes, { xml: false, charset }, world, encoding);
      }
    }
  });

  test("the XML declaration wins over the content type", () => {
    for (const label of ["windows-1252", "ISO-8859-1", "Latin1"]) {
      const document = declared(label, "<x>Zoë</x>");
      const bytes = encode(document, "windows-1252");
      assertDecoded(bytes, xml, document, "windows-1252");
      assertDecoded(bytes, { xml: true, charset: "utf-8" }, document, "windows-1252");
      assertDecoded(bytes, { xml: true, charset: "utf-16le" }, document, "windows-1252");
    }
  });

  test("the content type wins over detection", () => {
    const bytes = encode("Zoë", "utf-8");
    assertDecoded(bytes, { xml: false, charset: "windows-1252" }, "ZoÃ«", "windows-1252");
    assertDecoded(encode(root, "utf-8"), { xml: true, charset: "windows-1252" }, root, "windows-1252");
    const chinese = "王小明李雷".repeat(20);
    for (const charset of ["utf-16le", "utf-16be"] as const) {
      assertDecoded(encode(chinese, charset), { xml: false, charset }, chinese, charset);
      assertDecoded(encode(`一${chinese}`, charset), { xml: false, charset }, `一${chinese}`, charset);
    }
  });

  test("NUL bytes win over a content type in which they would be no text", () => {
    for (const encoding of ["utf-16le", "utf-16be"] as const) {
      for (const charset of ["utf-8", "windows-1252"] as const) {
        assertDecoded(encode(world, encoding), { xml: false, charset }, world, encoding);
      }
      // "utf-16" of a content type says nothing about the byte order; XML shows it
      assertDecoded(encode(root, encoding), { xml: true, charset: "utf-16le" }, root, encoding);
    }
  });

  test("plain ASCII is refused when the setting or the content type says UTF-16", () => {
    const plainly = /is not in UTF-16BE, although the (content type|setting of the source) says so: .* plain ASCII/;
    for (const name of ["pinned", "charset"]) {
      assertRefused(encode(lines, "utf-8"), { xml: false, [name]: "utf-16be" }, "encoding_invalid", plainly);
      assertRefused(encode(root, "utf-8"), { xml: true, [name]: "utf-16be" }, "encoding_invalid", plainly);
    }
  });

  test("pairs of ASCII are read as UTF-16 where the text is Chinese", () => {
    const options: EncodingOptions = { xml: false, pinned: "utf-16le" };
    for (const text of ["前".repeat(31), `前前,${"前".repeat(40)}`]) {
      assertDecoded(encode(text, "utf-16le"), options, text, "utf-16le");
    }
  });
});

suite("XML 1.0, 4.3.3: the declared encoding", () => {
  test("XML that declares nothing is UTF-8, and the message about a byte that is not says how to declare", () => {
    const bytes = encode("<x>\n\nZoë</x>", "windows-1252");
    assertRefused(bytes, xml, "encoding_invalid", /Line 3 .*0xEB.*<\?xml version="1.0" encoding="windows-1252"\?>/, 3);
    assertDecoded(encode("<x>é</x>", "utf-8"), xml, "<x>é</x>", "utf-8");
  });

  test("a declaration of UTF-8 or ASCII is UTF-8, and a byte that is not is refused", () => {
    for (const label of ["UTF-8", "utf8", "US-ASCII"]) {
      const document = declared(label, "<x>é</x>");
      assertDecoded(encode(document, "utf-8"), xml, document, "utf-8");
      const bytes = encode(document, "windows-1252");
      assertRefused(bytes, xml, "encoding_invalid", /0xE9.* although the XML declaration says so/, 1);
    }
  });

  test("a declaration that the bytes contradict is refused", () => {
    const refused = (label: string, encoding: Encoding, mark: boolean, detail: RegExp) => {
      const bytes = encode(declared(label), encoding);
      assertRefused(mark ? Buffer.concat([marks[encoding], bytes]) : bytes, xml, "encoding_invalid", detail);
    };
    for (const mark of [true, false]) {
      refused("utf-8", "utf-16le", mark, /not in UTF-8, although the XML declaration says so: .* says UTF-16LE/);
      refused("windows-1252", "utf-16be", mark, /not in Windows-1252.* says UTF-16BE/);
      refused("utf-16le", "utf-16be", mark, /not in UTF-16LE.* says UTF-16BE/);
    }
    refused("UTF-16", "utf-8", true, /not in UTF-16.* the byte order mark says UTF-8/);
    refused("UTF-16", "utf-8", false, /not in UTF-16.* plain ASCII/);
    refused("ISO-8859-1", "utf-8", true, /not in Windows-1252.* the byte order mark says UTF-8/);
  });

  test("a declaration of an encoding that is not read is refused, and the message names those that are", () => {
    for (const label of ["Shift_JIS", "windows-1250", "UTF-7", "EBCDIC-CP-US", "", "constructor"]) {
      const bytes = encode(declared(label), "utf-8");
      assertRefused(bytes, xml, "encoding_unsupported", /UTF-8, UTF-16, Windows-1252 and ISO-8859-1/);
    }
    assertRefused(encode(declared("UTF-32"), "utf-16le"), xml, "encoding_unsupported", /UTF-32/);
  });

  test("a declaration that does not end is refused in every encoding", () => {
    for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
      const bytes = encode(`<?xml version="1.0" ${" ".repeat(1_100)}`, encoding);
      assertRefused(bytes, xml, "encoding_unsupported", /does not end within/);
    }
  });

  test("a declaration is looked for in XML alone, at its very start", () => {
    for (const text of [declared("utf-16"), "<?xm", "<?xml"]) {
      assertDecoded(encode(text, "utf-8"), plain, text, "utf-8");
    }
    for (const text of [` ${declared("utf-16")}`, '<?xmlx encoding="x"?>', "<?xm", "<?xml", "<?xml "]) {
      assertDecoded(encode(text, "utf-8"), xml, text, "utf-8");
    }
  });
});

suite("labels of encodings", () => {
  test("name an encoding without regard to case and white space", () => {
    const named: Readonly<Record<Encoding, readonly string[]>> = {
      "utf-8": ["utf-8", "UTF8", "us-ascii", "ASCII", "unicode-1-1-utf-8"],
      "utf-16le": ["utf-16", "UTF-16LE", "unicode"],
      "utf-16be": ["utf-16be"],
      "windows-1252": ["windows-1252", "CP1252", "x-cp1252", "ISO-8859-1", "iso8859-1", "latin1", " L1 "],
    };
    for (const encoding of encodings) {
      for (const label of named[encoding]) assert.equal(encodingNamed(label), encoding, label);
      assert.equal(encodingNamed(encoding), encoding);
    }
  });

  test("of other encodings are unknown, and refused where one is needed", () => {
    for (const label of ["", "utf-7", "utf-32", "windows-1250", "iso-8859-15", "shift_jis", "__proto__"]) {
      assert.equal(encodingNamed(label), undefined);
      assert.throws(() => supportedEncoding(label), { code: "encoding_unsupported" });
    }
    assert.equal(supportedEncoding("Latin1"), "windows-1252");
  });

  test("are told without what could break a message, and not at any length", () => {
    assert.throws(
      () => supportedEncoding(`<b>\n${"x".repeat(1_000)}`),
      (error) => {
        assert.ok(error instanceof MusterError);
        assert.match(error.detail, /^The body is in \?b\?\?x{36}, or says so\./);
        return true;
      },
    );
  });
});

suite("properties of decoding", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
  const characters = [...windows1252.replaceAll(" ", ""), "é", "ÿ", "a", "\r", "\n", ";"];
  const text: Readonly<Record<Encoding, fc.Arbitrary<string>>> = {
    "utf-8": fc.string({ unit: "binary" }),
    "utf-16le": fc.string({ unit: "binary" }),
    "utf-16be": fc.string({ unit: "binary" }),
    "windows-1252": fc.string({ unit: fc.constantFrom(...characters) }),
  };

  for (const encoding of encodings) {
    test(`${encoding}: however the bytes are split, the text is the one that was written`, () => {
      fc.assert(
        fc.property(text[encoding], cuts, fc.boolean(), (written, lengths, marked) => {
          // begins with ASCII, because without a mark the first bytes could be those of another encoding
          const begun = `1,2,3,4${written}`;
          const bytes = encode(begun, encoding);
          const body = marked ? Buffer.concat([marks[encoding], bytes]) : bytes;
          const read = decode(body, { xml: false, pinned: encoding }, lengths);
          assert.deepEqual(read, { text: begun, complete: true, encoding });
        }),
        property(500),
      );
    });
  }

  test("however the bytes are split, anything ends the same way", () => {
    const byte = fc.oneof(
      fc.constantFrom(0x00, 0x0a, 0x0d, 0x31, 0x3c, 0x3f, 0x81, 0xbb, 0xbf, 0xc3, 0xd8, 0xdc, 0xe9, 0xef, 0xfe, 0xff),
      fc.integer({ min: 0, max: 0xff }),
    );
    const start = fc.constantFrom(
      Buffer.of(),
      ...Object.values(marks),
      Buffer.from("<?xml "),
      Buffer.from("<?xml encoding='latin1'?>"),
      Buffer.from("1,2\n3,4\n"),
    );
    const options = fc.record(
      { pinned: fc.constantFrom(...encodings), charset: fc.constantFrom(...encodings), xml: fc.boolean() },
      { requiredKeys: ["xml"] },
    );
    const outcome = (bytes: Buffer, asked: EncodingOptions, lengths: readonly number[]) => {
      try {
        return decode(bytes, asked, lengths);
      } catch (error) {
        assert.ok(error instanceof MusterError, String(error));
        return error.code;
      }
    };
    fc.assert(
      fc.property(start, fc.array(byte, { maxLength: 80 }), options, cuts, (first, rest, asked, lengths) => {
        const bytes = Buffer.concat([first, Buffer.from(rest)]);
        assert.deepEqual(outcome(bytes, asked, lengths), outcome(bytes, asked, []));
      }),
      property(2_000),
    );
  });
});
