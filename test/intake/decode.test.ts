import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { MusterError } from "../../src/errors.ts";
import { damageOf } from "../../src/intake/damage.ts";
import { createDecoder } from "../../src/intake/decode.ts";
import type { EncodingOptions } from "../../src/intake/encoding.ts";
import { type Encoding, encodings } from "../../src/intake/reading.ts";
import {
  assertDecoded,
  assertRefused,
  declared,
  decode,
  encode,
  lines,
  marks,
  people,
  plain,
  root,
  undefinedBytes,
  type Written,
  ways,
  windows1252,
  world,
  written,
  xml,
} from "./decoding.ts";
import { property } from "./support.ts";

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
          // begins with ASCII, because without a mark the first bytes could belong to another encoding
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
