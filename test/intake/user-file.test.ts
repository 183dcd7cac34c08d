import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { documentedMapping } from "../../src/intake/mapping.ts";
import type { FileFormat } from "../../src/intake/reading.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { digestRecord, openUserFile, readDigestedRecords } from "../../src/intake/user-file.ts";
import { userFields } from "../../src/person/fields.ts";
import { collect, pieces, property, users } from "./support.ts";

const digest = (values: SourceRecord["values"], place = { row: 1, line: 1 }) =>
  digestRecord({ ...place, values }).toString("hex");
const values = { firstName: "Jane", lastName: "Doe", email: "jane@x.edu", databaseID: "1", phone: "1|2" };

describe("a digest of a record", () => {
  test("has 16 bytes, independent of the record's place", () => {
    assert.equal(digest(values).length, 32);
    assert.equal(digest(values, { row: 5, line: 50 }), digest(values));
  });

  test("changes with every value, with a blank and with an absent one", () => {
    const digests = [digest(values), digest({ ...values, firstName: "Doe", lastName: "Jane" })];
    for (const field of userFields) {
      const { [field]: _, ...rest }: SourceRecord["values"] = { ...values, [field]: "x" };
      digests.push(digest({ ...rest, [field]: "" }), digest({ ...rest, [field]: "y" }));
      if (field in values) digests.push(digest(rest));
    }
    assert.equal(new Set(digests).size, digests.length);
  });

  test("values never run into each other, whatever they hold", () => {
    const text = fc.string({ unit: fc.constantFrom("a", '"', ",", "[", "]", "\\", "n", "u"), maxLength: 6 });
    fc.assert(
      fc.property(text, text, text, text, (one, other, first, second) => {
        const same = one === first && other === second;
        assert.equal(
          digest({ firstName: one, lastName: other }) === digest({ firstName: first, lastName: second }),
          same,
        );
      }),
      property(1_000),
    );
  });
});

describe("a file of users", () => {
  const files: Readonly<Record<FileFormat, string>> = {
    xml: users(...[1, 2, 3].map((id) => `<databaseID>${id}</databaseID><firstName>N${id}</firstName>`)),
    csv: `databaseID,firstName\n${[1, 2, 3].map((id) => `${id},N${id}\n`).join("")}`,
    json: JSON.stringify([1, 2, 3].map((id) => ({ databaseID: String(id), firstName: `N${id}` }))),
  };
  for (const [format, text] of Object.entries(files)) {
    for (const length of [1, 1000]) {
      test(`of ${format} gives single rows, and digests of all, in pieces of ${length}`, async () => {
        const open = () => pieces(Buffer.from(text), [length]);
        const file = await openUserFile(open, format as FileFormat, { mapping: documentedMapping });
        const all = (await collect(file.read())).flat();
        assert.deepEqual(
          all.map(({ values: { databaseID } }) => databaseID),
          ["1", "2", "3"],
        );
        assert.deepEqual((await collect(file.readRows(Uint32Array.of(1, 3)))).flat(), [all[0], all[2]]);
        assert.deepEqual((await collect(file.readRows(new Uint32Array()))).flat(), []);
        const digests = await file.digests();
        assert.equal(digests.rows, 3);
        assert.equal(new Set([1, 2, 3].map((row) => digests.digest(row).toString("hex"))).size, 3);
      });
    }
  }

  test("is closed when the consumer of a single reading breaks off", async () => {
    const text = users(
      ...Array.from({ length: 50 }, (_, id) => `<databaseID>${id}</databaseID><firstName>N</firstName>`),
    );
    let isClosed = false;
    async function* open() {
      try {
        yield* pieces(Buffer.from(text), [1000]);
      } finally {
        isClosed = true;
      }
    }
    const records = readDigestedRecords(open, "xml", { mapping: documentedMapping });
    assert.equal((await records.next()).done, false);
    assert.equal(isClosed, false);
    await records.return(undefined);
    assert.equal(isClosed, true);
  });

  test("of XML in another encoding than UTF-8 is not known by its bytes", async () => {
    const open = () => pieces(Buffer.from(files.xml), []);
    const scanned = await openUserFile(open, "xml", { mapping: documentedMapping });
    const pinned = await openUserFile(open, "xml", { mapping: documentedMapping, encoding: "windows-1252" });
    assert.deepEqual([scanned.isScanned, pinned.isScanned], [true, false]);
  });
});
