import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MusterError } from "../../src/errors.ts";
import { limits } from "../../src/intake/limits.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";
import { heapInUse } from "../support/heap.ts";
import { assertRefused, documented, problemOf, readUsers, users } from "./support.ts";

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
