import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { problemToXml, toXml } from "../../src/http/contract/xml.ts";

/** Reads a document strictly: the text of each element, by its path. */
function read(xml: string): Record<string, string> {
  const texts: Record<string, string> = {};
  const path: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => {
    path.push(name);
    texts[path.join("/")] ??= "";
  });
  parser.on("text", (text) => {
    if (path.length > 0) texts[path.join("/")] += text;
  });
  parser.on("closetag", () => path.pop());
  parser.write(xml).close();
  return texts;
}

test("text is escaped, and keeps its white space", () => {
  const value = ` <a>&amp; "quoted" 'single' ]]> --> \r\n\ttail `;
  assert.equal(read(toXml("answer", { text: value }))["answer/text"], value);
});

test("characters that XML cannot hold become U+FFFD", () => {
  const texts = read(toXml("answer", { text: "a\u0000b\u0008c\u001Bd\uFFFEe\uD800f" }));
  assert.equal(texts["answer/text"], "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf");
});

test("null, empty, numbers, booleans, lists and nested members can be told apart", () => {
  const xml = toXml("import", {
    nothing: null,
    empty: "",
    zero: 0,
    no: false,
    absent: undefined,
    errors: [{ field: "x" }, { field: "y" }],
    none: [],
    inner: { value: 1 },
  });
  assert.equal(
    xml,
    `<?xml version="1.0" encoding="UTF-8"?>
<import>
  <nothing nil="true"/>
  <empty/>
  <zero>0</zero>
  <no>false</no>
  <errors type="array">
    <error>
      <field>x</field>
    </error>
    <error>
      <field>y</field>
    </error>
  </errors>
  <none type="array"/>
  <inner>
    <value>1</value>
  </inner>
</import>
`,
  );
});

test("problem details have the namespace and the list items of RFC 9457", () => {
  const xml = problemToXml({ code: "request_invalid", errors: [{ field: "x", message: "<bad>" }] });
  assert.match(xml, /<problem xmlns="urn:ietf:rfc:7807">/);
  assert.equal(read(xml)["problem/errors/i/message"], "<bad>");
});

test("whatever the strings are, the document is well-formed and they come back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 50 }), fc.array(fc.string({ unit: "binary" })), (text, list) => {
      const texts = read(toXml("answer", { text, list, nested: { text } }));
      const expected = text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
      assert.equal(texts["answer/text"], expected);
      assert.equal(texts["answer/nested/text"], expected);
    }),
    { seed: 1, numRuns: 500 },
  );
});
