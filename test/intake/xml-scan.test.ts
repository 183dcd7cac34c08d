/**
 * The look at the bytes that lets unchanged records be passed over, held to the strict parser: whatever is left out, the
 * rest must mean what it means in the whole document, and a document that is refused must stay refused.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MusterError } from "../../src/errors.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { readDigestedRecords } from "../../src/intake/user-file.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";
import { readScannedRecords } from "../../src/intake/xml-plain.ts";
import { scanXmlUsers, type XmlScan } from "../../src/intake/xml-scan.ts";
import { documented, property } from "./support.ts";

/** The bytes in pieces of the given lengths, over and over. */
async function* inPieces(text: string, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let position = 0, turn = 0; position < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    yield bytes.subarray(position, position + length);
    position += length;
  }
}

const read = (chunks: AsyncIterable<Uint8Array>) => collectRecords(readXmlRecords(chunks, documented));

async function collectRecords(batches: AsyncIterable<SourceRecord[]>): Promise<SourceRecord[] | "refused"> {
  const records = await collected(batches);
  return records === "refused" ? records : structuredClone(records);
}

async function collected<Item>(batches: AsyncIterable<Item[]>): Promise<Item[] | "refused"> {
  try {
    const items: Item[] = [];
    for await (const batch of batches) items.push(...batch);
    return items;
  } catch (error) {
    if (error instanceof MusterError) return "refused";
    throw error;
  }
}

async function readRows(text: string, scan: XmlScan, rows: readonly number[], lengths: readonly number[]) {
  return collectRecords(readScannedRecords(inPieces(text, lengths), scan, Uint32Array.from(rows), documented));
}

const plain = (name: string) => `<user><firstName>${name}</firstName>\n  <email>${name}@x.edu</email></user>`;
const whole = (records: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n${records}\n</users>\n`;

describe("a look at the bytes of a document", () => {
  it("finds every record of the plain shape, wherever the chunks end", async () => {
    const text = whole([plain("ann"), plain("b&amp;b"), plain("çelik")].join("\n"));
    for (let length = 1; length < 80; length++) {
      const scan = await scanXmlUsers(inPieces(text, [length]));
      assert.equal(scan?.rows, 3);
      assert.deepEqual(await readRows(text, scan, [1, 2, 3], [length]), await read(inPieces(text, [length])));
    }
  });

  it("gives equal bytes equal digests, and others other ones", async () => {
    const scan = await scanXmlUsers(inPieces(whole([plain("ann"), plain("ann"), plain("bob")].join("")), [1000]));
    assert.deepEqual(scan!.digest(1), scan!.digest(2));
    assert.notDeepEqual(scan!.digest(1), scan!.digest(3));
  });

  for (const [name, text] of [
    ["a comment", whole(`${plain("ann")}<!-- <user></user> -->`)],
    ["CDATA", whole("<user><email><![CDATA[</user>]]></email></user>")],
    ["a processing instruction", whole(`<?x <user> ?>${plain("ann")}`)],
    ["a document type", `<!DOCTYPE users>${whole(plain("ann"))}`],
    ["another root", whole(plain("ann")).replaceAll("users", "people")],
    ["a root without type", whole(plain("ann")).replace(' type="array"', "")],
    ["much white space between records", whole([plain("ann"), " ".repeat(600), plain("bob")].join(""))],
    ["text between records", whole(`${plain("ann")} and ${plain("bob")}`)],
    ["another encoding", whole(plain("ann")).replace("UTF-8", "ISO-8859-1")],
    ["something after the end", `${whole(plain("ann"))}<x/>`],
    ["no end", whole(plain("ann")).slice(0, -12)],
  ] as const) {
    it(`leaves a document with ${name} to the strict parser`, async () => {
      assert.equal(await scanXmlUsers(inPieces(text, [7])), null);
    });
  }
});

const fragments = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("ann", "bob", "cy", "d&lt;e", "f&#65;g", "ö").map(plain) },
  { weight: 2, arbitrary: fc.constantFrom("\n", " ", "\r\n", "\t\n\n") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "<user></user>",
      "<user/>",
      "<user >x</user>",
      "<USER><email>a@x.edu</email></USER>",
      "<user><user></user>",
      "</user>",
      "<user>",
      "<user><email>a@x.edu</user>",
      "<user><email>a@x.edu</email></email></user>",
      "<user><x a='>'><email/></x></user>",
      "<user><x a='</user>'/></user>",
      "<user><email>&bad;</email></user>",
      "<user><email>a & b</email></user>",
      "<user><email>a]]>b</email></user>",
      "<!-- c -->",
      "<![CDATA[x]]>",
      "<?p?>",
      "x",
      "</users>",
      "<users type='array'>",
      "<user>\n<Email/>\t<phone>\n1 </phone></user>\n",
      "<user><email>a</email><email>b</email></user>",
      "<user><customField>a</customField><customFields>b</customFields></user>",
      "<user><FIRSTNAME>A &amp; &quot;B&apos;</FIRSTNAME><other>x</other><other/></user>",
      "<user><a:b>x</a:b><_c/><email>d</email></user>",
      "<user><email>\u{1f600}\ufffd</email><email2>x</email2></user>",
      "<user><email>a\rb</email><phone>\r\n1</phone></user>",
      "<user><firstName>x</firstname></user>",
      "<user><firstName>x</firstName</user>",
      "<user>x<firstName>y</firstName></user>",
      "<user><firstName>y</firstName>x</user>",
      "<user><1a>y</1a></user>",
      '<user><phone nil="true"/><email xsi:nil="true" /><address nil="false"/></user>',
      '<user><phone nil="true"></phone><phone>1</phone><email nil="true"/><email>2</email></user>',
      "<user><first-name>a</first-name><Last_Name>b</Last_Name><x:email>c</x:email><data.base>d</data.base></user>",
      "<user><email>a > b</email></user>",
      "<user><email>\ufffe</email></user>",
      "<user><email/ ></user>",
      "<",
      "\u0001",
    ),
  },
);

describe("a document without the records that were left out", () => {
  it("if each piece left out is a good record by itself, the rest means what it means in the whole", async () => {
    let left = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fragments, { minLength: 1, maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
        async (pieces, choices, lengths) => {
          const text = whole(pieces.join(""));
          const scan = await scanXmlUsers(inPieces(text, lengths));
          if (scan === null) return;
          const strict = await read(inPieces(text, lengths));
          const bytes = Buffer.from(text);
          const kept: number[] = [];
          for (let row = 1; row <= scan.rows; row++) {
            const alone = await read(
              inPieces(whole(bytes.toString("utf8", scan.starts[row - 1], scan.starts[row])), [4096]),
            );
            if (choices[row % choices.length] || alone === "refused" || alone.length !== 1) kept.push(row);
          }
          if (kept.length === 0) {
            assert.notEqual(strict, "refused", "nothing is left to say that the document is refused");
            return;
          }
          left += scan.rows - kept.length;
          const expected = strict === "refused" ? strict : strict.filter(({ row }) => kept.includes(row));
          assert.deepEqual(await readRows(text, scan, kept, lengths), expected);
        },
      ),
      property(5000),
    );
    assert.ok(left > 500, `only ${left} records were left out`);
  });

  it("is read once to the same records, with the digests of a scan where it has the plain shape", async () => {
    let plainDocuments = 0;
    let others = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fragments, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
        async (fragments, lengths) => {
          const text = whole(fragments.join(""));
          const open = () => inPieces(text, lengths);
          const strict = await read(open());
          const found = await collected(readDigestedRecords(open, "xml", documented));
          // A record that is not well-formed alone may be so in the whole document. A single reading has to start over then.
          if (found === "refused") return;
          assert.deepEqual(structuredClone(found.map(({ record }) => record)), strict);
          const scan = await scanXmlUsers(open());
          if (scan === null) others += 1;
          else plainDocuments += 1;
          for (const { record, byteDigest } of found) {
            if (scan !== null) assert.deepEqual(byteDigest, scan.digest(record.row));
          }
        },
      ),
      property(2000),
    );
    assert.ok(plainDocuments > 100 && others > 8, `only ${plainDocuments} and ${others} documents`);
  });
});
