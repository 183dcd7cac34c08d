import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Encoding } from "../../src/intake/reading.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";
import { assertRefused, collect, documented, pieces, problemOf, readUsers, users } from "./support.ts";

suite("file formats, section 1: encodings of an XML document", () => {
  const name = "Zoë 漢字 \ufeff😀";
  const content = `<lastName>${name}</lastName>`;

  test("UTF-8 is taken with and without byte order mark and declaration", async () => {
    for (const declared of ['encoding="UTF-8"', "encoding = 'utf-8'", 'encoding="US-ASCII" standalone="yes"', ""]) {
      for (const mark of ["", "\ufeff"]) {
        const document = `${mark}<?xml version="1.0" ${declared}?><users type="array"><user>${content}</user></users>`;
        for (const lengths of [[], [1], [2, 3]]) {
          assert.equal((await readUsers(document, { lengths }))[0]?.values.lastName, name);
        }
      }
    }
  });

  test("UTF-16 is taken in both byte orders, with and without byte order mark", async () => {
    const utf16 = Buffer.from(users(content).replace("UTF-8", "UTF-16"), "utf16le");
    const marked = Buffer.concat([Buffer.of(0xff, 0xfe), utf16]);
    for (const document of [utf16, marked, Buffer.from(utf16).swap16(), Buffer.from(marked).swap16()]) {
      for (const lengths of [[], [1], [2, 3]]) {
        assert.equal((await readUsers(document, { lengths }))[0]?.values.lastName, name);
      }
    }
  });

  test("Windows-1252 is taken when it is declared, also as ISO-8859-1", async () => {
    for (const label of ["windows-1252", "ISO-8859-1"]) {
      const document = users("<lastName>Zo\u00eb</lastName>").replace("UTF-8", label);
      assert.equal((await readUsers(Buffer.from(document, "latin1")))[0]?.values.lastName, "Zoë");
    }
  });

  test("a source's encoding wins over the content type, the content type over the declaration", async () => {
    const lastName = async (document: Buffer, options: { encoding?: Encoding; charset?: Encoding }) => {
      const [batch] = await collect(readXmlRecords(pieces(document, []), { ...documented, ...options }));
      return batch?.[0]?.values.lastName;
    };
    const document = users("<lastName>Zo\u00eb</lastName>");
    const latin1 = Buffer.from(document, "latin1");
    assert.equal(await lastName(latin1, { encoding: "windows-1252" }), "Zoë");
    assert.equal(await lastName(latin1, { charset: "windows-1252" }), "Zoë");
    assert.equal(await lastName(Buffer.from(document), { encoding: "utf-8", charset: "windows-1252" }), "Zoë");
    assert.equal(await lastName(latin1.subarray(latin1.indexOf("\n")), { charset: "windows-1252" }), "Zoë");
  });

  test("an encoding that is not read is refused, by its byte order mark or its declaration", async () => {
    const document = users(content);
    const unsupported = "encoding_unsupported";
    await assertRefused(Buffer.of(0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0), unsupported);
    await assertRefused(Buffer.of(0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c), unsupported);
    await assertRefused(document.replace("UTF-8", "Shift_JIS"), unsupported);
    await assertRefused(`<?xml version="1.0" ${" ".repeat(2_000)} encoding="UTF-8"?><users/>`, unsupported);
    assert.match((await problemOf(document.replace("UTF-8", "Shift_JIS"))).detail, /Shift_JIS.*UTF-8/);
  });

  test("a declaration that the bytes contradict is passed over", async () => {
    const document = users(content);
    const expected = await readUsers(document);
    for (const sent of [
      document.replace("UTF-8", "UTF-16"),
      `\ufeff${document.replace("UTF-8", "UTF-16")}`,
      Buffer.from(document, "utf16le"),
      Buffer.from(`\ufeff${document}`, "utf16le"),
    ]) {
      assert.deepEqual(await readUsers(sent), expected);
    }
  });

  test("UTF-16 that ends inside a character is cut off", async () => {
    const document = Buffer.from(users(content).replace("UTF-8", "UTF-16"), "utf16le");
    await assertRefused(document.subarray(0, -1), "xml_cut_off");
  });

  test("a byte that is not UTF-8 is refused with its line", async () => {
    const line = "<user><lastName>Zoe</lastName></user>\n";
    const start = `<users type="array">\n${line.repeat(100)}`;
    for (const bytes of [[0xe9, 0x3c], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5], [0x80], [0xf0, 0x28]]) {
      const document = Buffer.concat([Buffer.from(start), Buffer.from(bytes), Buffer.from(`${line}</users>`)]);
      for (const lengths of [[], [1], [1_000]]) {
        const problem = await problemOf(document, { lengths });
        assert.equal(problem.code, "encoding_invalid");
        assert.equal(problem.place.line, 102);
        assert.ok(problem.detail.includes(`0x${bytes[0]?.toString(16).toUpperCase()}`), problem.detail);
      }
    }
  });
});
