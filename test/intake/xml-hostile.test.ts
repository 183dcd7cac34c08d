import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { MusterError } from "../../src/errors.ts";
import { limits } from "../../src/intake/limits.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";
import { heapInUse } from "../support/heap.ts";
import { assertRefused, documented, problemOf, property, readUsers, users } from "./support.ts";

suite("what is not well-formed is refused whole", () => {
  const wrong = "xml_not_well_formed";

  test("a document cut at any byte is never accepted", async () => {
    const document = Buffer.from(
      users(
        "<firstName>Zoë</firstName><!-- c --><email a='1' b=\"2\">a@x.edu;é😀</email>",
        "<x><y/></x><phone>1&amp;&#233;2</phone><![CDATA[ ]]><?p i?>",
      ).trimEnd(),
    );
    assert.equal((await readUsers(document)).length, 2);
    for (let length = 0; length < document.length; length += 1) {
      const problem = await problemOf(document.subarray(0, length));
      assert.equal(problem.code, length === 0 ? "document_empty" : "xml_cut_off", `${length}: ${problem.message}`);
    }
  });

  test("end tags must match, in case too", async () => {
    await assertRefused(users("<email>a</phone>"), wrong, { line: 3 });
    await assertRefused(users("<email>a</EMAIL>"), wrong);
    await assertRefused(users("<email>a"), wrong);
    await assertRefused(users("</email>"), wrong);
    await assertRefused('<users type="array"><user></users>', wrong);
    assert.match((await problemOf(users("<email>a"))).detail, /does not match <email>/);
  });

  test("there is one root and nothing after it", async () => {
    await assertRefused(`${users("")}<users type="array"/>`, wrong);
    await assertRefused(`${users("")}x`, wrong, { line: 5, column: 1 });
    await assertRefused(`${users("")}&amp;`, wrong);
    await assertRefused(`${users("")}<![CDATA[]]>`, wrong);
    await assertRefused(`${users("")}</users>`, wrong);
    await assertRefused(`${users("")}\u0000x`, wrong);
    assert.equal((await readUsers(`${users("")}<!-- end --><?p?>\n\r\n\t `)).length, 1);
    assert.equal((await readUsers(`${users("")}\u001a\u0000\u0000`)).length, 1);
  });

  test("what is no XML is refused", async () => {
    await assertRefused('{"users":[{"email":"a@x.edu"}]}', wrong, { line: 1, column: 1 });
    await assertRefused("Jane,Doe,jane@x.edu\n", wrong, { line: 1, column: 1 });
    await assertRefused("<users", "xml_cut_off");
    await assertRefused("\n<?xml version='1.0'?><users/>", wrong);
  });

  test("a bare & is refused at its own place, however far the next semicolon is", async () => {
    await assertRefused(users("<lastName>AT&T</lastName>"), wrong, { line: 3, column: 21 });
    await assertRefused(users("<lastName>AT&T</lastName><email>a;b</email>"), wrong, { line: 3, column: 21 });
    await assertRefused(users("<lastName>\nSmith & Sons</lastName>", "<email>a;b</email>"), wrong, {
      line: 4,
      column: 7,
    });
    await assertRefused(users('<a href="?a=1&b=2"/>'), wrong, { line: 3, column: 22 });
    await assertRefused(users("<lastName>é😀&</lastName>"), wrong, { line: 3, column: 21 });
    const late = `<users type="array"><user><lastName>R&D</lastName></user>${"<user></user>".repeat(200_000)}`;
    assert.deepEqual((await problemOf(late)).place, { line: 1, column: 38 });
    assert.match((await problemOf(late)).detail, /Write it as &amp;/);
    await assertRefused(users("<lastName>&;</lastName>"), wrong);
    await assertRefused(users("<lastName>& amp;</lastName>"), wrong);
  });

  test("an & in a comment, instruction or CDATA section is none", async () => {
    await assertRefused(users("<!-- & --><email>a</phone>"), wrong, { column: 34 });
    await assertRefused(users("<?p & ?><!-- &b --><email>a</phone>"), wrong, { column: 43 });
    await assertRefused(users("<email><![CDATA[ & ]]>a</phone>"), wrong, { column: 39 });
    await assertRefused(users("<email>a</email><!-- R&D"), "xml_cut_off");
  });

  test("a bare < and ]]> in text are refused", async () => {
    await assertRefused(users("<lastName>1 < 2</lastName>"), wrong, { line: 3 });
    await assertRefused(users("<lastName>a]]>b</lastName>"), wrong);
    await assertRefused(users("<lastName>a]]&gt;b]]]>b</lastName>"), wrong);
  });

  test("attributes must be quoted and different", async () => {
    await assertRefused("<users type=array><user/></users>", wrong);
    await assertRefused('<users type="array" type="array"><user/></users>', wrong);
    await assertRefused('<users type="array><user/></users>', wrong);
    await assertRefused('<users type="a<b"><user/></users>', wrong);
  });

  test("characters that XML 1.0 forbids are refused, written out and as references", async () => {
    for (const code of [0x0, 0x1, 0x8, 0xb, 0xc, 0x1e, 0x1f, 0xfffe, 0xffff]) {
      await assertRefused(users(`<lastName>${String.fromCodePoint(code)}</lastName>`), wrong, { line: 3, column: 19 });
      await assertRefused(users(`<lastName>&#${code};</lastName>`), wrong);
      await assertRefused(users(`<lastName>&#x${code.toString(16)};</lastName>`), wrong);
    }
    await assertRefused(users("<lastName>&#xD800;</lastName>"), wrong);
    await assertRefused(users("<lastName>&#x110000;</lastName>"), wrong);
    await assertRefused(users(`<lastName>&#${"9".repeat(1_000)};</lastName>`), wrong);
  });

  test("XML 1.1 is refused, for it would let control characters in", async () => {
    for (const version of ["1.1", "1.2"]) {
      await assertRefused(`<?xml version="${version}"?><users type="array"><user><a>&#1;</a></user></users>`, wrong);
    }
    await assertRefused('<?xml version="2.0"?><users type="array"/>', wrong);
  });

  test("line breaks of every kind count as one line", async () => {
    for (const lineBreak of ["\n", "\r\n", "\r"]) {
      const document = `<users type="array">${lineBreak}${lineBreak} <user/><x/></users>`;
      await assertRefused(document, "document_structure_wrong", { line: 3, column: 9 });
    }
  });

  test("random bytes never end in anything but a problem", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        assert.ok((await problemOf(bytes)) instanceof MusterError);
      }),
      property(1_000),
    );
  });

  test("random markup is refused or read, and never breaks the reader", async () => {
    const token = fc.constantFrom(
      ...[
        '<users type="array">',
        "</users>",
        "<user>",
        "</user>",
        "<email>",
        "</email>",
        "<email/>",
        "<!--",
        "-->",
        "<?p",
        "?>",
      ],
      ...[
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE users",
        "[",
        "]",
        ">",
        "<",
        "&",
        "&amp;",
        ";",
        '"',
        "'",
        "=",
        "a",
        " ",
        "\n",
        "\r",
        "é",
        "😀",
      ],
    );
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 12 }), fc.boolean(), async (tokens, framed) => {
        const document = framed ? users(tokens.join("")) : tokens.join("");
        const records = await readUsers(document).catch((error: unknown) => {
          if (!(error instanceof MusterError)) throw error;
        });
        if (records !== undefined) read += 1;
      }),
      property(3_000),
    );
    assert.ok(read > 0);
  });
});

suite("nothing expands and nothing is fetched", () => {
  test("a document type declaration is refused, whatever is in it", async () => {
    const laughs = Array.from(
      { length: 9 },
      (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`,
    ).join("\n");
    for (const doctype of [
      "<!DOCTYPE users>",
      "<!DOCTYPE html>",
      '<!DOCTYPE users SYSTEM "file:///etc/passwd">',
      '<!DOCTYPE users [<!ENTITY x SYSTEM "http://127.0.0.1/">]>',
      '<!DOCTYPE users [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd">%x;]>',
      `<!DOCTYPE users [<!ENTITY l0 "lol">${laughs}]>`,
      "<!-- a --><?p?>\n<!DOCTYPE users [<!-- don't --> <!ATTLIST users type CDATA 'array'>]>",
      "<!DOCTYPE users [ ' ",
    ]) {
      await assertRefused(
        `${doctype}<users type="array"><user><email>&l9;</email></user></users>`,
        "xml_doctype_forbidden",
      );
    }
  });

  test("an entity that XML doesn't have is refused by name, with place", async () => {
    const forbidden = "xml_entity_forbidden";
    await assertRefused(users("<lastName>a&nbsp;b</lastName>"), forbidden, { line: 3, column: 25 });
    await assertRefused(users("<lastName>&eacute;</lastName>"), forbidden);
    await assertRefused(users("<lastName>&AMP;</lastName>"), forbidden);
    await assertRefused(users("<lastName>&constructor;&__proto__;</lastName>"), forbidden);
    await assertRefused(users('<email kind="&x;"/>'), forbidden);
    assert.match((await problemOf(users("<lastName>a &amp; b&nbsp;c</lastName>"))).detail, /: &nbsp; is no entity/);
  });
});

suite("limits of an XML document", () => {
  const exceeded = "xml_limit_exceeded";
  const { xml } = limits;
  const nested = (depth: number): string => `${"<x>".repeat(depth - 2)}${"</x>".repeat(depth - 2)}`;

  test("depth", async () => {
    assert.equal((await readUsers(users(nested(xml.depth)))).length, 1);
    await assertRefused(users(nested(xml.depth + 1)), exceeded);
    await assertRefused("<x>".repeat(100_000), "document_root_wrong");
  });

  test("names of elements and attributes", async () => {
    const fits = "n".repeat(xml.nameLength);
    assert.equal((await readUsers(users(`<${fits} ${fits}=""/>`))).length, 1);
    await assertRefused(users(`<${fits}n/>`), exceeded);
    await assertRefused(users(`<x ${fits}n=""/>`), exceeded);
    await assertRefused(`<${"n".repeat(1_000)}/>`, exceeded);
  });

  test("number and length of attributes", async () => {
    const attributes = (count: number): string =>
      Array.from({ length: count }, (_, index) => ` a${index}="1"`).join("");
    assert.equal((await readUsers(users(`<x${attributes(xml.attributes)}/>`))).length, 1);
    await assertRefused(users(`<x${attributes(xml.attributes + 1)}/>`), exceeded);
    assert.equal((await readUsers(users(`<x a="${"v".repeat(xml.attributeLength)}"/>`))).length, 1);
    await assertRefused(users(`<x a="${"v".repeat(xml.attributeLength + 1)}"/>`), exceeded);
  });

  test("elements of a record, known or not", async () => {
    assert.equal((await readUsers(users("<x/>".repeat(xml.fields), "<x/>"))).length, 2);
    await assertRefused(users("<x/>".repeat(xml.fields + 1)), exceeded, { line: 3 });
  });

  test("length of a value, also in parts", async () => {
    const fits = "v".repeat(xml.valueLength - 1);
    assert.equal(
      (await readUsers(users(`<address>${fits}&amp;</address>`)))[0]?.values.address?.length,
      xml.valueLength,
    );
    for (const long of [`${fits}vv`, `${fits}<![CDATA[vv]]>`, `${fits}<!-- -->vv`, `${fits}&amp;&amp;`]) {
      const problem = await problemOf(users(`<address>${long}</address>`));
      assert.equal(problem.code, exceeded);
      assert.equal(problem.place.field, "address");
    }
  });

  test("length of a record", async () => {
    const fill = (length: number): string => {
      const parts = Array.from({ length: 9 }, (_, index) => `<x${index}>${"v".repeat(100_000)}</x${index}>`).join("");
      return `${parts}<y>${"v".repeat(length - parts.length - "<y></y></user>".length)}</y>`;
    };
    assert.equal((await readUsers(users(fill(xml.recordLength), fill(xml.recordLength)))).length, 2);
    const problem = await problemOf(users("<email/>", fill(xml.recordLength + 1)));
    assert.equal(problem.code, exceeded);
    assert.deepEqual(problem.place, { line: 4, column: 3 });
  });

  test("limits can be set", async () => {
    const options = { limits: { ...xml, fields: 1 } };
    assert.equal((await readUsers(users("<email/>"), options)).length, 1);
    assert.equal((await problemOf(users("<email/><phone/>"), options)).code, exceeded);
  });
});

suite("memory stays bounded", () => {
  /** A document that begins with `start` and repeats `filler` for ever; counts what is taken of it. */
  function endless(start: string, filler: string): { source: AsyncGenerator<Uint8Array>; taken: () => number } {
    const piece = Buffer.from(filler.repeat(Math.ceil(65_536 / filler.length)));
    let taken = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(start);
      for (; taken < 50_000_000; taken += piece.length) yield piece;
    }
    return { source: source(), taken: () => taken };
  }

  const inUser = '<users type="array"><user>';
  const cases: readonly (readonly [what: string, start: string, filler: string, code: string])[] = [
    ["text of a field", `${inUser}<email>`, "x", "xml_limit_exceeded"],
    ["text of references", `${inUser}<email>`, "&lt;", "xml_limit_exceeded"],
    ["text of brackets", `${inUser}<email>`, "]", "xml_limit_exceeded"],
    ["text of a field in parts", `${inUser}<email>`, "x<!-- -->", "xml_limit_exceeded"],
    ["text of a field in empty sections", `${inUser}<email>`, "<![CDATA[]]>", "xml_limit_exceeded"],
    ["text that is skipped", `${inUser}<x>`, "x", "xml_limit_exceeded"],
    ["elements that are skipped", `${inUser}<x>`, "<y/>", "xml_limit_exceeded"],
    ["white space between records", '<users type="array">', " \n", "xml_limit_exceeded"],
    ["white space between fields", inUser, " \n", "xml_limit_exceeded"],
    ["white space before the root", "", " \n", "xml_limit_exceeded"],
    ["text outside the root", "", "x", "xml_not_well_formed"],
    ["an element's name", `${inUser}<`, "x", "xml_limit_exceeded"],
    ["an end tag's name", `${inUser}</`, "x", "xml_limit_exceeded"],
    ["white space in a tag", `${inUser}<x`, " ", "xml_limit_exceeded"],
    ["an attribute's name", `${inUser}<x `, "x", "xml_limit_exceeded"],
    ["an attribute's value", `${inUser}<x a="`, "x", "xml_limit_exceeded"],
    ["a reference", `${inUser}<email>&`, "x", "xml_limit_exceeded"],
    ["a numeric reference", `${inUser}<email>&#`, "1", "xml_limit_exceeded"],
    ["a bare &", `${inUser}<email>& `, "x ", "xml_not_well_formed"],
    ["a comment", "<!--", "x", "xml_limit_exceeded"],
    ["a comment of dashes and spaces", "<!--", "- ", "xml_limit_exceeded"],
    ["comments", '<users type="array">', "<!---->", "xml_limit_exceeded"],
    ["instructions", '<users type="array">', "<?p?>", "xml_limit_exceeded"],
    ["an instruction's name", "<?", "x", "xml_limit_exceeded"],
    ["an instruction", "<?p ", "x", "xml_limit_exceeded"],
    ["an instruction of question marks", "<?p ", "?", "xml_limit_exceeded"],
    ["a CDATA section", `${inUser}<email><![CDATA[`, "x]", "xml_limit_exceeded"],
    ["a document type declaration", "<!DOCTYPE users [", "<!ENTITY x 'y'>", "xml_doctype_forbidden"],
    ["an XML declaration", '<?xml version="1.0" ', " ", "encoding_unsupported"],
    ["elements of a record", inUser, "<x/>", "xml_limit_exceeded"],
    ["nesting", `${inUser}<x>`, "<x>", "xml_limit_exceeded"],
  ];
  for (const [what, start, filler, code] of cases) {
    test(`endless: ${what}`, async () => {
      const { source, taken } = endless(start, filler);
      await assert.rejects(readEverything(source), (error: unknown) => {
        assert.ok(error instanceof MusterError, String(error));
        assert.equal(error.code, code, error.message);
        return true;
      });
      assert.ok(taken() <= limits.xml.recordLength + 2 * 65_536, `${taken()} bytes were taken`);
    });
  }

  test("endless attributes", async () => {
    const { source, taken } = endless(`${inUser}<x`, ` a="${"b".repeat(50)}"`);
    await assert.rejects(readEverything(source), MusterError);
    assert.ok(taken() <= limits.xml.recordLength + 2 * 65_536);
  });

  test("a large document is read in the memory of a small one", async () => {
    const record = `<user><firstName>First name of somebody</firstName><lastName>O&apos;Neil</lastName><email>${"somebody@example.edu;".repeat(5)}</email></user>\n`;
    const piece = Buffer.from(record.repeat(300));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('<users type="array">');
      for (let index = 0; index < 600; index += 1) yield piece;
      yield Buffer.from("</users>");
    }
    const heap: number[] = [];
    let records = 0;
    for await (const batch of readXmlRecords(source(), documented)) {
      records += batch.length;
      if (records % 30_000 === 0) heap.push(heapInUse());
    }
    assert.equal(records, 180_000);
    assert.equal(heap.length, 6);
    assert.ok(heap.at(-1)! - heap[0]! < 2_000_000, `heap after collection: ${heap.join(", ")}`);
  });

  async function readEverything(source: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const _ of readXmlRecords(source, documented));
  }
});
