/** Null says nothing, in XML and JSON alike (file formats, sections 1.2 and 1.4). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scanXmlUsers } from "../../src/intake/xml-scan.ts";
import { read } from "./json-reading.ts";
import { pieces, readUsers, users } from "./support.ts";

const ann = "<firstName>Ann</firstName><databaseID>1</databaseID>";

describe("an element that is marked as null", () => {
  for (const attribute of ['nil="true"', 'nil="1"', 'xsi:nil="true"', 'i:nil="1"', 'null="true"', "null='TRUE'"]) {
    test(`by ${attribute} says nothing, in any field`, async () => {
      const fields = ["lastName", "email", "userID", "phone", "groupID", "address", "customFields", "campusName"];
      for (const nil of [`${attribute}/>`, `${attribute}>\n`]) {
        const content = fields.map((name) => `<${name} ${nil}${nil.endsWith("/>") ? "" : `</${name}>`}`).join("");
        const [record] = await readUsers(users(ann + content));
        assert.deepEqual([record?.values, record?.failure], [{ firstName: "Ann", databaseID: "1" }, undefined]);
      }
    });
  }

  test("and has a value fails the row, because one of both is wrong", async () => {
    const [record] = await readUsers(users(`${ann}<phone nil="true">2125550101</phone>`));
    assert.deepEqual(record?.failure?.details, { field: "phone", reason: "it is marked as null, and has a value" });
  });

  test("is not null if the attribute says false", async () => {
    const [record] = await readUsers(users(`${ann}<phone nil="false"/><campusName null="0"/>`));
    assert.deepEqual([record?.values.phone, record?.values.campusName], ["", ""]);
  });

  test("may be a whole record, which then is not a row", async () => {
    const document = users(ann, ann).replace("<user>", '<user xsi:nil="true"/>\n<user>');
    assert.equal((await readUsers(document)).length, 2);
    assert.equal(await scanXmlUsers(pieces(Buffer.from(document), [])), null);
  });
});

describe("null in a list of JSON", () => {
  const valuesOf = async (members: string) => {
    const { records } = await read(`[{"databaseID":"1",${members}}]`);
    const { databaseID: _, ...values } = records[0]!.values;
    return { values, notes: records[0]?.notes?.map(({ details }) => details) };
  };

  test("says nothing, so that nothing but null withdraws nothing", async () => {
    const lists = ["email", "phone", "groupID", "address", "customFields"].map((name) => `"${name}":[null,null]`);
    assert.deepEqual(await valuesOf(lists.join()), { values: {}, notes: undefined });
    const { values } = await valuesOf('"email":["a@x.edu",null],"phone":[],"groupID":[null,"G1"]');
    assert.deepEqual(values, { email: "a@x.edu", phone: "", groupID: "G1" });
  });

  test("leaves out a field whose values are known by their position, with a note", async () => {
    const { values, notes } = await valuesOf('"customFields":["A",null,"C"],"address":["1 Road",null]');
    assert.deepEqual(values, {});
    assert.deepEqual(notes, [
      { field: "customFields", position: 2 },
      { field: "address", position: 2 },
    ]);
    assert.deepEqual((await valuesOf('"customFields":["A","","C"]')).values, { customFields: "A||C" });
  });

  test("in an exported person withdraws no address", async () => {
    const person = { firstName: "Ann", emails: ["a@x.edu"], memberships: [], sources: [], address: { street: null } };
    const { records } = await read(`${JSON.stringify(person)}\n`);
    assert.equal(records[0]?.values.address, undefined);
  });
});
