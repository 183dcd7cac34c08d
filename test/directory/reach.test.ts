import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, send, addUser, addOrganization } = await startDirectoryTest();
const other = await addOrganization();
await send("PATCH", "/v1/organization", { settings: { requireEmail: false } });
const optOut = (body: object) => send("POST", "/v1/opt-outs", body);
const phone = (number: string, messageType = 3) => ({ number, messageType });

let groups = 0;
/** Makes a group of people for one test; a person without e-mails in `users` gets one. */
async function groupOf(...users: object[]) {
  const groupId = `REACH-${++groups}`;
  await send("POST", "/v1/groups", { groupId });
  const members = [];
  for (const user of users) members.push(await addUser({ ...user, memberships: [{ groupId }] }));
  return { groupId, members, reach: (query = "") => send("GET", `/v1/groups/${groupId}/reach${query}`) };
}
const reasonsIn = ({ items }: { items: { reasons: string[] }[] }) => items.map(({ reasons }) => reasons);

test("people are counted by the channels that reach them, and listed with what doesn't", async () => {
  const { members, reach } = await groupOf(
    { phones: [phone("+12125550101")] },
    { phones: [phone("+12125550102", 1)] },
    { phones: [phone("+12125550103", 2)] },
    { lastName: "Doe", username: "jdoe" },
    { emails: [], username: "nobody" },
    { emails: [], username: "called", phones: [phone("+12125550104")] },
  );
  const { items, ...counts } = await reach();
  assert.deepEqual(counts, { people: 6, byEmail: 4, byText: 3, byVoice: 3, unreachable: 1, nextCursor: null });
  assert.deepEqual(reasonsIn({ items }), [
    ["no_voice"],
    ["no_text"],
    ["no_phone"],
    ["unreachable", "no_email", "no_phone"],
    ["no_email"],
  ]);
  const { id, firstName } = members[3]!;
  assert.deepEqual(items[2], { userId: id, firstName, lastName: "Doe", username: "jdoe", reasons: ["no_phone"] });
});

test("an extension is called, but gets no text", async () => {
  const { reach } = await groupOf({ phones: [{ number: "+12125550105", extension: "12" }] });
  const { byText, byVoice, items } = await reach();
  assert.deepEqual([byText, byVoice, reasonsIn({ items })], [0, 1, [["no_text"]]]);
});

test("opted-out numbers and addresses reach none of their owners; another one still does", async () => {
  const { reach } = await groupOf(
    { emails: ["out@x.org"], phones: [phone("+12125550111")] },
    { emails: ["Out@x.org", "in@x.org"], phones: [phone("+12125550111"), phone("+12125550112", 2)] },
    { emails: ["bounced@x.org", "out@x.org"], phones: [phone("+12125550112")] },
  );
  assert.deepEqual((await reach()).items.length, 0);
  await optOut({ email: "OUT@x.org" });
  await optOut({ email: "bounced@x.org", reason: "bounced" });
  const { id } = await optOut({ phone: "(212) 555-0111" });
  const { items, ...counts } = await reach();
  assert.deepEqual(counts, { people: 3, byEmail: 1, byText: 1, byVoice: 2, unreachable: 1, nextCursor: null });
  assert.deepEqual(reasonsIn({ items }), [
    ["unreachable", "email_opted_out", "phone_opted_out"],
    ["no_text"],
    ["email_opted_out"],
  ]);
  await send("DELETE", `/v1/opt-outs/${id}`);
  assert.deepEqual(reasonsIn(await reach()), [["email_opted_out"], ["email_opted_out"]]);
});

test("the list is filtered by reason and goes page by page; the counts include everybody", async () => {
  const { members, reach } = await groupOf({}, { phones: [phone("+12125550121", 2)] }, {}, {});
  const wanted = [0, 2, 3].map((index) => members[index]!.id);
  const first = await reach("?reason=no_phone&limit=2");
  const second = await reach(`?reason=no_phone&limit=2&cursor=${first.nextCursor}`);
  const ids = [...first.items, ...second.items].map(({ userId }: { userId: string }) => userId);
  assert.deepEqual([ids, second.nextCursor], [wanted, null]);
  assert.deepEqual([first.people, second.people, second.byVoice], [4, 4, 1]);
  assert.deepEqual((await reach("?reason=unreachable")).items, []);
  const answer = await app.inject({ url: "/v1/organization/reach?reason=bored" });
  assertProblem(answer, 400, "request_invalid", "reason");
  assertProblem(await app.inject({ url: "/v1/organization/reach?cursor=x" }), 400, "request_invalid", "cursor");
});

test("the organization counts everybody once, members of no group included", async () => {
  const before = await send("GET", "/v1/organization/reach?limit=1");
  const memberships = ["REACH-1", "REACH-2"].map((groupId) => ({ groupId }));
  const { id } = await addUser({ emails: [], username: "twice", memberships });
  await addUser({ phones: [phone("+12125550131")] });
  const after = await send("GET", "/v1/organization/reach?limit=1000");
  assert.deepEqual(
    [after.people, after.byEmail, after.byVoice, after.unreachable],
    [before.people + 2, before.byEmail + 1, before.byVoice + 1, before.unreachable + 1],
  );
  assert.equal(after.items.filter(({ userId }: { userId: string }) => userId === id).length, 1);
});

test("an empty group has nobody, and a new number is not another organization's opt-out", async () => {
  const { reach } = await groupOf();
  const nobody = { people: 0, byEmail: 0, byText: 0, byVoice: 0, unreachable: 0, items: [], nextCursor: null };
  assert.deepEqual(await reach(), nobody);
  const theirs = await app.inject({
    method: "POST",
    url: "/v1/opt-outs",
    key: other.key,
    body: { email: "mine@x.org" },
  });
  assert.equal(theirs.status, 201);
  const mine = await groupOf({ emails: ["mine@x.org"], phones: [phone("+12125550141")] });
  assert.deepEqual((await mine.reach()).items, []);
  assert.deepEqual((await app.inject({ url: "/v1/organization/reach", key: other.key })).json, nobody);
});

test("a group of another organization is answered like an unknown one", async () => {
  const { groupId } = await groupOf({});
  const answers = [];
  for (const id of [groupId, "NONE"]) answers.push(await app.inject({ url: `/v1/groups/${id}/reach`, key: other.key }));
  for (const answer of answers) assertProblem(answer, 404, "not_found");
  const [foreign, unknown] = answers.map(({ json }) => ({ ...json, requestId: "" }));
  assert.deepEqual(foreign, unknown);
});
