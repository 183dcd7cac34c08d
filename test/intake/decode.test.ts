import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { damageOf } from "../../src/intake/damage.ts";
import { createDecoder } from "../../src/intake/decode.ts";
import type { EncodingOptions } from "../../src/intake/encoding.ts";
import { encodingNamed, supportedEncoding } from "../../src/intake/encoding-labels.ts";
import { type Encoding, encodings } from "../../src/intake/reading.ts";
import { property } from "./support.ts";

const plain: EncodingOptions = { xml: false };
const xml: EncodingOptions = { xml: true };

/** Bytes 0x80 to 0x9f of Windows-1252; the five that it does not define are blank (WHATWG Encoding, index windows-1252). */
const windows1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** The encodings whose bytes `encode` can write. */
type Written = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";
const written: readonly Written[] = ["utf-8", "utf-16le", "utf-16be", "windows-1252"];

/** The bytes of a text, written by other means than those that are tested. */
function encode(text: string, encoding: Written): Buffer {
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

const marks: Readonly<Record<Written, Buffer>> = {
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
      assertDecoded(encode("漢12", encoding), plain, "漢12", encoding);
      assertDecoded(encode("12漢", encoding), plain, "12漢", encoding);
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

  test("a file that is not UTF-8 and names no encoding is Windows-1252, if its words look so", () => {
    const bytes = encode(people, "windows-1252");
    assertDecoded(bytes, plain, people, "windows-1252");
    assertDecoded(encode(`é${lines}`, "windows-1252"), plain, `é${lines}`, "windows-1252");
    // begins as three characters of UTF-8 would, and ends so
    assertDecoded(Buffer.of(0x61, 0xe9, 0x62, 0xe0, 0xb7), plain, "aébà·", "windows-1252");
  });

  test("the encoding is told once it is known", () => {
    const decoder = createDecoder(() => 1, plain);
    assert.equal(decoder.encoding, "utf-8");
    decoder.write(Buffer.from(lines));
    assert.equal(decoder.encoding, "utf-8");
    assert.equal(decoder.write(Buffer.of(0x61, 0xe9, 0x0a)), "");
    assert.ok(decoder.end().text.endsWith("aé\n"));
    assert.equal(decoder.encoding, "windows-1252");
    assert.equal(createDecoder(() => 1, { xml: false, charset: "windows-1252" }).encoding, "windows-1252");
  });

  test("every byte that Windows-1252 defines is read, the other five become marks", () => {
    for (let byte = 0; byte < 0x100; byte += 1) {
      const bytes = Buffer.concat([Buffer.from("1\n2\n"), Buffer.of(byte), Buffer.from("\n")]);
      const { text, encoding } = decode(bytes, { xml: false, pinned: "windows-1252" });
      if (undefinedBytes.includes(byte)) {
        assert.equal(damageOf(text, encoding)?.text, "1\n2\n\ufffd\n");
        const what = `the byte 0x${byte.toString(16).toUpperCase()}, which is not Windows-1252`;
        assert.equal(damageOf(text, encoding)?.what, what);
      } else {
        const character = byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80] : String.fromCharCode(byte);
        assert.equal(text, `1\n2\n${character}\n`);
        assert.equal(damageOf(text, encoding), undefined);
      }
    }
  });

  test("the other encodings of single bytes are read when something names them", () => {
    const texts: readonly (readonly [Encoding, string, string])[] = [
      ["windows-1250", "a3f3649f208e699e6b6120f5fb", "Łódź Žižka őű"],
      ["iso-8859-2", "a3f364bc20ae69be6b6120f5fb", "Łódź Žižka őű"],
      ["iso-8859-15", "5a6feb204a6f73e92053f872656e20bc75767265", "Zoë José Søren Œuvre"],
      ["macintosh", "5a6f91204a6f738e2053bf72656e20ce75767265", "Zoë José Søren Œuvre"],
      ["ibm850", "5a6f8920538201539b72656e209d20e1", "Zoë Sé\u0001Søren Ø ß"],
      ["ibm437", "5a6f89204d75a46f7a2073747261e165209c", "Zoë Muñoz straße £"],
    ];
    for (const [encoding, bytes, text] of texts) {
      assertDecoded(Buffer.from(bytes, "hex"), { xml: false, charset: encoding }, text, encoding);
      assertDecoded(Buffer.from(bytes, "hex"), { xml: false, pinned: encoding }, text, encoding);
    }
    const polish = Buffer.concat([
      Buffer.from(declared("ISO-8859-2", "")),
      Buffer.from("3c783ea3f364bc3c2f783e", "hex"),
    ]);
    assertDecoded(polish, xml, declared("ISO-8859-2", "<x>Łódź</x>"), "iso-8859-2");
  });

  test("a byte that is not UTF-8 becomes a mark, and the characters around it stay", () => {
    for (const [bad, left] of [
      ["e9", "\ufffd"],
      ["c080", "\ufffd\ufffd"],
      ["eda080", "\ufffd\ufffd\ufffd"],
      ["f5", "\ufffd"],
      ["80", "\ufffd"],
      ["f028", "\ufffd("],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from(`Zoë${lines}`), Buffer.from(bad, "hex"), Buffer.from("Noël\r\n1")]);
      for (const options of [plain, { xml: false, pinned: "utf-8" }, { xml: false, charset: "utf-8" }] as const) {
        for (const lengths of ways) {
          const { text, encoding, complete } = decode(bytes, options, lengths);
          assert.deepEqual([encoding, complete], ["utf-8", true]);
          assert.equal(damageOf(text, encoding)?.text, `Zoë${lines}${left}Noël\r\n1`);
          assert.equal(
            damageOf(text, encoding)?.what,
            `the byte 0x${bad.slice(0, 2).toUpperCase()}, which is not UTF-8`,
          );
        }
      }
    }
  });

  test("one or two strange bytes do not refuse a file that claims to be UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from(lines), Buffer.of(0xe9), Buffer.from(`\n${lines}`), Buffer.of(0xe8)]);
    const { text, encoding } = decode(Buffer.concat([bytes, Buffer.from("\n")]), { xml: false, charset: "utf-8" });
    assert.equal(encoding, "utf-8");
    assert.equal(damageOf(text, encoding)?.text, `${lines}\ufffd\n${lines}\ufffd\n`);
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

  test("a lone surrogate becomes a mark, and refuses XML with its line", () => {
    for (const [lone, left] of [
      ["\ud83d!", "\ufffd!"],
      ["\ude00", "\ufffd"],
      ["\ude00\ud83d", "\ufffd\ufffd"],
    ] as const) {
      for (const encoding of ["utf-16le", "utf-16be"] as const) {
        for (const lengths of ways) {
          const { text } = decode(encode(`${world}${lone}\n`, encoding), plain, lengths);
          assert.deepEqual(damageOf(text, encoding), { text: `${world}${left}\n`, what: "half of a character" });
        }
        const bytes = encode(declared("UTF-16", `<x>\n${lone}</x>`), encoding);
        assertRefused(bytes, xml, "encoding_invalid", /the lone surrogate 0xD(83D|E00), which is not UTF-16[LB]E/, 2);
      }
    }
  });

  test("UTF-32 is refused as unsupported, and the message names what can be read", () => {
    for (const bytes of [
      [0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0],
      [0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c],
      [0x3c, 0, 0, 0],
      [0, 0, 0, 0x3c],
      [0x3c, 0, 0, 0, 0x3f, 0, 0, 0, 0x78],
    ]) {
      for (const options of [plain, xml]) {
        assertRefused(
          Buffer.from(bytes),
          options,
          "encoding_unsupported",
          /cannot read the encoding UTF-32.*UTF-8, Windows-1252/,
        );
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

  test("padding at the end is dropped, and a Ctrl-Z says that the text is whole", () => {
    const end = (bytes: Buffer, options: EncodingOptions) => {
      const decoder = createDecoder(() => 1, options);
      const text = decoder.write(bytes);
      const last = decoder.end();
      return [text + last.text, last.isMarked, last.complete];
    };
    assert.deepEqual(end(Buffer.from("1,2\n\0\0\0"), plain), ["1,2\n", false, true]);
    assert.deepEqual(end(Buffer.from("1,\0\n\u001a"), plain), ["1,\0\n", true, true]);
    assert.deepEqual(end(encode("1,2\u001a\0\0", "utf-16le"), plain), ["1,2", true, true]);
    assert.deepEqual(end(Buffer.from(`${root}\0\0`), xml), [root, false, true]);
    assert.deepEqual(end(Buffer.from("\u001a"), plain), ["", true, true]);
    const tape = `1${"\0".repeat(2 * 1024 * 1024)}`;
    assert.equal(end(Buffer.from(tape), plain)[0], tape);
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
    for (const pinned of written) {
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
    for (const charset of written) {
      for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
        const bytes = Buffer.concat([marks[encoding], encode(world, encoding)]);
        assertDecoded(bytes, { xml: false, charset }, world, encoding);
      }
    }
  });

  test("RFC 7303, 3: the content type wins over the XML declaration", () => {
    for (const label of ["UTF-8", "utf-16", "Shift_JIS"]) {
      const document = declared(label, "<x>Zoë</x>");
      assertDecoded(encode(document, "windows-1252"), { xml: true, charset: "windows-1252" }, document, "windows-1252");
    }
    for (const label of ["windows-1252", "utf-16", "UTF-7"]) {
      const document = declared(label, "<x>Zoë</x>");
      assertDecoded(encode(document, "utf-8"), { xml: true, charset: "utf-8" }, document, "utf-8");
    }
  });

  test("the XML declaration is believed when the content type says UTF-8 and the body is not", () => {
    for (const label of ["windows-1252", "ISO-8859-1", "Latin1"]) {
      const document = declared(label, "<x>Zoë</x>");
      const bytes = encode(document, "windows-1252");
      assertDecoded(bytes, xml, document, "windows-1252");
      assertDecoded(bytes, { xml: true, charset: "utf-8" }, document, "windows-1252");
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

  test("plain ASCII is not UTF-16: the setting refuses it, the content type and the declaration are passed over", () => {
    const plainly = /is not in UTF-16BE, although the setting of the source says so: .* plain ASCII/;
    assertRefused(encode(lines, "utf-8"), { xml: false, pinned: "utf-16be" }, "encoding_invalid", plainly);
    assertRefused(encode(root, "utf-8"), { xml: true, pinned: "utf-16be" }, "encoding_invalid", plainly);
    assertDecoded(encode(`${lines}Zoë\n`, "utf-8"), { xml: false, charset: "utf-16be" }, `${lines}Zoë\n`, "utf-8");
    const document = declared("utf-16", "<x>Zoë</x>");
    for (const charset of ["utf-8", "utf-16le", undefined] as const) {
      assertDecoded(encode(document, "utf-8"), { xml: true, charset }, document, "utf-8");
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

  test("a declaration that a byte order mark or NUL bytes contradict is passed over", () => {
    const passedOver = (label: string, encoding: Written) => {
      const document = declared(label, "<x>é</x>");
      assertDecoded(Buffer.concat([marks[encoding], encode(document, encoding)]), xml, document, encoding);
      if (encoding !== "utf-8") assertDecoded(encode(document, encoding), xml, document, encoding);
    };
    passedOver("utf-8", "utf-16le");
    passedOver("windows-1252", "utf-16be");
    passedOver("utf-16le", "utf-16be");
    passedOver("UTF-16", "utf-8");
    passedOver("ISO-8859-1", "utf-8");
    passedOver("UTF-32", "utf-16le");
  });

  test("a declaration of an encoding that is not read is refused, and the message names those that are", () => {
    for (const label of ["Shift_JIS", "windows-1251", "UTF-7", "EBCDIC-CP-US", "", "constructor"]) {
      const bytes = encode(declared(label), "utf-8");
      assertRefused(bytes, xml, "encoding_unsupported", /It reads UTF-16, ISO-8859-1, UTF-8, Windows-1252, .*MacRoman/);
    }
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
    const named: Readonly<Partial<Record<Encoding, readonly string[]>>> = {
      "utf-8": ["utf-8", "UTF8", "us-ascii", "ASCII", "unicode-1-1-utf-8"],
      "utf-16le": ["utf-16", "UTF-16LE", "unicode"],
      "utf-16be": ["utf-16be"],
      "windows-1252": ["windows-1252", "CP1252", "x-cp1252", "ISO-8859-1", "iso8859-1", "latin1", " L1 "],
      "windows-1250": ["cp1250"],
      "iso-8859-15": ["latin9", "ISO_8859-15"],
      macintosh: ["x-mac-roman", "MacRoman"],
      ibm850: ["CP850", "850"],
    };
    for (const encoding of encodings) {
      for (const label of named[encoding] ?? []) assert.equal(encodingNamed(label), encoding, label);
      assert.equal(encodingNamed(encoding), encoding);
    }
  });

  test("of other encodings are unknown, and refused where one is needed", () => {
    for (const label of ["", "utf-7", "utf-32", "windows-1251", "iso-8859-5", "shift_jis", "__proto__"]) {
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
        assert.match(error.detail, /^Muster cannot read the encoding \?b\?\?x{36}\. /);
        return true;
      },
    );
  });
});

suite("properties of decoding", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
  const characters = [...windows1252.replaceAll(" ", ""), "é", "ÿ", "a", "\r", "\n", ";"];
  const text: Readonly<Record<Written, fc.Arbitrary<string>>> = {
    "utf-8": fc.string({ unit: "binary" }),
    "utf-16le": fc.string({ unit: "binary" }),
    "utf-16be": fc.string({ unit: "binary" }),
    "windows-1252": fc.string({ unit: fc.constantFrom(...characters) }),
  };

  for (const encoding of written) {
    test(`${encoding}: however the bytes are split, the text is the one that was written`, () => {
      fc.assert(
        fc.property(text[encoding], cuts, fc.boolean(), (rest, lengths, marked) => {
          // begins with ASCII, because without a mark the first bytes could be those of another encoding
          const begun = `1,2,3,4${rest}.`;
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
