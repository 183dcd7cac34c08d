import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MusterError } from "../../src/errors.ts";
import type { EncodingOptions } from "../../src/intake/encoding.ts";
import { encodingNamed, supportedEncoding } from "../../src/intake/encoding-labels.ts";
import { type Encoding, encodings } from "../../src/intake/reading.ts";
import {
  assertDecoded,
  assertRefused,
  declared,
  encode,
  lines,
  marks,
  people,
  plain,
  root,
  type Written,
  world,
  written,
  xml,
} from "./decoding.ts";

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
    assertDecoded(encode("Zoë", "windows-1252"), { xml: false, charset: "macintosh" }, "ZoÎ", "macintosh");
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
