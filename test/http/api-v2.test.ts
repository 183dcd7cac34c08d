/** The addresses that existing jobs call (docs/migrating-from-regroup.md). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);

const person = (id: string, more = "") =>
  `<user><firstName>P${id}</firstName><email>p${id}@example.edu</email><groupID>G1</groupID><databaseID>${id}</databaseID>${more}</user>`;
const roster = (...people: string[]) => `<users type="array">${people.join("\n")}</users>`;
const xml = { "content-type": "application/xml" };
const post = (body: string, query = `api_key=${app.key}`, headers: Record<string, string> = xml) =>
  app.inject({ method: "POST", url: `/api/v2/users?${query}`, body, headers, key: null });
const imports = async () => (await app.inject({ url: "/v1/imports" })).json.items;

test("XML is answered in XML, row by row, with 200", async () => {
  const answer = await post(roster(person("1"), person("2", "<showAllGroups>9</showAllGroups>"), "<user></user>"));
  assert.equal(answer.status, 200, answer.body);
  assert.match(String(answer.headers["content-type"]), /^application\/xml/);
  const [{ id }] = await imports();
  assert.equal(
    answer.body.replace(/<counts>[\s\S]*<\/counts>\n/, ""),
    `<?xml version="1.0" encoding="UTF-8"?>
<import>
<id>${id}</id>
<status>applied</status>
<summary>1 person was NOT added and gets no alerts. 3 rows read; 2 added, 0 updated, 0 unchanged. 1 row failed. 1 row has warnings. 1 group created.</summary>
<isReplay>false</isReplay>
<users type="array">
<user>
  <row>1</row>
  <action>Add</action>
  <status>Successful</status>
  <message/>
</user>
<user>
  <row>2</row>
  <action>Add</action>
  <status>Successful</status>
  <message>showAllGroups is 0 or 1, not &quot;9&quot;. It was left out.</message>
</user>
<user>
  <row>3</row>
  <action>Add</action>
  <status>Fail</status>
  <message>The row has no identifier: no databaseID, no userID and no readable e-mail. Add one of them and send the row again.</message>
</user>
</users>
</import>
`,
  );
});

test("JSON is answered in JSON, CSV and text in XML", async () => {
  const json = await post(
    JSON.stringify([{ databaseID: "3", firstName: "A", email: "a@example.edu", groupID: "G1" }]),
    undefined,
    {
      "content-type": "application/json",
    },
  );
  assert.deepEqual(json.json.users, [{ row: 1, action: "Add", status: "Successful", message: "" }]);
  assert.equal(json.json.counts.added, 1);
  for (const type of ["text/csv", "text/plain"]) {
    const answer = await post(`A,B,${type.slice(5)}@example.edu,,,G1\n`, undefined, { "content-type": type });
    assert.equal(answer.status, 200, answer.body);
    assert.match(answer.body, /^<\?xml [\s\S]*<action>Add<\/action>/);
  }
});

test("the key may be in the address or in the header; without one, or with a wrong one, nothing is read", async () => {
  const body = roster(person("4"));
  assert.equal((await post(body, "", { ...xml, authorization: `Bearer ${app.key}` })).status, 200);
  const none = await post(body, "");
  assert.equal(none.status, 401);
  assert.match(none.body, /^<\?xml[\s\S]*<code>unauthenticated<\/code>/);
  assert.equal((await post(body, "api_key=muster_wrong")).status, 401);
  assert.equal((await post(body, "api_key=")).status, 401);
  const retrieve = await app.keyWith(["retrieve"]);
  assert.equal((await post(body, `api_key=${retrieve}`)).status, 403);
});

test("parameters that nobody knows are ignored", async () => {
  const answer = await post(roster(person("5")), `api_key=${app.key}&nonsense=style&format=xml&x[]=1`);
  assert.equal(answer.status, 200, answer.body);
});

test("a document that is refused gets its problem in the format of the request", async () => {
  const answer = await post("<users>");
  assert.equal(answer.status, 422);
  assert.match(answer.body, /<code>document_type_missing<\/code>/);
  const json = await post("[1]", undefined, { "content-type": "application/json" });
  assert.equal(json.json.code, "document_structure_wrong");
});

test("the same bytes with the same key within ten minutes are answered with the first import", async () => {
  const body = roster(person("6"));
  const before = (await imports()).length;
  const first = await post(body);
  const again = await post(body);
  assert.equal(again.body, first.body.replace("<isReplay>false<", "<isReplay>true<"));
  assert.match(again.body, /<added>1<\/added>/);
  assert.deepEqual([first.headers["idempotent-replay"], again.headers["idempotent-replay"]], [undefined, "true"]);
  assert.equal((await imports()).length, before + 1);
  app.advanceClock(10 * 60 * 1000 + 1);
  const later = await post(body);
  assert.match(later.body, /<unchanged>1<\/unchanged>/);
  assert.equal((await imports()).length, before + 2);
});

test("the same bytes are processed again if anything has changed since", async () => {
  const right = roster(person("61"));
  const wrong = right.replace(/<firstName>[^<]*</, "<firstName>Wrong<");
  const added = await post(right);
  assert.match(added.body, /<added>1<\/added>/);
  assert.match((await post(wrong)).body, /<updated>1<\/updated>/);
  const repaired = await post(right);
  assert.match(repaired.body, /<updated>1<\/updated>/);
  assert.match(repaired.body, /<isReplay>false<\/isReplay>/);
  assert.match((await post(right)).body, /<isReplay>true<\/isReplay>/);
});

test("repeats that come while the first is in flight wait for it", async () => {
  const body = roster(person("7"));
  const before = (await imports()).length;
  const answers = await Promise.all([post(body), post(body), post(body)]);
  assert.equal(new Set(answers.map(({ body: text }) => text.replace(/<isReplay>.*?</, "<"))).size, 1);
  assert.deepEqual(answers.filter(({ body: text }) => text.includes("<isReplay>true<")).length, 2);
  assert.equal(answers[0]!.status, 200);
  assert.equal((await imports()).length, before + 1);
});

/** Sends the same bytes while their first import waits for a writer. Something changes right after its end. */
async function repeatBeforeChange(body: string, statement: string): Promise<readonly string[]> {
  const before = (await imports()).length;
  const writer = await database.owner.connect();
  await writer.query(
    `create function test_change() returns trigger language plpgsql as $$ begin ${statement}; return new; end $$`,
  );
  await writer.query(
    "create trigger test_change before update of head_sequence on imports for each row execute function test_change()",
  );
  await writer.query("begin; select from feed_heads for update");
  const sent = [post(body)];
  const isThere = async (count: number) => {
    for (let look = 0; look < 50 && (await imports()).length < before + count; look++) await pause(20);
  };
  await isThere(1);
  sent.push(post(body));
  await isThere(2);
  await writer.query("commit");
  const answers = await Promise.all(sent);
  await writer.query("drop trigger test_change on imports; drop function test_change");
  writer.release();
  return answers.map((answer) => /<isReplay>(.*)<\/isReplay>/.exec(answer.body)?.[1] ?? answer.body);
}

test("a repeat of an import in flight is an import of its own if an edit follows the first one at once", async () => {
  const moved = "new.head_sequence = (select last_sequence - 1 from feed_heads)";
  assert.deepEqual(await repeatBeforeChange(roster(person("71")), moved), ["false", "false"]);
});

test("a repeat of an import in flight is an import of its own if a setting changes after the first one at once", async () => {
  const changed = "update organizations set rules_epoch = rules_epoch + 1";
  assert.deepEqual(await repeatBeforeChange(roster(person("72")), changed), ["false", "false"]);
});

test("the same bytes are processed again after a change of the source's settings", async () => {
  const body = roster(person("73"));
  await post(body);
  const rank = { rank: 1, primaryEmail: "source" };
  assert.equal((await app.inject({ method: "PUT", url: "/v1/sources/default", body: rank })).status, 200);
  assert.match((await post(body)).body, /<isReplay>false<\/isReplay>/);
  assert.match((await post(body)).body, /<isReplay>true<\/isReplay>/);
});

test("the same bytes with another key, or another body, are another import", async () => {
  const other = await app.keyWith(["import"]);
  const before = (await imports()).length;
  await post(roster(person("8")));
  await post(roster(person("8")), `api_key=${other}`);
  await post(`${roster(person("8"))}\n`);
  assert.equal((await imports()).length, before + 3);
});

test("a refused document may be sent again at once", async () => {
  assert.equal((await post("<users type='array'>")).status, 400);
  assert.equal((await post("<users type='array'>")).status, 400);
});

test("a roster that is held is answered with 200, and after it was discarded the same bytes are processed again", async () => {
  const style = (value: string | null) =>
    app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { style: value } } });
  await style("active-roster");
  const body = roster(person("9"));
  const before = (await imports()).length;
  const held = await post(body);
  assert.equal(held.status, 200, held.body);
  assert.match(held.body, /<status>held<\/status>\n\s*<summary>HELD, removals only: default, /);
  const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(held.body)!;
  await post(body);
  assert.equal((await imports()).length, before + 1, "the same bytes again are the same import");
  const key = await app.keyWith(["approvals"]);
  const discard = { method: "POST", url: `/v1/imports/${id}/discard`, body: { decidedBy: "Kim Park" }, key } as const;
  assert.equal((await app.inject(discard)).json.status, "discarded");
  const again = await post(body);
  assert.match(again.body, /<status>held<\/status>/);
  assert.equal((await imports()).length, before + 2);
  await style(null);
});

test("the key is in no log line", async () => {
  const secret = await app.keyWith(["import"], { name: "secret" });
  await post(roster(person("9")), `api_key=${secret}`);
  await post("<users", `api_key=${secret}`);
  await app.inject({ url: `/api/v2/nothing?api_key=${secret}`, key: null });
  assert.ok(app.log.length > 0);
  assert.ok(!JSON.stringify(app.log).includes(secret));
});
