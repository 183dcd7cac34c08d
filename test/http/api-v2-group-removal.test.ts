import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";

const { app, send, addUser, lastSequence } = await startDirectoryTest();

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

test("emptying a group ends its memberships, and a second time none are left", async () => {
  await send("POST", "/v1/groups", { groupId: "FULL" });
  await addUser({ memberships: [{ groupId: "FULL" }] });
  await addUser({ memberships: [{ groupId: "FULL", role: 1 }] });
  const answer = await call("POST", "/FULL/purge", "&confirm=yes");
  assert.equal(answer.status, 200, answer.body);
  assert.equal(
    answer.body,
    '<?xml version="1.0" encoding="UTF-8"?>\n<group>\n  <groupID>FULL</groupID>\n  <membershipsRemoved>2</membershipsRemoved>\n</group>\n',
  );
  assert.deepEqual((await call("POST", "/FULL/purge", "", json)).json, { groupID: "FULL", membershipsRemoved: 0 });
  assert.equal((await send("GET", "/v1/groups/FULL")).members, 0);
});

test("a form without fields, as clients send it along, does not matter", async () => {
  await send("POST", "/v1/groups", { groupId: "FORM" });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const body of ["", "x=1", "x".repeat(2 * 1024 * 1024)]) {
    assert.equal((await call("POST", "/FORM/purge", "", headers, body)).status, 200);
  }
  assert.equal((await call("DELETE", "/FORM", "", headers, "x=1")).status, 200);
});

test("a deleted group is gone with its memberships, and the people stay", async () => {
  await send("POST", "/v1/groups", { groupId: "OLD" });
  const { id } = await addUser({ memberships: [{ groupId: "OLD" }] });
  assert.deepEqual((await call("DELETE", "/OLD", "", json)).json, { groupID: "OLD", membershipsRemoved: 1 });
  const { memberships } = await send("GET", `/v1/users/${id}`);
  assert.ok(!memberships.some(({ groupId }: { groupId: string }) => groupId === "OLD"));
  for (const [method, path] of [
    ["DELETE", "/OLD"],
    ["POST", "/OLD/purge"],
  ] as const) {
    const answer = await call(method, path);
    assert.equal(answer.status, 404);
    assert.match(answer.body, /^<\?xml[\s\S]*<code>not_found<\/code>/);
  }
});

test("taking a delicate group apart requires the number of its members", async () => {
  await send("POST", "/v1/groups", { groupId: "ALERTS", category: 12 });
  await addUser({ memberships: [{ groupId: "ALERTS" }] });
  const before = await lastSequence();
  for (const [method, path] of [
    ["POST", "/ALERTS/purge"],
    ["DELETE", "/ALERTS"],
  ] as const) {
    assertProblem(await call(method, path, "", json), 409, "conflict", "expectedMembers");
    assertProblem(await call(method, path, "&expectedMembers=2", json), 409, "conflict", "expectedMembers");
    assertProblem(await call(method, path, "&expectedMembers=x", json), 400, "request_invalid", "expectedMembers");
  }
  assert.equal(await lastSequence(), before);
  assert.equal((await call("POST", "/ALERTS/purge", "&expectedMembers=1", json)).json.membershipsRemoved, 1);
  assert.equal((await call("DELETE", "/ALERTS", "&expectedMembers=0")).status, 200);
});
