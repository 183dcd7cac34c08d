import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { limits } from "../../src/intake/limits.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";
import { userFields } from "../../src/person/fields.ts";
import { assertRefused, collect, documented, pieces, problemOf, property, readUsers, users } from "./support.ts";

suite("file formats, section 1: a document of users", () => {
  test("yields each user with its number, the line of its start tag and its trimmed values", async () => {
    const document = `<users type="array">
  <user>
    <firstName> Jane </firstName>
    <groupID>00001</groupID>
  </user>
  <user
  >
    <lastName>Doe</lastName></user><user><email>a@x.edu</email></user>
</users>`;
    assert.deepEqual(await readUsers(document), [
      { row: 1, line: 2, values: { firstName: "Jane", groupID: "00001" } },
      { row: 2, line: 6, values: { lastName: "Doe" } },
      { row: 3, line: 8, values: { email: "a@x.edu" } },
    ]);
  });

  test("takes every field of the record", async () => {
    const document = users(userFields.map((field) => `<${field}>value of ${field}</${field}>`).join(""));
    const values = Object.fromEntries(userFields.map((field) => [field, `value of ${field}`]));
    assert.deepEqual(await readUsers(document), [{ row: 1, line: 3, values }]);
  });

  test("matches element names without regard to case, and customField is customFields", async () => {
    const document =
      '<USERS type="array"><User><FIRSTNAME>A</FIRSTNAME><UserId>b</UserId><CustomField>c|d</CustomField></User></USERS>';
    assert.deepEqual((await readUsers(document))[0]?.values, { firstName: "A", userID: "b", customFields: "c|d" });
  });

  test("tells an absent field from one that is present and blank", async () => {
    const document = users("<phone/><email>  </email><address></address>");
    assert.deepEqual((await readUsers(document))[0]?.values, { phone: "", email: "", address: "" });
  });

  test("a user without fields is a record without values", async () => {
    assert.deepEqual(await readUsers('<users type="array"><user/></users>'), [{ row: 1, line: 1, values: {} }]);
  });

  test("resolves the five entities, character references and CDATA sections, and skips comments and instructions", async () => {
    const document = users(
      "<lastName>O&apos;Neil &amp; <!-- & <x> -->&lt;&#233;&#xE9;&gt;&quot;<![CDATA[<&]]]]><?pi a & b?>.</lastName>",
    );
    assert.equal((await readUsers(document))[0]?.values.lastName, "O'Neil & <éé>\"<&]].");
  });

  test("skips elements it doesn't know with all they hold, also twice", async () => {
    const document = users(
      "<x>1</x><x><email>no</email><user>text</user></x><email>yes</email><__proto__>2</__proto__>",
    );
    assert.deepEqual((await readUsers(document))[0]?.values, { email: "yes" });
  });

  test("element names of JavaScript's own are harmless", async () => {
    const document = users(
      "<constructor>a</constructor><__proto__><toString/></__proto__><hasOwnProperty>b</hasOwnProperty>",
    );
    const [record] = await readUsers(document);
    assert.deepEqual(Object.keys(record?.values ?? {}), []);
    assert.equal(Object.getPrototypeOf(record?.values), Object.prototype);
    await assertRefused("<constructor/>", "document_root_wrong");
  });

  test("prefixes of namespaces don't count", async () => {
    assert.deepEqual((await readUsers(users("<a:email>1</a:email>")))[0]?.values, { email: "1" });
    const soap =
      '<ns0:users xmlns:ns0="urn:x" ns0:type="array"><ns0:user><ns0:email>1</ns0:email></ns0:user></ns0:users>';
    assert.deepEqual((await readUsers(soap))[0]?.values, { email: "1" });
    await assertRefused('<a:people type="array"/>', "document_root_wrong");
    await assertRefused('<users xmlns:type="array"><user/></users>', "document_type_missing");
    await assertRefused(users("<email>1</email><a:email>2</a:email>"), "document_structure_wrong", {
      field: "a:email",
    });
  });

  test("dashes, underscores and dots of element names don't count", async () => {
    const document = users("<first-name>A</first-name><Last_Name>B</Last_Name><database-id>1</database-id>");
    assert.deepEqual((await readUsers(document))[0]?.values, { firstName: "A", lastName: "B", databaseID: "1" });
  });

  test("nil says nothing, as Rails, .NET and Java write it", async () => {
    for (const nil of ['nil="true"', 'xsi:nil="true"', "nil='1'", 'i:nil="TRUE"']) {
      const document = users(
        `<email>1</email><phone ${nil}/><address ${nil}></address><campusName ${nil}> </campusName>`,
      );
      assert.deepEqual((await readUsers(document))[0]?.values, { email: "1" });
    }
    const blank = users('<phone nil="false"/><address xsi:nil="false">x</address><campusName nil=""/>');
    assert.deepEqual((await readUsers(blank))[0]?.values, { phone: "", address: "x", campusName: "" });
  });

  test("other attributes say nothing", async () => {
    const document =
      '<users a="1" type="array"><user id="7"><email kind="x" type="array">a@x.edu</email></user></users>';
    assert.deepEqual((await readUsers(document))[0]?.values, { email: "a@x.edu" });
  });

  test("any other root is refused", async () => {
    await assertRefused("\n <html><body/></html>", "document_root_wrong", { line: 2, column: 2 });
    await assertRefused("<user><email>a</email></user>", "document_root_wrong");
  });

  test('a root without type="array" is refused', async () => {
    await assertRefused("<users><user/></users>", "document_type_missing", { line: 1, column: 1 });
    await assertRefused('<users type="list"><user/></users>', "document_type_missing");
    for (const type of ['Type="Array"', "TYPE = ' ARRAY '", 'xsi:type="array"']) {
      assert.equal((await readUsers(`<users ${type}><user/></users>`)).length, 1);
    }
    await assertRefused("<users/>", "document_type_missing");
  });

  test("a document without a record is refused, and so is an empty body", async () => {
    await assertRefused('<users type="array"/>', "document_empty");
    await assertRefused('<users type="array">\n<!-- nobody -->\n</users>', "document_empty");
    await assertRefused(" \n\t ", "document_empty");
    await assertRefused("\ufeff", "document_empty");
    assert.match((await problemOf("")).detail, /file is empty/);
  });

  test("elements and text where they don't belong are refused with place and name", async () => {
    const wrong = "document_structure_wrong";
    await assertRefused(users("<email>a<b/></email>"), wrong, { line: 3, column: 17, field: "b" });
    await assertRefused('<users type="array">\n<group/></users>', wrong, { line: 2, column: 1, field: "group" });
    await assertRefused('<users type="array">\n<user/>\n  junk\n<user/></users>', wrong, { line: 3, column: 3 });
    await assertRefused('<users type="array"><![CDATA[x]]></users>', wrong);
    await assertRefused('<users type="array">&#65;</users>', wrong);
    await assertRefused(users("\n    junk<email/>"), wrong, { line: 4, column: 5 });
  });

  test("a field that appears twice in one record is refused, in any spelling", async () => {
    const wrong = "document_structure_wrong";
    await assertRefused(users("<email>a</email><email>b</email>"), wrong, { line: 3, column: 25, field: "email" });
    await assertRefused(users("<email/><EMail/>"), wrong, { field: "EMail" });
    await assertRefused(users("<customField/><customFields/>"), wrong, { field: "customFields" });
    assert.equal((await readUsers(users("<email/>", "<email/>"))).length, 2);
  });

  test("a document that is cut off is told from one that is wrong, with place and progress", async () => {
    const document = `<users type="array">\n${"<user><email>a@x.edu</email></user>\n".repeat(27_441)}  <user>\n   <ema`;
    const problem = await problemOf(document);
    assert.equal(problem.code, "xml_cut_off");
    assert.equal(
      problem.detail,
      "The file ends inside <user> at line 27,444, column 8, after 27,441 complete people. The upload or export was cut off. Send the whole file again. Nothing was changed.",
    );
    assert.deepEqual(problem.place, { line: 27_444, column: 8 });
    assert.match(
      (await problemOf('<users type="array"><user/><!-- x')).detail,
      /inside a comment .* after 1 complete person\./,
    );
    assert.match(
      (await problemOf('<users type="array"><us')).detail,
      /inside <users> .* before the first person is complete\./,
    );
  });

  test("a body that ends inside a character is cut off", async () => {
    const bytes = Buffer.from(users("<lastName>é</lastName>"));
    const inside = bytes.indexOf(0xc3) + 1;
    assert.equal((await problemOf(bytes.subarray(0, inside))).code, "xml_cut_off");
    assert.equal((await problemOf(Buffer.concat([bytes, Buffer.of(0xc3)]))).code, "xml_cut_off");
  });

  test("records come in batches", async () => {
    const document = Buffer.from(users(...Array.from({ length: 1_234 }, (_, index) => `<userID>${index}</userID>`)));
    const batches = await collect(readXmlRecords(pieces(document, []), documented));
    assert.deepEqual(
      batches.map((batch) => batch.length),
      Array.from({ length: 247 }, (_, index) => (index < 246 ? 5 : 4)),
    );
    assert.deepEqual(
      batches.flat().map(({ row }) => row),
      Array.from({ length: 1_234 }, (_, index) => index + 1),
    );
  });

  test("long records come in smaller batches", async () => {
    const value = "x".repeat(200_000);
    const document = Buffer.from(users(...Array.from({ length: 30 }, () => `<address>${value}</address>`)));
    const batches = await collect(readXmlRecords(pieces(document, []), documented));
    assert.equal(batches.flat().length, 30);
    assert.ok(Math.max(...batches.map((batch) => batch.length)) <= 6);
  });

  test("1,000 e-mails and phones of the longest kind fit into a record", async () => {
    const email = `${"l".repeat(64)}@${"d".repeat(63)}.${"e".repeat(63)}.${"f".repeat(57)}.edu`;
    assert.equal(email.length, limits.user.emailLength);
    const phone = `+1 (212) 555-1234 ext. 12345|${"c".repeat(limits.user.phoneCarrierLength)}|2|1|other`;
    const emails = Array.from({ length: 1_000 }, () => email).join(";");
    const phones = Array.from({ length: 1_000 }, () => phone).join(";");
    const [record] = await readUsers(users(`<email>${emails}</email><phone>${phones}</phone>`));
    assert.equal(record?.values.email, emails);
    assert.equal(record?.values.phone, phones);
  });

  test("an error of the source passes through, and a reader that stops closes the source", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('<users type="array"><user/>');
      throw new RangeError("connection lost");
    }
    await assert.rejects(collect(readXmlRecords(failing(), documented)), RangeError);
    let closed = false;
    async function* closing(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from(`<users type="array">${"<user/>".repeat(1_000)}`);
      } finally {
        closed = true;
      }
    }
    for await (const batch of readXmlRecords(closing(), documented)) {
      assert.equal(batch.length, 5);
      break;
    }
    assert.equal(closed, true);
  });
});

suite("properties of the XML reader", () => {
  const text = fc
    .string({ unit: "grapheme", maxLength: 12 })
    .map((value) =>
      [...value]
        .map((character) =>
          /[\p{L}\p{N} ]/u.test(character) ? character : `&#x${character.codePointAt(0)?.toString(16)};`,
        )
        .join(""),
    );
  const safe = text.filter((value) => !/&#x(?:[0-9a-f]|1[0-9a-f]|d[89a-f]..|fff[ef]);/.test(value));
  const field = fc.tuple(fc.constantFrom("firstName", "email", "PHONE", "unknown", "customField"), safe);
  const user = fc
    .uniqueArray(field, { maxLength: 5, selector: ([name]) => name })
    .map((fields) => fields.map(([name, value]) => `<${name}>${value}</${name}>\r\n`).join("<!-- c --> "));

  test("however the bytes are split, the records are the same", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.array(user, { minLength: 1, maxLength: 4 }), lengths, async (contents, split) => {
        const document = `\ufeff${users(...contents)}`;
        const whole = await readUsers(document);
        assert.equal(whole.length, contents.length);
        assert.deepEqual(await readUsers(document, { lengths: split }), whole);
      }),
      property(300),
    );
  });

  test("however the bytes are split, a broken document is refused for the same reason at the same place", async () => {
    const document = Buffer.from(
      users("<email>a@x.edu</email><x a='1'>é&amp;</x>", "<phone><![CDATA[1]]></phone><!-- c -->"),
    );
    const bytes = fc.record({
      at: fc.nat(document.length - 1),
      byte: fc.constantFrom(...Buffer.from("<>&;\"'/]-!? \n\u0001xé")),
      remove: fc.boolean(),
      split: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
    });
    const outcome = (bytes: Uint8Array, lengths: readonly number[]): Promise<unknown> =>
      readUsers(bytes, { lengths }).catch(({ code, detail, place }) => ({ code, detail, place }));
    await fc.assert(
      fc.asyncProperty(bytes, async ({ at, byte, remove, split }) => {
        const broken = Buffer.concat([
          document.subarray(0, at),
          Buffer.of(byte),
          document.subarray(remove ? at + 1 : at),
        ]);
        assert.deepEqual(await outcome(broken, split), await outcome(broken, []));
      }),
      property(500),
    );
  });
});
