import assert from "node:assert/strict";
import { test } from "node:test";
import { createDocumentedMapping } from "../../src/intake/documented-mapping.ts";
import { inTurns, textInTurns, turnBytes } from "../../src/intake/in-turns.ts";
import type { FileFormat } from "../../src/intake/reading.ts";
import { readDigestedRecords } from "../../src/intake/user-file.ts";

const options = { mapping: createDocumentedMapping() };

/** Reads a file of one chunk, and counts how often the event loop did something else meanwhile. */
async function turnsWhileReading(format: FileFormat, text: string): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const open = async function* () {
    yield Buffer.from(text);
  };
  try {
    for await (const records of readDigestedRecords(open, format, options)) assert.ok(records.length > 0);
  } finally {
    isOver = true;
  }
  return turns;
}

const length = 800_000;
const people = (one: string) => one.repeat(Math.ceil(length / one.length));
const files: Readonly<Record<string, readonly [FileFormat, string]>> = {
  "CSV of blank lines": ["csv", `firstName,email\n${"\n".repeat(length)}P,p@example.edu\n`],
  "CSV of rows": ["csv", `firstName,email\n${people("P,p@example.edu\n")}`],
  "CSV in Windows-1252": ["csv", Buffer.from(`firstName,email\n${people("José,p@example.edu\n")}`, "utf8").toString()],
  "XML of the plain shape": [
    "xml",
    `<users type="array">${people("<user><email>p@example.edu</email></user>")}</users>`,
  ],
  "XML of another shape": [
    "xml",
    `<users type="array"><!-- x -->${people("<user><email>p@example.edu</email></user>")}</users>`,
  ],
  "JSON of one line": ["json", `{"users":[${people('{"email":"p@example.edu"},')}{}]}`],
  "JSON of a record a line": ["json", people('{"email":"p@example.edu"}\n')],
};

for (const [name, [format, text]] of Object.entries(files)) {
  test(`while a file is read, other requests wait for 16 KB of it at most: ${name}`, async () => {
    const turns = await turnsWhileReading(format, text);
    assert.ok(turns >= text.length / turnBytes, `${turns} turns for ${text.length} bytes`);
  });
}

test("a text is handed on whole, and no character is cut in two", async () => {
  for (const text of ["", "short", `${"x".repeat(turnBytes - 1)}😀${"😀".repeat(turnBytes)}`]) {
    const pieces: string[] = [];
    for await (const piece of textInTurns(text)) pieces.push(piece);
    assert.equal(pieces.map((piece) => Buffer.from(piece).toString()).join(""), text);
    assert.ok(pieces.every((piece) => piece.length <= turnBytes));
  }
});

test("a file that needs more than 10 minutes of the processor is refused", async () => {
  let used = 0;
  const read = async () => {
    for await (const piece of inTurns(
      (async function* () {
        yield Buffer.alloc(turnBytes * 20);
      })(),
      () => used,
    )) {
      assert.equal(piece.length, turnBytes);
      used += 61_000;
    }
  };
  await assert.rejects(read, { code: "body_too_large", detail: /more than 10 minutes of the processor/ });
});
