/** Sources: setting them, and seeing how their files would be read. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const put = (name: string, body: object, headers: Record<string, string> = {}) =>
  app.inject({ method: "PUT", url: `/v1/sources/${name}`, body, headers });
const csv = { "content-type": "text/csv", accept: "application/json" };
const preview = (body: string, query = "", headers: Record<string, string> = csv) =>
  app.inject({ method: "POST", url: `/v1/sources/students/preview${query}`, body, headers });
const changes = async () =>
  (await database.owner.query("select action, id, changed::json from changes where type = 'source' order by sequence"))
    .rows;

test("a source is created, comes last, and can be read", async () => {
  const created = await put("students", {});
  assert.equal(created.status, 201, created.body);
  assert.equal(created.headers.location, "/v1/sources/students");
  assert.deepEqual(
    [created.json.rank, created.json.style, created.json.mapping, created.json.version],
    [2, null, null, 1],
  );
  const read = await app.inject({ url: "/v1/sources/students" });
  assert.deepEqual(read.json, created.json);
  assert.equal(read.headers.etag, '"1"');
  assert.equal((await app.inject({ url: "/v1/sources/none" })).status, 404);
});

test("setting it replaces what was set, moves ranks, and is recorded; nothing new is not", async () => {
  const mapping = { fields: { databaseID: "ID" }, delimiter: ";" };
  const first = await put("students", { rank: 1, style: "normal", mapping });
  assert.deepEqual([first.status, first.json.rank, first.json.version], [200, 1, 2]);
  assert.deepEqual(first.json.mapping, mapping);
  assert.equal((await app.inject({ url: "/v1/sources/default" })).json.rank, 2);
  assert.deepEqual((await changes()).slice(-2), [
    {
      action: "updated",
      id: "students",
      changed: { rank: { from: 2, to: 1 }, style: { from: null, to: "normal" }, mapping: { from: null, to: mapping } },
    },
    { action: "updated", id: "default", changed: { rank: { from: 1, to: 2 } } },
  ]);
  const before = (await changes()).length;
  const same = await put("students", { style: "normal", mapping });
  assert.deepEqual([same.json.version, same.json.rank], [2, 1]);
  assert.equal((await changes()).length, before);
  assert.deepEqual((await put("students", {})).json.mapping, null);
});

test("If-Match keeps two administrators from overwriting each other", async () => {
  assert.equal((await put("students", { style: "normal" }, { "if-match": '"1"' })).json.code, "version_mismatch");
  assert.equal((await put("new", {}, { "if-match": '"1"' })).status, 412);
  const { headers } = await app.inject({ url: "/v1/sources/students" });
  assert.equal((await put("students", {}, { "if-match": String(headers.etag) })).status, 200);
});

test("bad names and mappings are refused, with the place", async () => {
  for (const name of ["Students", "-x", "a%20b", "x".repeat(101), "%C3%A9"])
    assert.equal((await put(name, {})).status, 400, name);
  const bad: [object, string][] = [
    [{ mapping: { fields: { firstName: "A" } } }, "mapping.fields"],
    [{ mapping: { fields: { email: { column: "E", pattern: "(a)" } } } }, "mapping.fields.email"],
    [{ style: "x" }, "style"],
    [{ rank: 0 }, "rank"],
  ];
  for (const [body, field] of bad) {
    const { status, json } = await put("students", body);
    assert.equal(status, 400, JSON.stringify(json));
    assert.ok(
      json.errors.some((error: { field: string }) => error.field.startsWith(field)),
      JSON.stringify(json.errors),
    );
  }
  assert.equal((await put("students", { unknown: 1 })).status, 400);
});

test("an organization has at most 60", async () => {
  for (let index = 0; index < 58; index += 1) assert.equal((await put(`feed-${index}`, {})).status, 201);
  const answer = await put("one-too-many", {});
  assert.deepEqual([answer.status, answer.json.code], [409, "conflict"]);
});

test("a mapping changes what the next import reads, unchanged rows included", async () => {
  const send = () =>
    app.inject({
      method: "POST",
      url: "/v1/imports/users?source=students",
      body: "firstName,email,groupID,databaseID,SITE_NAME\nAnn,ann@example.edu,G1,1,Main\n",
      headers: csv,
    });
  assert.equal((await send()).json.counts.added, 1);
  assert.equal((await send()).json.counts.unchanged, 1);
  const fields = { firstName: "firstName", databaseID: "databaseID", campusName: "SITE_NAME" };
  assert.equal((await put("students", { mapping: { fields } })).status, 200);
  const changed = (await send()).json;
  assert.equal(changed.counts.updated, 1);
  assert.deepEqual(changed.source.reading.ignored, ["email", "groupID"]);
});

test("what a source claims, it claims again after another source's order took it away", async () => {
  await put("students", {});
  const send = (source: string, groupID: string) =>
    app.inject({
      method: "POST",
      url: `/v1/imports/users?source=${source}`,
      body: `firstName,email,userID,groupID\nEve,eve@example.edu,eve,${groupID}\n`,
      headers: csv,
    });
  const claims = async () =>
    (
      await database.owner.query(
        "select memberships.claims::int from memberships join users on id = user_id where username = 'eve'",
      )
    ).rows;
  // Both know her before, so that the order changes nothing that anybody sees.
  await send("students", "00001;G1");
  const [{ claims: order }] = (await claims()) as [{ claims: number }];
  await send("default", "G1");
  const [{ claims: both }] = (await claims()) as [{ claims: number }];
  assert.notEqual(both, order);
  await send("students", "00001;G1");
  assert.equal((await claims())[0].claims, order);
  await send("default", "G1");
  assert.equal((await claims())[0].claims, both, "the same row as before");
});

test("a preview shows how the first rows would be read, and changes nothing", async () => {
  await put("students", {
    mapping: {
      delimiter: ";",
      fields: { databaseID: { column: "ID", pattern: "\\d{3}" }, email: "MAIL", phone: "TEL" },
    },
  });
  const before = await database.owner.query("select count(*) from users");
  const answer = await preview("ID;MAIL;TEL;X\n001;a@x.edu,b@x.edu;2125550123\n1;c@x.edu;5.5E+09\n2;3\n", "?limit=2");
  assert.equal(answer.status, 200, answer.body);
  const { reading, rows, problem } = answer.json;
  assert.deepEqual(reading, {
    format: "csv",
    encoding: "utf-8",
    lineEnding: "LF",
    delimiter: ";",
    header: true,
    ignored: ["X"],
  });
  assert.equal(problem, null);
  assert.deepEqual(
    rows.map(({ row, line, failed }: Record<string, unknown>) => [row, line, failed]),
    [
      [1, 2, false],
      [2, 3, true],
    ],
  );
  const good = await preview("ID;MAIL;TEL\n001;a@x.edu,b@x.edu;2125550123\n");
  assert.deepEqual(good.json.rows[0].values, {
    databaseId: "001",
    emails: [{ email: "a@x.edu" }, { email: "b@x.edu" }],
    phones: [{ number: "+12125550123", extension: "", messageType: 3, label: "cell", carrier: "" }],
  });
  const lost = await preview("ID;MAIL;TEL\n1;c@x.edu;5.5E+09\n");
  assert.deepEqual(
    lost.json.rows[0].issues.map(({ code }: { code: string }) => code),
    ["pattern_mismatch"],
  );
  assert.match(lost.json.rows[0].issues[0].message, /Leading zeros look lost/);
  assert.deepEqual(await database.owner.query("select count(*) from users").then(({ rows }) => rows), before.rows);
  assert.ok(!(await app.inject({ url: "/v1/imports?status=planned" })).json.items.length);
});

test("characters that nobody can see are shown by their codes, wherever a report quotes them", async () => {
  await put("students", { mapping: { fields: { databaseID: "ID", email: "MAIL", showAllGroups: "ALL" } } });
  const body = "ID,MAIL,ALL,X\u0000Y\n1,a@x.edu,ab\u200bc,\n";
  const url = "/v1/imports/users?source=students";
  const { status, json } = await app.inject({ method: "POST", url, body, headers: csv });
  assert.equal(status, 201, JSON.stringify(json));
  assert.deepEqual(json.source.reading.ignored, ["X[U+0000]Y"]);
  const rows = await app.inject({ url: `/v1/imports/${json.id}/rows` });
  assert(
    rows.json.items.some(({ message }: { message: string }) => message.includes('"ab[U+200B]c"')),
    rows.body,
  );
});

test("a sample that is cut after its first rows is good enough; what is wrong is told with the rows before it", async () => {
  const row = "001;a@x.edu;2125550123\n";
  const long = `ID;MAIL;TEL\n${row.repeat(2_000)}00`;
  assert.deepEqual([(await preview(long)).json.rows.length, (await preview(long)).json.problem], [20, null]);
  const { rows, problem } = (await preview(`ID;MAIL;TEL\n${row}00`)).json;
  assert.deepEqual([rows.length, problem.code, problem.line], [1, "csv_cut_off", 3]);
  const xml = await preview("<users type='array'><user><ID>1</ID></user><user>", "", {
    "content-type": "text/plain",
    accept: "application/json",
  });
  assert.equal(xml.json.problem.code, "xml_cut_off");
});

test("a form may bring a mapping to try", async () => {
  const boundary = "x";
  const form = (mapping: string) =>
    `--x\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n${mapping}\r\n` +
    `--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nKEY,FIRST\n7,Ann\n\r\n--x--\r\n`;
  const headers = { "content-type": `multipart/form-data; boundary=${boundary}`, accept: "application/json" };
  const good = await preview(form('{"fields":{"databaseID":"KEY","firstName":"FIRST"}}'), "", headers);
  assert.deepEqual(good.json.rows[0]?.values, { databaseId: "7", firstName: "Ann" }, good.body);
  for (const mapping of ["{", '{"fields":{"firstName":"FIRST"}}', "[]"]) {
    const bad = await preview(form(mapping), "", headers);
    assert.deepEqual([bad.status, bad.json.code], [400, "request_invalid"], bad.body);
  }
});

test("a preview needs a source, a body and a type", async () => {
  const at = (url: string, body: string | undefined, headers: Record<string, string>) =>
    app.inject({ method: "POST", url, ...(body === undefined ? {} : { body }), headers });
  assert.equal((await at("/v1/sources/none/preview", "x", csv)).status, 404);
  assert.equal((await at("/v1/sources/students/preview", undefined, {})).json.code, "body_missing");
  assert.equal((await at("/v1/sources/students/preview", "x", { "content-type": "image/png" })).status, 415);
  assert.equal((await at("/v1/sources/students/preview?limit=0", "x", csv)).status, 400);
  const reader = await app.keyWith(["retrieve"]);
  assert.equal(
    (await app.inject({ method: "POST", url: "/v1/sources/students/preview", body: "x", headers: csv, key: reader }))
      .status,
    403,
  );
  assert.equal((await app.inject({ method: "PUT", url: "/v1/sources/x", body: {}, key: reader })).status, 403);
});
