/** Messages that say what is wrong, and give advice that works. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MusterError } from "../../src/errors.ts";
import { refuseForeign } from "../../src/intake/foreign-files.ts";
import { read } from "./csv-of-senders.ts";
import { problemOf, readUsers, users } from "./support.ts";

const ann = "<firstName>Ann</firstName><email>a@x.edu</email>";

describe("XML that is not well-formed is explained to its sender:", () => {
  const faults: readonly (readonly [name: string, document: string, detail: RegExp])[] = [
    [
      "a tag that was cut off, before the next one",
      users(`${ann}<last<groupID>G</groupID>`),
      /^Line 3, column 62: a tag has a character that is not allowed.* cut off in the middle of a tag.* &lt;/,
    ],
    [
      "a < in a text",
      users(`<firstName>A < B</firstName>`),
      /^Line 3, column 23: .*a < in a text is not written as &lt;/,
    ],
    ["a name with a blank", users("<last name>Ash</last name>"), /Names of elements contain no blanks/],
    ["an attribute without marks", "<users type=array/>", /not in quotation marks: write type="array"/],
    ["a control character", users("<firstName>A\u0001</firstName>"), /the character U\+0001 is not allowed in XML/],
    [
      "blank lines before the declaration",
      `\n\n${users(ann)}`,
      /not at the beginning of the file. Remove the blank lines/,
    ],
    ["two documents", users(ann) + users(ann), /several documents were joined, send them one by one/],
    [
      "elements in a field",
      users("<email><address>a@x.edu</address></email>"),
      /<address> is inside <email>.* Join several/,
    ],
  ];
  for (const [name, document, detail] of faults) {
    test(name, async () => {
      for (const lengths of [[], [1]]) {
        const problem = await problemOf(document, { lengths });
        assert.match(problem.detail, detail);
        assert.match(problem.detail, /[^.]\. Nothing was changed\.$/);
      }
    });
  }

  test("wherever it ends", async () => {
    const document = users(ann);
    for (let length = 60; length < document.length - 1; length += 1) {
      for (const end of ["", "\n", "\r\n \n"]) {
        const part = document.slice(0, length) + end;
        const problem = await problemOf(part);
        const where = `line ${part.trimEnd().split("\n").length}, column`;
        assert.equal(problem.code, "xml_cut_off", part);
        assert.ok(problem.detail.includes(where), problem.detail);
      }
    }
  });
});

test("attributes of a person are named as not read", async () => {
  let ignored: readonly string[] = [];
  const { readXmlRecords } = await import("../../src/intake/xml.ts");
  const { documentedMapping } = await import("../../src/intake/mapping.ts");
  const document = async function* () {
    yield Buffer.from(`<users type="array"><user xml:lang="en" firstName="Ann" xmlns:i="urn:x">${ann}</user></users>`);
  };
  const onReading = (reading: { ignored: readonly string[] }) => {
    ignored = reading.ignored;
  };
  for await (const _ of readXmlRecords(document(), { mapping: documentedMapping, onReading }));
  assert.deepEqual(ignored, ["user firstName="]);
  assert.equal((await readUsers(users(ann))).length, 1);
});

describe("CSV that cannot be read is explained to its sender:", () => {
  const header = "firstName,lastName,email,groupID\n";
  const hintOf = async (text: string) => {
    const { records } = await read(text);
    return String(records[0]?.failure?.details.hint);
  };

  test("a row with another delimiter", async () => {
    assert.match(await hintOf(`${header}Ann;Ash;a@x.edu;G\n`), /separated by semicolons, unlike the first row/);
    assert.match(
      await hintOf(`${header.replaceAll(",", ";")}Ann,Ash,a@x.edu,G\n`),
      /separated by commas, unlike the first row/,
    );
    assert.match(await hintOf(`${header}Ann\n`), /a line break in a value needs quotation marks/);
  });

  test("a quotation mark inside a cell", async () => {
    const refused = (text: string) =>
      read(header + text).then(
        () => assert.fail("it was read"),
        (error: MusterError) => error.detail,
      );
    assert.match(await refused(`"Ann" Lee,Ash,a@x.edu,G\n`), /: "Ann" Lee,Ash.* Double each/);
    assert.match(await refused(`"A \\"B\\" C",Ash,a@x.edu,G\n`), /A backslash before it does not help/);
  });
});

test("a tar archive is not a roster", () => {
  const archive = Buffer.concat([
    Buffer.from("roster.csv".padEnd(257, "\0")),
    Buffer.from("ustar\0"),
    Buffer.alloc(249),
  ]);
  assert.throws(() => refuseForeign(archive), {
    code: "media_type_unsupported",
    message: /tar archive. Unpack it/,
  });
});
