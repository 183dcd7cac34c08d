/** The same people in every format and encoding are the same people (file formats, section 1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const count = 300;
/** Names as people have them, as far as Windows-1252 can write them. */
const names = [
  "Zoë",
  "O’Brien",
  "Þórr",
  "Ænima",
  'Al "Bud"',
  "d’Åström, Jr",
  "Müller–Lüdenscheidt",
  "N/A",
  "=cmd",
  "Null",
];
const columns = [
  "firstName",
  "lastName",
  "email",
  "userID",
  "phone",
  "groupID",
  "databaseID",
  "address",
  "customFields",
  "campusName",
  "showAllGroups",
] as const;
const people = Array.from({ length: count }, (_, index) => ({
  firstName: names[index % names.length]!,
  lastName: `${names[(index * 7) % names.length]} ${index}`,
  email: `p${index}@example.edu${index % 3 === 0 ? `;q${index}@example.org` : ""}`,
  userID: `user${index}`,
  phone:
    index % 4 === 0
      ? ""
      : `212555${String(1000 + index)}||3|1|cell;+44 20 7946 0${String(index % 1000).padStart(3, "0")}||2||home`,
  groupID: `G${index % 7};H${index % 11}${index % 4 ? "" : "|4"}`,
  databaseID: String(index).padStart(6, "0"),
  address: index % 2 ? `${index} Rue "Été"|Montréal|QC|CA|H2X` : "",
  customFields: `a${index}|über & <b>|`,
  campusName: index % 5 ? "Main" : "",
  showAllGroups: String(index % 2),
}));

const escaped = (value: string) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const cell = (value: string) => `"${value.replaceAll('"', '""')}"`;
const csv = (delimiter: string, end: string, header: boolean) =>
  [
    ...(header ? [columns.join(delimiter)] : []),
    ...people.map((person) => columns.map((name) => cell(person[name])).join(delimiter)),
  ]
    .map((line) => line + end)
    .join("");
const xml = (encoding: string) =>
  `<?xml version="1.0" encoding="${encoding}"?>\n<users type="array">\n${people
    .map((person) => `<user>${columns.map((name) => `<${name}>${escaped(person[name])}</${name}>`).join("")}</user>`)
    .join("\n")}\n</users>\n`;
const json = (lists: boolean) =>
  JSON.stringify({
    users: people.map((person) =>
      lists
        ? {
            ...person,
            email: person.email.split(";"),
            groupID: person.groupID.split(";"),
            address: person.address.split("|"),
          }
        : person,
    ),
  });

const windows1252: Readonly<Record<string, number>> = { "’": 0x92, "–": 0x96 };
const inWindows1252 = (text: string) =>
  Buffer.from(
    text.replace(/[’–]/g, (found) => String.fromCharCode(windows1252[found]!)),
    "latin1",
  );
const inUtf16 = (text: string) => Buffer.from(text, "utf16le");
const bigEndian = (text: string) => inUtf16(text).swap16();
const byteOrderMark = "\ufeff";
const boundary = "x-boundary";
const multipart = (file: Buffer) =>
  Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n`),
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="roster.txt"\r\n`),
    Buffer.from("Content-Type: application/octet-stream\r\n\r\n"),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);

/** The sent files, their content types, and the expected readings. */
const files: readonly [name: string, type: string, body: Buffer, reading: Record<string, unknown>][] = [
  ["XML", "application/xml", Buffer.from(xml("UTF-8")), { format: "xml", encoding: "utf-8" }],
  ["XML with a byte order mark", "text/xml", Buffer.from(byteOrderMark + xml("UTF-8")), { encoding: "utf-8" }],
  ["XML in UTF-16", "application/xml", inUtf16(byteOrderMark + xml("UTF-16")), { encoding: "utf-16le" }],
  ["XML in Windows-1252", "application/xml", inWindows1252(xml("Windows-1252")), { encoding: "windows-1252" }],
  ["XML as text", "text/plain", Buffer.from(xml("utf-8")), { format: "xml" }],
  ["CSV", "text/csv", Buffer.from(csv(",", "\r\n", false)), { format: "csv", header: false, lineEnding: "CRLF" }],
  ["CSV with a header", "text/csv", Buffer.from(csv(",", "\n", true)), { header: true, lineEnding: "LF" }],
  ["CSV with CR", "text/csv", Buffer.from(csv(",", "\r", true)), { lineEnding: "CR" }],
  ["CSV with semicolons", "text/csv", Buffer.from(csv(";", "\r\n", true)), { delimiter: ";" }],
  ["CSV with tabs", "text/tab-separated-values", Buffer.from(csv("\t", "\n", true)), { delimiter: "\t" }],
  ["CSV with bars", "text/csv", Buffer.from(csv("|", "\n", true)), { delimiter: "|" }],
  ["CSV in Windows-1252, undeclared", "text/csv", inWindows1252(csv(",", "\r\n", false)), { encoding: "windows-1252" }],
  [
    "CSV in ISO-8859-1, declared",
    "text/csv; charset=ISO-8859-1",
    inWindows1252(csv(",", "\n", true)),
    { encoding: "windows-1252" },
  ],
  [
    "CSV in UTF-16, big-endian",
    "text/csv",
    bigEndian(byteOrderMark + csv(",", "\r\n", false)),
    { encoding: "utf-16be" },
  ],
  ["CSV in UTF-16 without a mark", "text/plain", inUtf16(csv(",", "\n", true)), { encoding: "utf-16le" }],
  ["CSV of Windows", "application/vnd.ms-excel", Buffer.from(csv(",", "\r\n", true)), { format: "csv" }],
  ["CSV of a browser", "text/comma-separated-values", Buffer.from(csv(",", "\n", true)), { format: "csv" }],
  ["CSV as text", "text/plain", Buffer.from(csv(",", "\n", false)), { format: "csv" }],
  ["JSON", "application/json", Buffer.from(json(false)), { format: "json" }],
  [
    "JSON with lists, bare",
    "application/json",
    Buffer.from(JSON.stringify(JSON.parse(json(true)).users, null, 2)),
    { format: "json" },
  ],
  ["JSON in UTF-16", "application/json", inUtf16(byteOrderMark + json(false)), { encoding: "utf-16le" }],
  [
    "a form",
    `multipart/form-data; boundary=${boundary}`,
    multipart(Buffer.from(csv(",", "\n", true))),
    { format: "csv" },
  ],
];

async function startApp(t: { after(hook: () => Promise<void>): void }): Promise<TestApp> {
  return startTestApp(await createTestDatabase(t));
}

async function send(app: TestApp, type: string, body: Buffer, headers: Record<string, string> = {}) {
  const answer = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    body,
    headers: { "content-type": type, accept: "application/json", ...headers },
  });
  assert.equal(answer.status, 201, answer.body);
  return answer.json;
}

/** Everything that the API lists, without what is another one in every import. */
async function stateOf(app: TestApp): Promise<string> {
  const parts: string[] = [];
  for (const list of ["users", "groups", "locations"]) {
    for (let cursor: string | null = ""; cursor !== null; ) {
      const answer = await app.inject({ url: `/v1/${list}?limit=1000${cursor && `&cursor=${cursor}`}` });
      assert.equal(answer.status, 200, answer.body);
      parts.push(
        answer.body.replaceAll(
          /"(?:createdAt|updatedAt|since|lastImportId|nextCursor|changesCursor)":(?:"[^"]*"|null)/g,
          "",
        ),
      );
      cursor = answer.json.nextCursor;
    }
  }
  return parts.join("\n");
}

test("the same people in every format and encoding leave the same state, byte for byte", async (t) => {
  let expected: string | undefined;
  for (const [name, type, body, reading] of files) {
    await t.test(name, async (each) => {
      const app = await startApp(each);
      const { counts, source } = await send(app, type, body);
      assert.equal(counts.added, count);
      assert.equal(counts.failed, 0);
      assert.deepEqual({ ...source.reading, ...reading }, source.reading);
      const state = await stateOf(app);
      expected ??= state;
      assert.ok(state === expected, "the state differs");
    });
  }
});

test("posted after one another, plain or compressed, they change nothing", async (t) => {
  const app = await startApp(t);
  await send(app, files[0]![1], files[0]![2]);
  const state = await stateOf(app);
  for (const [name, type, body] of files) {
    const { counts } = await send(app, type, gzipSync(body), { "content-encoding": "gzip" });
    assert.equal(counts.unchanged, count, name);
    assert.equal(counts.added + counts.updated + counts.removed + counts.failed, 0, name);
  }
  assert.equal(await stateOf(app), state);
});
