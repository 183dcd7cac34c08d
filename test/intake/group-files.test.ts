import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MusterError } from "../../src/errors.ts";
import { groupColumns } from "../../src/intake/group-columns.ts";
import { locationColumns } from "../../src/intake/location-columns.ts";
import { readRecords } from "../../src/intake/read-records.ts";
import type { FileFormat, RecordMapping } from "../../src/intake/reading.ts";
import { collect, pieces } from "./support.ts";

async function valuesOf(mapping: RecordMapping<string>, format: FileFormat, document: string) {
  const batches = await collect(readRecords(format, pieces(Buffer.from(document), [7]), { mapping }));
  return batches.flat().map(({ values }) => values);
}

const refusal = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof MusterError && error.code === code && message.test(error.message);

describe("files of groups (file formats, section 6)", () => {
  const chess = { name: "Chess", category: "8", type: "2" };

  it("say the same as XML, CSV and JSON", async () => {
    const xml = '<groups type="array"><group><Name>Chess</Name><category>8</category><type>2</type></group></groups>';
    const json = '{"groups":[{"name":"Chess","category":8,"type":"2"}]}';
    assert.deepEqual(await valuesOf(groupColumns, "xml", xml), [chess]);
    assert.deepEqual(await valuesOf(groupColumns, "csv", "NAME,Category,type\nChess,8,2\n"), [chess]);
    assert.deepEqual(await valuesOf(groupColumns, "csv", "Chess,8,2\n"), [chess]);
    assert.deepEqual(await valuesOf(groupColumns, "json", json), [chess]);
    assert.deepEqual(await valuesOf(groupColumns, "json", json.slice(10, -1)), [chess]);
  });

  it("have the basic columns by position, and all of them by name", async () => {
    assert.deepEqual(await valuesOf(groupColumns, "csv", 'Chess,8,2,1,"Mondays, at 7"\n'), [
      { ...chess, privacy: "1", description: "Mondays, at 7" },
    ]);
    assert.deepEqual(await valuesOf(groupColumns, "csv", "action,group ID,guard_percent\ndelete,CHESS,10\n"), [
      { action: "delete", groupID: "CHESS", guardPercent: "10" },
    ]);
  });

  it("take flags of JSON as such", async () => {
    assert.deepEqual(await valuesOf(groupColumns, "json", '[{"name":"A","default":true,"protected":0}]'), [
      { name: "A", default: "1", protected: "0" },
    ]);
  });

  it("can be sent again as their response files are", async () => {
    const response = "Chess,8,2,1,,chess@example.edu,1001,Add,Successful,\r\n";
    assert.deepEqual(await valuesOf(groupColumns, "csv", response), [{ ...chess, privacy: "1", description: "" }]);
  });

  it("are refused with another root, without the type, without a group, and cut off", async () => {
    const read = (format: FileFormat, document: string) => valuesOf(groupColumns, format, document);
    await assert.rejects(
      read("xml", '<users type="array"><user/></users>'),
      refusal("document_root_wrong", /not <groups type="array">/),
    );
    await assert.rejects(
      read("xml", "<groups><group/></groups>"),
      refusal("document_type_missing", /<groups type="array">/),
    );
    await assert.rejects(read("xml", '<groups type="array"></groups>'), refusal("document_empty", /no <group>/));
    await assert.rejects(
      read("xml", '<groups type="array"><user/></groups>'),
      refusal("document_structure_wrong", /<group>/),
    );
    await assert.rejects(
      read("xml", '<groups type="array"><group><name>A</name></group>'),
      refusal("xml_cut_off", /after 1 complete group\b/),
    );
    await assert.rejects(read("csv", "name,category\n"), refusal("document_empty", /no group below/));
    await assert.rejects(read("csv", "A,1,1\nB,1"), refusal("csv_cut_off", /after 1 complete group\b/));
    await assert.rejects(read("json", '{"users":[]}'), refusal("document_root_wrong", /"groups"/));
    await assert.rejects(read("json", '[{"name":"A"}'), refusal("json_cut_off", /after 1 complete group\b/));
  });
});

describe("files of locations (file formats, section 7)", () => {
  it("may call them campuses", async () => {
    const north = [{ name: "North", groupID: "A;B" }];
    for (const [list, record] of locationColumns.vocabulary.lists) {
      const xml = `<${list} type="array"><${record}><name>North</name><groupID>A;B</groupID></${record}></${list}>`;
      assert.deepEqual(await valuesOf(locationColumns, "xml", xml), north);
      const json = `{"${list}":[{"name":"North","groups":["A","B"]}]}`;
      assert.deepEqual(await valuesOf(locationColumns, "json", json), north);
    }
  });

  it("have an action, a name and groups by position", async () => {
    assert.deepEqual(await valuesOf(locationColumns, "csv", "modify,North,A;B\n,South,\n"), [
      { action: "modify", name: "North", groupID: "A;B" },
      { action: "", name: "South", groupID: "" },
    ]);
  });

  it("are refused when root and record do not belong together", async () => {
    await assert.rejects(
      valuesOf(locationColumns, "xml", '<campuses type="array"><location/></campuses>'),
      refusal("document_structure_wrong", /<campus>/),
    );
  });
});
