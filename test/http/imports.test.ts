import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database, { importBytes: 200_000, bodyPause: 300 });
const xml = { "content-type": "application/xml", accept: "application/json" };
const url = "/v1/imports/users";
const sample = await readFile(new URL("../../docs/samples/roster.xml", import.meta.url), "utf8");

const person = (id: number, more = "") =>
  `<user><firstName>P${id}</firstName><email>p${id}@example.edu</email><groupID>G1</groupID><databaseID>${id}</databaseID>${more}</user>`;
const roster = (...people: string[]) => `<users type="array">${people.join("\n")}</users>`;
const send = (body: string, headers: Record<string, string> = {}, query = "", key?: string) =>
  app.inject({ method: "POST", url: `${url}${query}`, body, headers: { ...xml, ...headers }, ...(key ? { key } : {}) });
const lastImport = async () => (await app.inject({ url: "/v1/imports?limit=1" })).json.items[0];
const people = async () => (await database.owner.query("select from users")).rowCount;

test("a roster is imported: 201 with the import and its address", async () => {
  const answer = await send(sample, { "content-disposition": 'attachment; filename="exports/roster.xml"' });
  assert.equal(answer.status, 201, answer.body);
  const { json, headers } = answer;
  assert.equal(headers.location, `/v1/imports/${json.id}`);
  assert.equal(json.status, "applied");
  assert.equal(json.actor, "api-key:admin");
  assert.equal(json.source.channel, "api");
  assert.equal(json.source.name, "default");
  assert.equal(json.source.fileName, "roster.xml");
  assert.equal(json.source.bytes, Buffer.byteLength(sample));
  assert.equal(json.counts.rows, 12);
  assert.equal(json.counts.added, 11);
  assert.equal(json.counts.failed, 1);
  assert.equal(json.counts.notAdded, 1);
  assert.deepEqual((await app.inject({ url: String(headers.location) })).json, json);
  assert.deepEqual(await lastImport(), json);
  assert.equal((await app.inject({ url: "/v1/sources" })).json.items[0].lastAppliedAt, json.finishedAt);
});

test("the members of the answer come in the documented order, counts first rows", async () => {
  const { json } = await app.inject({ url: "/v1/imports?limit=1" });
  assert.deepEqual(Object.keys(json.items[0]).slice(0, 5), ["id", "kind", "style", "dryRun", "status"]);
  assert.deepEqual(Object.keys(json.items[0].counts).slice(0, 3), ["rows", "people", "added"]);
});

test("an import and its rows are JSON, XML, or a report for people", async () => {
  const { id } = await lastImport();
  const rows = await app.inject({ url: `/v1/imports/${id}/rows` });
  assert.equal(rows.json.items.length, 1);
  assert.equal(rows.json.items[0].row, 9);
  assert.equal(rows.json.items[0].code, "group_code_damaged");
  assert.equal(rows.json.items[0].outcome, "failed");
  const rowsXml = await app.inject({ url: `/v1/imports/${id}/rows`, headers: { accept: "application/xml" } });
  assert.match(rowsXml.body, /^<\?xml [^>]*>\n<rows>\n {2}<items type="array">\n {4}<item>\n {6}<row>9<\/row>/);
  const importXml = await app.inject({ url: `/v1/imports/${id}`, headers: { accept: "text/xml" } });
  assert.match(String(importXml.headers["content-type"]), /^application\/xml/);
  assert.match(importXml.body, /<import>\n {2}<id>[\s\S]*<rows>12<\/rows>[\s\S]*<problem nil="true"\/>/);
  const text = await app.inject({ url: `/v1/imports/${id}`, headers: { accept: "text/plain" } });
  assert.match(String(text.headers["content-type"]), /^text\/plain/);
  assert.match(text.body, /^Import of users, roster\.xml: applied\.\n1 person was NOT added and gets no alerts\./);
  assert.match(text.body, / {2}row 9 \(line \d+\), failed, group_code_damaged: "1" is not a group code/);
});

test("an XML request that asks for nothing gets XML", async () => {
  const answer = await app.inject({
    method: "POST",
    url: `${url}?dryRun=true`,
    body: roster(person(1)),
    headers: { "content-type": "text/xml" },
  });
  assert.equal(answer.status, 201);
  assert.match(answer.body, /^<\?xml .*\n<import>/);
  const refused = await app.inject({ method: "POST", url, body: "<users>", headers: { "content-type": "text/xml" } });
  assert.match(String(refused.headers["content-type"]), /^application\/problem\+xml/);
});

test("a dry run tells what would happen and changes nothing", async () => {
  const before = await people();
  const { status, json } = await send(roster(person(801)), {}, "?dryRun=true");
  assert.equal(status, 201);
  assert.equal(json.status, "planned");
  assert.equal(json.dryRun, true);
  assert.equal(json.counts.added, 1);
  assert.equal(await people(), before);
});

test("a document that is refused gets a problem which names line and import, and changes nothing", async () => {
  const before = await people();
  const refusals: [string, number, string][] = [
    ["", 400, "body_missing"],
    ["not xml", 400, "xml_not_well_formed"],
    [`<users type="array">\n${person(802)}\n<user>`, 400, "xml_cut_off"],
    [`<!DOCTYPE users><users type="array">${person(802)}</users>`, 400, "xml_doctype_forbidden"],
    [`<people type="array">${person(802)}</people>`, 422, "document_root_wrong"],
    [`<users>${person(802)}</users>`, 422, "document_type_missing"],
    [`<users type="array"></users>`, 422, "document_empty"],
    [roster(person(802), "x".repeat(200_000)), 413, "body_too_large"],
  ];
  for (const [body, status, code] of refusals) {
    const answer = await send(body);
    assert.equal(answer.status, status, `${code}: ${answer.body}`);
    assert.equal(answer.json.code, code);
    const { json } = await app.inject({ url: `/v1/imports/${answer.json.importId}` });
    assert.equal(json.status, "failed");
    assert.equal(json.problem.code, code);
    assert.equal(json.problem.line, answer.json.line);
  }
  assert.equal((await send(refusals[2]?.[0] ?? "")).json.line, 3);
  assert.equal(await people(), before);
});

test("a file that comes in a way that is not taken is an attempt, too", async () => {
  const before = await people();
  const refusals: [Record<string, string>, number, string][] = [
    [{ "content-encoding": "br" }, 415, "media_type_unsupported"],
    [{ "content-type": "application/pdf" }, 415, "media_type_unsupported"],
    [{ "content-type": "multipart/form-data" }, 400, "multipart_invalid"],
    [{ "content-type": "multipart/form-data; boundary=x" }, 400, "body_incomplete"],
  ];
  for (const [headers, status, code] of refusals) {
    const answer = await send(roster(person(803)), headers);
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.json.code, code);
    const { json } = await app.inject({ url: `/v1/imports/${answer.json.importId}` });
    assert.deepEqual([json.status, json.problem.code], ["failed", code]);
  }
  assert.equal(await people(), before);
});

test("a report for people begins with the rows that failed, however many others there are to look at", async () => {
  const warned = (row: number) => person(row).replace("</user>", "<showAllGroups>perhaps</showAllGroups></user>");
  const rows = Array.from({ length: 60 }, (_, index) => warned(810 + index));
  const report = async (...more: string[]) => {
    const headers = { "content-type": "text/xml", accept: "text/plain" };
    const answer = await app.inject({
      method: "POST",
      url: `${url}?dryRun=true`,
      body: roster(...rows, ...more),
      headers,
    });
    assert.equal(answer.status, 201, answer.body);
    return answer.body.split("\n").filter((line) => line.startsWith("  "));
  };
  const fails = "<user><firstName>Nobody</firstName></user>";
  const listed = await report(fails);
  assert.match(listed[0]!, /^ {2}row 61 .*, failed, /);
  assert.match(listed[1]!, /^ {2}row 1 /);
  assert.equal(listed.length, 8);
  assert.match(listed[6]!, /… and 44 more: added, /);
  assert.match(listed[7]!, /… and more: GET /);
  const onlyFailed = await report(...Array.from({ length: 50 }, () => fails));
  assert.ok(onlyFailed.slice(0, 5).every((line) => line.includes(", failed, ")));
  assert.match(onlyFailed[5]!, /… and 45 more: failed, /);
  assert.match(onlyFailed[6]!, /… and more: GET /);
});

test("a refusal is text for a person where a report was asked for", async () => {
  const headers = { "content-type": "text/xml", accept: "text/plain" };
  const answer = await app.inject({ method: "POST", url, body: '<users type="array">\n<user>', headers });
  assert.equal(answer.status, 400);
  assert.match(String(answer.headers["content-type"]), /^text\/plain/);
  assert.match(answer.body, /^Refused \(xml_cut_off\): [^\n]*line 2, column \d+[^\n]*\n\nImport [0-9a-f-]{36}\n$/i);
  assert.equal(answer.body.match(/line 2/gi)?.length, 1);
});

test("parameters are checked before an import is opened", async () => {
  const before = await lastImport();
  const errors: [string, Record<string, string>, number, string][] = [
    ["?style=static", {}, 400, "request_invalid"],
    ["?style=x", {}, 400, "request_invalid"],
    ["?dryRun=yes", {}, 400, "request_invalid"],
    ["?dryrun=true", {}, 400, "request_invalid"],
    ["?source=", {}, 400, "request_invalid"],
    ["?source=unknown", {}, 422, "source_unknown"],
    ["", { "idempotency-key": "a b" }, 400, "request_invalid"],
  ];
  for (const [query, headers, status, code] of errors) {
    const answer = await send(roster(person(803)), headers, query);
    assert.equal(answer.json.code, code, `${query}: ${answer.body}`);
    assert.equal(answer.status, status);
  }
  assert.equal((await app.inject({ method: "POST", url })).json.code, "body_missing");
  assert.deepEqual(await lastImport(), before);
});

test("a key that is bound to a source imports that source and no other", async () => {
  await database.owner.query(
    `insert into sources (organization_id, number, name, rank, created_at, updated_at)
     values ($1, 4, 'students', 2, now(), now())`,
    [app.organizationId],
  );
  const key = await app.keyWith(["import"], { name: "students", source: "students" });
  const own = await send(roster(person(1)), {}, "?dryRun=true", key);
  assert.equal(own.json.source.name, "students");
  assert.equal((await send(roster(person(1)), {}, "?dryRun=true&source=students", key)).status, 201);
  const foreign = await send(roster(person(1)), {}, "?source=default", key);
  assert.equal(foreign.status, 403);
  assert.equal(foreign.json.code, "forbidden");
});

test("imports are listed latest first, by pages and filters", async () => {
  const { json: all } = await app.inject({ url: "/v1/imports?limit=1000" });
  const ids = all.items.map(({ id }: { id: string }) => id);
  assert(ids.length > 10);
  const paged: string[] = [];
  let cursor: string | null = null;
  do {
    const { json } = await app.inject({ url: `/v1/imports?limit=4${cursor === null ? "" : `&cursor=${cursor}`}` });
    paged.push(...json.items.map(({ id }: { id: string }) => id));
    cursor = json.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(paged, ids);
  const { json: failed } = await app.inject({ url: "/v1/imports?status=failed&source=default" });
  assert(failed.items.every(({ status }: { status: string }) => status === "failed"));
  assert.deepEqual((await app.inject({ url: "/v1/imports?source=students" })).json.items.length, 2);
});

test("rows are listed by pages and filters, and an unknown import is not found", async () => {
  const bad = [901, 902, 903].map((id) => person(id, "<phone>123;55</phone>"));
  const { json } = await send(roster(...bad, "<user><firstName>Nobody</firstName></user>"));
  const rows = `/v1/imports/${json.id}/rows`;
  const { json: all } = await app.inject({ url: rows });
  assert.equal(all.items.length, 7);
  const { json: first } = await app.inject({ url: `${rows}?limit=3` });
  const { json: rest } = await app.inject({ url: `${rows}?limit=4&cursor=${first.nextCursor}` });
  assert.deepEqual([...first.items, ...rest.items], all.items);
  assert.equal(rest.nextCursor, null);
  assert.equal((await app.inject({ url: `${rows}?outcome=failed` })).json.items.length, 1);
  const impossible = all.items.filter(({ code }: { code: string }) => code === "phone_impossible");
  assert(impossible.length > 0);
  assert.deepEqual((await app.inject({ url: `${rows}?code=phone_impossible` })).json.items, impossible);
  const unknown = "/v1/imports/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a";
  for (const address of [unknown, `${unknown}/rows`]) {
    assert.equal((await app.inject({ url: address })).json.code, "not_found");
  }
});

test("imports are counted for /metrics, by status", async () => {
  const { body } = await app.inject({ url: "/metrics" });
  assert.match(body, /^muster_imports_total\{kind="users",status="applied"\} 2$/m);
  assert.match(body, /^muster_imports_total\{kind="users",status="failed"\} [1-9]\d*$/m);
  assert.match(body, /^muster_import_rows_total\{kind="users",outcome="read"\} 16$/m);
  assert.match(
    body,
    /^muster_http_request_duration_seconds_count\{method="POST",route="\/v1\/imports\/users",status="201"\} \d+$/m,
  );
});
