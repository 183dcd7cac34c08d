/** Files as nobody should send them, in every format: never a fault of the service, never half of a file. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { property } from "../intake/support.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database, { importBytes: 3_000_000 });

const send = (body: Uint8Array | string, type: string, headers: Record<string, string> = {}) =>
  app.inject({
    method: "POST",
    url: "/v1/imports/users",
    body: Buffer.from(body as string),
    headers: { "content-type": type, accept: "application/json", ...headers },
  });
const state = async () => {
  const tables = ["users", "user_emails", "user_phones", "memberships", "user_sources", "changes", "groups"];
  const counts = tables.map((table) => `(select count(*) from ${table}) as ${table}`);
  return JSON.stringify((await database.owner.query(`select ${counts.join(", ")}`)).rows[0]);
};

const person = { firstName: "Ann", email: "ann@example.edu", groupID: "G1;G2", databaseID: "001" };
const other = { firstName: "Bö", email: "bo@example.edu", groupID: "G1|4", databaseID: "002" };
const asXml = (record: Readonly<Record<string, string>>) =>
  `<user>${Object.entries(record)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("")}</user>`;
const files: readonly [type: string, text: string][] = [
  ["application/xml", `<?xml version="1.0"?>\n<users type="array">\n${asXml(person)}\n${asXml(other)}\n</users>\n`],
  [
    "text/csv",
    `${Object.keys(person).join()}\n${[person, other].map((one) => Object.values(one).join()).join("\n")}\n`,
  ],
  ["application/json", JSON.stringify({ users: [person, other] }, null, 1)],
];

describe("whatever is sent", () => {
  before(async () => {
    for (const [type, text] of files) assert.equal((await send(text, type)).status, 201);
  });

  for (const [type, text] of files) {
    test(`${type}: a file that was damaged at random is taken whole or refused whole`, async () => {
      const whole = Buffer.from(text);
      const position = fc.nat(whole.length - 1);
      const splice = fc.tuple(
        position,
        fc.nat(6),
        fc.oneof(
          fc.uint8Array({ maxLength: 4 }),
          fc.constantFrom(..."<>\"'&;,|\n\r\0{}[]:".split("")).map((one) => new Uint8Array(Buffer.from(one))),
        ),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(splice, { minLength: 1, maxLength: 3 }),
          fc.constantFrom(type, "text/plain"),
          async (splices, sentAs) => {
            let body: Uint8Array = whole;
            for (const [at, length, bytes] of splices)
              body = Buffer.concat([body.subarray(0, at), bytes, body.subarray(at + length)]);
            const earlier = await state();
            const { status, json } = await send(body, sentAs);
            assert.ok(status === 201 || (status >= 400 && status < 500), JSON.stringify(json));
            if (status !== 201) {
              assert.equal(await state(), earlier);
              assert.match(json.code, /^(?:xml|csv|json|document|encoding|body|media_type)_/);
            } else {
              const { counts } = json;
              assert.equal(counts.rows - counts.merged, counts.people + counts.failed, JSON.stringify(counts));
            }
          },
        ),
        { ...property(120), endOnFailure: true },
      );
    });

    test(`${type}: cut at every byte it never changes anything unless it looks whole`, async () => {
      const bytes = Buffer.from(text);
      const earlier = await state();
      for (let length = 0; length < bytes.length; length += type === "text/csv" ? 1 : 5) {
        const { status, json } = await send(bytes.subarray(0, length), `${type}; charset=utf-8`);
        if (status === 201) {
          // White space after the end, or CSV that ends between two rows or within the last cell of one.
          assert.ok(type === "text/csv" || text.slice(length).trim() === "", `${length}: ${text.slice(0, length)}`);
          assert.equal(json.counts.removed, 0);
        } else assert.equal(await state().then((now) => now === earlier || type === "text/csv"), true);
      }
    });
  }
});

describe("too much of it", () => {
  test("a compressed body that grows beyond the limit is refused, and nothing of it is kept", async () => {
    for (const content of [Buffer.alloc(50_000_000, " "), Buffer.alloc(50_000_000, "\n"), Buffer.alloc(50_000_000)]) {
      for (const type of ["application/xml", "text/csv", "application/json", "text/plain"]) {
        const { status, json } = await send(gzipSync(content, { level: 1 }), type, { "content-encoding": "gzip" });
        assert.deepEqual([status, json.code], [413, "body_too_large"]);
      }
    }
    assert.equal(
      (await database.owner.query("select from import_bodies join imports on id = import_id where status = 'failed'"))
        .rowCount,
      0,
    );
  });

  test("cells, columns, depth and members beyond the limits are refused with the limit", async () => {
    const long = "x".repeat(1_000_000);
    const bodies: [string, string, string][] = [
      ["text/csv", `firstName,email\n${long},a@example.edu\n`, "csv_limit_exceeded"],
      ["text/csv", `firstName,email\n"${long}","a@example.edu"\n`, "csv_limit_exceeded"],
      ["text/csv", `firstName,email${",".repeat(1_000_000)}\n`, "csv_limit_exceeded"],
      ["application/json", `[{"firstName":"${long}"}]`, "json_limit_exceeded"],
      ["application/json", "[".repeat(100_000), "document_structure_wrong"],
      ["application/json", `{"a":${"[".repeat(100_000)}`, "json_limit_exceeded"],
      ["application/json", `[{${'"a":1,'.repeat(100_000)}"b":1}]`, "json_limit_exceeded"],
      [
        "application/xml",
        `<users type="array"><user><firstName>${long}</firstName></user></users>`,
        "xml_limit_exceeded",
      ],
    ];
    for (const [type, body, code] of bodies) assert.equal((await send(body, type)).json.code, code, body.slice(0, 40));
  });
});

/** Names that have broken systems, and that people or spreadsheets send. */
const names = [
  "O'Brien",
  "Null",
  "null",
  "undefined",
  "NaN",
  "true",
  "N/A",
  "Test",
  "-",
  "0",
  "José María",
  "Đặng Thị Hà",
  "Иванова",
  "王小明",
  "محمد",
  "שרה",
  "ሀብታሙ",
  "Zoë\u0308",
  "a\u0301",
  "\u{1f600}",
  "Ann\u200bLee",
  "\u202eevil",
  "X Æ A-12",
  "Robert'); DROP TABLE users;--",
  "<script>alert(1)</script>",
  "&amp;",
  "]]>",
  "<!--",
  "$" + "{jndi:ldap://x}",
  "{{7*7}}",
  "%00",
  "\\N",
  "\\",
  '"',
  "''",
  "a\\tb",
  "__proto__",
  "constructor",
  "=cmd|' /C calc'!A0",
  "+1+1",
  "-2+3",
  "@SUM(A1)",
  '=HYPERLINK("http://x")',
  "a,b;c|d",
  "“Ann”",
  "Jr., III",
  "d'".repeat(50),
];
const escaped = (value: string) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

test("the nastiest names come out as they went in, by every format, and harmless in the response file", async () => {
  const people = names.map((lastName, index) => ({
    firstName: "N",
    lastName,
    email: `n${index}@example.edu`,
    groupID: "G1",
    databaseID: `n${index}`,
  }));
  const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const bodies: [string, string][] = [
    ["application/json", JSON.stringify(people)],
    [
      "application/xml",
      `<users type="array">${people.map((one) => asXml({ ...one, lastName: escaped(one.lastName) })).join("")}</users>`,
    ],
    [
      "text/csv; charset=utf-8",
      `${Object.keys(people[0]!).join()}\n${people.map((one) => Object.values(one).map(quoted).join()).join("\n")}\n`,
    ],
  ];
  for (const [index, [type, body]] of bodies.entries()) {
    const { json } = await send(body, type);
    assert.equal(json.counts.failed, 0, JSON.stringify(json));
    assert.equal(index === 0 ? json.counts.added : json.counts.unchanged, names.length, type);
    const response = await app.inject({ url: `/v1/imports/${json.id}/response` });
    assert.doesNotMatch(response.body, /(?:^|,)"?(?:[=@]|[+-][^,"]*[+'!|])/m);
    assert.match(response.body, /,'\+1\+1,/);
  }
  const stored = await database.owner.query(
    "select last_name from users where username is null and email ~ '^n[0-9]+@' order by id",
  );
  assert.deepEqual(
    stored.rows.map(({ last_name }) => last_name),
    names.map((name) => name.trim().normalize("NFC")),
  );
});

test("after all that the service has logged no fault, and nobody's data", () => {
  assert.ok(app.log.length > 100);
  assert.ok(!app.log.some(({ level }) => level === "error"));
  assert.doesNotMatch(JSON.stringify(app.log), /example\.edu|Brien|Bö/);
});
