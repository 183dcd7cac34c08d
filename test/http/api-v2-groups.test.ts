/** The addresses of groups that existing jobs call (file formats, section 6; docs/migrating-from-regroup.md). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";

const { app, owner, send, addUser, addOrganization, changesSince, lastSequence, rulesEpoch } =
  await startDirectoryTest();
const other = await addOrganization();

after(() =>
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error" || level === "fatal"),
    [],
  ),
);

const json = { accept: "application/json" };
type Method = "GET" | "POST" | "DELETE";
const call = (method: Method, path: string, query = "", headers: Record<string, string> = {}, body?: string) =>
  app.inject({
    method,
    url: `/api/v2/groups${path}?api_key=${app.key}${query}`,
    headers,
    key: null,
    ...(body === undefined ? {} : { body }),
  });
const document = (...groups: string[]) =>
  `<groups type="array">${groups.map((group) => `<group>${group}</group>`).join("")}</groups>`;
const post = (body: string, headers: Record<string, string> = {}, query = "") =>
  call("POST", "", query, { "content-type": "application/xml", ...headers }, body);
const rowsOf = async (body: string) => (await post(body, json)).json.groups;

test("groups are created from XML, answered row by row, and listed as a document that can be loaded back", async () => {
  const before = await lastSequence();
  const answer = await post(
    document(
      "<groupID>BIO</groupID><name>Biology &amp; more</name><category>Course</category><type>2</type><postApproval>1</postApproval>",
      "<name>Chess</name><category>8</category><privacy>3</privacy><parentGroupID>BIO</parentGroupID>",
    ),
  );
  assert.equal(answer.status, 200, answer.body);
  assert.match(String(answer.headers["content-type"]), /^application\/xml/);
  assert.match(answer.body, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<import>\n[\s\S]*<status>applied<\/status>/);
  assert.match(
    answer.body,
    /<groups type="array">\n<group>\n {2}<row>1<\/row>\n {2}<groupID>BIO<\/groupID>\n {2}<action>Add<\/action>\n {2}<status>Successful<\/status>\n {2}<message\/>\n<\/group>\n<group>\n {2}<row>2<\/row>\n {2}<groupID>1001<\/groupID>\n {2}<action>Add<\/action>\n {2}<status>Successful<\/status>\n {2}<message\/>\n<\/group>\n<\/groups>\n<\/import>\n$/,
  );
  assert.deepEqual(
    (await changesSince(before)).map(({ type, action, id }) => [type, action, id]),
    [
      ["group", "created", "BIO"],
      ["group", "created", "1001"],
    ],
  );
  const list = await call("GET", "");
  assert.equal(list.status, 200, list.body);
  assert.equal(
    list.body,
    `<?xml version="1.0" encoding="UTF-8"?>
<groups type="array">
<group>
  <groupID>1001</groupID>
  <name>Chess</name>
  <category>8</category>
  <type>1</type>
  <postApproval>0</postApproval>
  <privacy>3</privacy>
  <description/>
  <style/>
  <default>0</default>
  <protected>0</protected>
  <guardPercent/>
  <parentGroupID>BIO</parentGroupID>
</group>
<group>
  <groupID>BIO</groupID>
  <name>Biology &amp; more</name>
  <category>9</category>
  <type>2</type>
  <postApproval>1</postApproval>
  <privacy>1</privacy>
  <description/>
  <style/>
  <default>0</default>
  <protected>0</protected>
  <guardPercent/>
  <parentGroupID/>
</group>
</groups>
`,
  );
});

test("another organization loads the list back, in XML and in JSON, and lists the same", async () => {
  const everything = { style: "static", default: true, protected: true, guardPercent: 0, description: "Two\nlines" };
  await send("POST", "/v1/groups", { groupId: "ALL-OF-IT", category: 12, ...everything });
  for (const [accept, type] of [
    ["application/json", "application/json"],
    ["application/xml", "application/xml"],
  ] as const) {
    const { key } = await addOrganization();
    const list = await call("GET", "", "", { accept });
    const answer = await app.inject({
      method: "POST",
      url: `/api/v2/groups?api_key=${key}`,
      key: null,
      body: list.body,
      headers: { "content-type": type, ...json },
    });
    assert.deepEqual([answer.status, answer.json.counts.failed], [200, 0], answer.body);
    const copy = await app.inject({ url: `/api/v2/groups?api_key=${key}`, key: null, headers: { accept } });
    assert.equal(copy.body, list.body);
  }
});

test("an organization without groups lists none", async () => {
  const { key } = await addOrganization();
  const list = (accept: string) => app.inject({ url: `/api/v2/groups?api_key=${key}`, key: null, headers: { accept } });
  assert.match((await list("*/*")).body, /<groups type="array">\n<\/groups>\n$/);
  assert.deepEqual((await list("application/json")).json, { groups: [] });
});

test("a list of more groups than a page has all of them, once", async () => {
  const { organizationId, key } = await addOrganization();
  await owner.query(
    `insert into groups (organization_id, group_id, name, name_normalized, created_at, updated_at)
     select $1, 'N' || lpad(n::text, 4, '0'), 'N' || n, 'n' || n, now(), now() from generate_series(1, 2000) n`,
    [organizationId],
  );
  const ids = async () => {
    const { json: list } = await app.inject({ url: `/api/v2/groups?api_key=${key}`, key: null, headers: json });
    return list.groups.map(({ groupID }: { groupID: string }) => groupID);
  };
  const expected = Array.from({ length: 2000 }, (_, index) => `N${String(index + 1).padStart(4, "0")}`);
  assert.deepEqual(await ids(), expected);
});

test("a group with any invalid value is not created, the others are, and each row says why", async () => {
  await send("POST", "/v1/groups", { groupId: "TAKEN", name: "Taken" });
  const rows = await rowsOf(
    document(
      "<name>Good</name>",
      `<name>${"x".repeat(50)}</name>`,
      "<name>TAKEN</name>",
      "<groupID>FREE</groupID><name>taken</name>",
      "<name>A</name><category>17</category>",
      "<category>1</category>",
    ),
  );
  assert.deepEqual(
    rows.map(({ action, status, message }: { action: string; status: string; message: string }) => [
      action,
      status,
      message.slice(0, 60),
    ]),
    [
      ["Add", "Successful", ""],
      ["Add", "Fail", "name was refused: it has more than 49 characters."],
      ["Modify", "Fail", "name was refused: line 1 is about the same group, and nobody"],
      ["Add", "Fail", "name was refused: it is the name of the group TAKEN."],
      ["Add", "Fail", 'category was refused: "17" is neither one of 1, 2, 3, 4, 5, '],
      ["Add", "Fail", "name was refused: it is blank, and there is no groupID eithe"],
    ],
  );
  assert.equal((await send("GET", "/v1/groups/TAKEN")).version, 1);
});

test("known groups are changed, emptied and deleted, and what is held is answered with 200, too", async () => {
  await send("POST", "/v1/groups", { groupId: "KNOWN" });
  await send("POST", "/v1/groups", { groupId: "HELD", protected: true });
  await addUser({ memberships: [{ groupId: "HELD" }] });
  const answer = await post(
    document(
      "<groupID>KNOWN</groupID><category>8</category>",
      "<action>purge</action><groupID>HELD</groupID>",
      "<action>delete</action><groupID>NEVER</groupID>",
    ),
    json,
  );
  assert.deepEqual([answer.status, answer.json.status], [200, "held"], answer.body);
  assert.equal((await send("GET", "/v1/groups/KNOWN")).category, 8);
  assert.equal((await send("GET", "/v1/groups/HELD")).members, 1);
});

test("the same bytes within ten minutes are answered with the first import", async () => {
  const body = document("<name>Repeated</name>");
  const [first, again] = [await post(body, json), await post(body, json)];
  assert.equal(again.body, first.body.replace('"isReplay":false', '"isReplay":true'));
  app.advanceClock(601_000);
  const later = await post(body, json);
  assert.notEqual(later.json.id, first.json.id);
  assert.deepEqual(
    [later.json.groups[0].action, later.json.groups[0].groupID],
    ["Modify", first.json.groups[0].groupID],
  );
});

test("JSON, CSV and text are taken too", async () => {
  const asJson = await post('{"groups":[{"name":"From JSON","category":8,"default":false}]}', {
    "content-type": "application/json",
  });
  assert.equal(asJson.json.groups[0].status, "Successful", "JSON is answered in JSON");
  const csv = await post('From CSV,8,2,1,"Mondays, at 7"\n', { "content-type": "text/csv" });
  assert.match(csv.body, /<status>Successful<\/status>/);
  const text = await post(document("<name>From text</name>"), { "content-type": "text/plain" });
  assert.match(text.body, /<status>Successful<\/status>/);
});

test("a document that is refused creates nothing, and its problem is XML", async () => {
  const before = [await lastSequence(), await rulesEpoch()];
  const refused: readonly [string, number, string][] = [
    ["<groups><group/></groups>", 422, "document_type_missing"],
    ["<users type='array'><user/></users>", 422, "document_root_wrong"],
    ["<groups type='array'><group><name>X</name></group>", 400, "xml_cut_off"],
    ["<groups type='array'></groups>", 422, "document_empty"],
    ["", 400, "body_missing"],
  ];
  for (const [body, status, code] of refused) {
    const answer = await post(body);
    assert.equal(answer.status, status, answer.body);
    assert.match(answer.body, new RegExp(`^<\\?xml[\\s\\S]*<code>${code}</code>`));
  }
  const form = await call("POST", "", "", { "content-type": "application/x-www-form-urlencoded" }, "name=X");
  assert.equal(form.status, 415);
  assert.deepEqual([await lastSequence(), await rulesEpoch()], before);
});

test("parameters that nobody knows are ignored, and a key needs its service", async () => {
  assert.equal((await call("GET", "", "&page=7&x[]=1&__proto__=1")).status, 200);
  const [reader, importer] = [await app.keyWith(["retrieve"]), await app.keyWith(["import"])];
  const status = async (key: string, method: Method, path = "") =>
    (await app.inject({ method, url: `/api/v2/groups${path}?api_key=${key}`, key: null })).status;
  assert.deepEqual([await status(reader, "GET"), await status(reader, "DELETE", "/X")], [200, 403]);
  assert.equal(await status(importer, "GET"), 403);
  assert.equal(await status("muster_wrong", "POST", "/X/purge"), 401);
});

test("groups of another organization are unknown", async () => {
  await send("POST", "/v1/groups", { groupId: "MINE" });
  const asOther = (method: Method, path: string) =>
    app.inject({ method, url: `/api/v2/groups${path}?api_key=${other.key}`, key: null, headers: json });
  const bare = (body: string) => ({ ...JSON.parse(body), requestId: "" });
  for (const [method, action] of [
    ["POST", "/purge"],
    ["DELETE", ""],
  ] as const) {
    const answers = [await asOther(method, `/MINE${action}`), await asOther(method, `/NONE${action}`)] as const;
    assertProblem(answers[0], 404, "not_found");
    assert.deepEqual(bare(answers[0].body), bare(answers[1].body));
  }
  assert.deepEqual((await asOther("GET", "")).json, { groups: [] });
});

test("no address and no value makes a 500", async () => {
  const ids = [
    "__proto__",
    "%00",
    "%FF",
    "%",
    "..",
    "%2e%2e%2fx",
    "'",
    "9".repeat(2000),
    "%F0%9F%91%A9",
    "x".repeat(900),
  ];
  for (const id of ids) {
    for (const [method, path] of [
      ["POST", `/${id}/purge`],
      ["DELETE", `/${id}`],
    ] as const) {
      const { status, body } = await call(method, path);
      assert.ok([400, 404, 405, 414].includes(status), `${method} ${path}: ${status} ${body}`);
    }
  }
  const values = [
    "",
    "\u0001",
    "\ud800",
    "x".repeat(100_000),
    "'; drop table groups; --",
    "👩‍👩‍👧",
    "-1",
    "1e9",
    "null",
  ];
  for (const field of ["groupID", "name", "category", "type", "privacy", "postApproval", "description", "style"]) {
    for (const value of [...values, "\u0000", null, 1e308, true, [], {}, ["a"]]) {
      const answer = await post(JSON.stringify([{ name: "Hostile", [field]: value }]), {
        "content-type": "application/json",
      });
      assert.ok([200, 400, 413, 422].includes(answer.status), `${field} ${value}: ${answer.status} ${answer.body}`);
    }
  }
});

test("after all of this the change log rebuilds the people", () => assertReplayRebuildsList(app, owner));
