/** The queue of what waits, as existing jobs use it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addUser, app, ask, done, send, submit } = await startModerationTest();
const key = await app.keyWith(["approvals"]);
await addGroup("CHESS", { privacy: 2, postApproval: true, name: "Chess & Go" });
const author = await addMember("CHESS", 0);
const asker = async () => (await addUser({ firstName: "Jane", lastName: "Doe" })).id;

const call = (method: "GET" | "POST", path: string, query = "", body?: string, headers = {}) =>
  app.inject({
    method,
    url: `/api/v2/pending${path}?api_key=${key}${query}`,
    key: null,
    headers,
    ...(body === undefined ? {} : { body }),
  });
const form = { "content-type": "application/x-www-form-urlencoded" };

test("the queue is listed as XML, or as JSON or CSV to who asks for that", async () => {
  const topic = (await done(submit("CHESS", author, { subject: "A < B, C" }))).id;
  const userId = await asker();
  const request = (await done(ask("CHESS", userId))).id;
  app.advanceClock(60_000);
  const xml = await call("GET", "");
  assert.equal(xml.headers["content-type"], "application/xml; charset=utf-8");
  assert.match(xml.body, /^<\?xml .*\?>\n<pending type="array">\n<item>\n {2}<id>/);
  assert.ok(xml.body.includes(`<id>${topic}</id>`) && xml.body.includes("<summary>A &lt; B, C</summary>"), xml.body);
  assert.ok(xml.body.includes("<groupID>CHESS</groupID>") && xml.body.includes("<age>60</age>"), xml.body);
  const { json } = await call("GET", "", "&type=membership&groupID=CHESS&nonsense=1", undefined, {
    accept: "application/json",
  });
  const { createdAt: _, ...item } = json.pending[0];
  assert.deepEqual(item, {
    id: request,
    type: "membership",
    groupID: "CHESS",
    groupName: "Chess & Go",
    userID: userId,
    summary: "Jane Doe asks to join Chess & Go",
    requestedBy: "Jane Doe",
    age: "60",
    actions: "approve;reject",
    text: "",
  });
  const csv = await call("GET", "", "&type=topic", undefined, { accept: "text/csv" });
  assert.match(csv.body, /^id,type,groupID,groupName,summary,userID,requestedBy,createdAt,age,actions,text\r?\n/);
  assert.ok(csv.body.includes('"A < B, C"'), csv.body);
  assert.equal((await call("GET", "", "&groupID=NONE")).body.includes("<item>"), false);
});

test("what somebody writes is no formula in a spreadsheet, and no markup", async () => {
  const userId = (await addUser({ firstName: "=1+1", lastName: "<b>" })).id;
  await done(ask("CHESS", userId, { message: "+cmd|'/c calc'!A1" }));
  const subjects = ['=HYPERLINK("http://x")', "@SUM(A1)", "-2+3+cmd|x", "+1+cmd|x"];
  for (const subject of subjects) await done(submit("CHESS", author, { subject }));
  const { body } = await call("GET", "", "", undefined, { accept: "text/csv" });
  assert.doesNotMatch(body, /(?:^|[\r\n,])"?[=@+-]/, body);
  assert.match(body, /,'@SUM\(A1\),/);
  const xml = (await call("GET", "")).body;
  assert.ok(xml.includes("<requestedBy>=1+1 &lt;b&gt;</requestedBy>"), xml);
});

test("a job decides by the address or by a form, in XML, and a person is named", async () => {
  const topic = (await done(submit("CHESS", author))).id;
  const request = (await done(ask("CHESS", await asker()))).id;
  const unnamed = await call("POST", `/${topic}/approve`);
  assert.equal(unnamed.status, 400);
  assert.match(unnamed.body, /<code>request_invalid<\/code>/);
  const approved = await call("POST", `/${topic}/approve`, "&decidedBy=Kim%20Park");
  assert.equal(approved.status, 200, approved.body);
  assert.match(approved.body, /^<\?xml .*\?>\n<item>\n {2}<id>.*<\/id>\n {2}<type>topic<\/type>/);
  assert.match(approved.body, /<status>published<\/status>/);
  const rejected = await call("POST", `/${request}/reject`, "", "decidedBy=Kim+Park&reason=No+seat%0Aleft", form);
  assert.equal(rejected.status, 200, rejected.body);
  const { decisions } = await send("GET", `/v1/membership-requests/${request}`);
  assert.deepEqual([decisions[0].decidedBy, decisions[0].reason], ["Kim Park", "No seat\nleft"]);
});

test("a job decides by JSON, and JSON that is not a decision is refused", async () => {
  const json = { "content-type": "application/json" };
  const topic = (await done(submit("CHESS", author))).id;
  for (const [body, reason] of [
    ["[]", /is not a JSON object/],
    ["null", /is not a JSON object/],
    ["{", /is no valid JSON/],
    ['{"decidedBy":17}', /decidedBy/],
    ['{"decidedBy":"Kim","dryRun":true}', /does not support dryRun/],
  ] as const) {
    const refused = await call("POST", `/${topic}/approve`, "", body, json);
    assert.equal(refused.status, 400, body);
    assert.match(refused.json.detail, reason);
  }
  const approved = await call("POST", `/${topic}/approve`, "", '{"decidedBy":"Kim Park"}', json);
  assert.equal(approved.status, 200, approved.body);
  assert.equal(approved.json.decision.decidedBy, "Kim Park");
});

test("of two jobs at once one decides, and the other is told who did", async () => {
  const topic = (await done(submit("CHESS", author))).id;
  const answers = await Promise.all([
    call("POST", `/${topic}/approve`, "&decidedBy=Kim"),
    call("POST", `/${topic}/reject`, "&decidedBy=Lee&reason=No"),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  const lost = answers.find(({ status }) => status === 409);
  assert.match(lost!.body, /<detail>(Kim has decided already: approved|Lee has decided already: rejected) at /);
});

test("nothing that a job sends makes a 500", async () => {
  const topic = (await done(submit("CHESS", author))).id;
  for (const body of ["", "decidedBy", "decidedBy=%00", "decidedBy=%ff%fe", "__proto__=x", "a=b&".repeat(1000), "{}"]) {
    const { status } = await call("POST", `/${topic}/reject`, "", body, form);
    assert.equal(status, 400, body);
  }
  assert.equal((await call("POST", `/${topic}/reject`, "", "x".repeat(100_000), form)).status, 413);
  assert.equal((await call("POST", `/${topic}/reject`, "&decidedBy=a&decidedBy=b")).status, 400);
  assert.equal((await call("POST", "/x/reject", "&decidedBy=a")).status, 400);
  assert.equal((await call("GET", "", "&type=none")).status, 400);
  const ignored = await call("POST", `/${topic}/approve`, "&decidedBy=Kim", "<x/>", { "content-type": "text/xml" });
  assert.equal(ignored.status, 200, ignored.body);
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error"),
    [],
  );
});

test("a held import is decided about without its hash, and not approved by who may import", async () => {
  await send("PUT", "/v1/sources/roster", { style: "active-roster" });
  const roster = (count: number) => {
    const rows = Array.from({ length: count }, (_, index) => `P,p${index}@x.org,D${index},CHESS`).join("\n");
    const body = `firstName,email,databaseID,groupID\n${rows}\n`;
    const url = "/v1/imports/users?source=roster";
    return app.inject({
      method: "POST",
      url,
      body,
      headers: { "content-type": "text/csv", accept: "application/json" },
    });
  };
  await done(roster(30));
  const { id } = await done(roster(5), 202);
  const url = `/api/v2/pending/${id}/approve?decidedBy=Kim`;
  const importer = await app.keyWith(["approvals", "import"]);
  assert.equal((await app.inject({ method: "POST", url, key: importer })).status, 403);
  const approved = await call("POST", `/${id}/approve`, "&decidedBy=Kim");
  assert.match(approved.body, /<status>applied<\/status>/);
});
