/** The filter of the feed by import. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { type FeedChange, readPage } from "./reader.ts";

const { app, send } = await startDirectoryTest();
const end = async () => (await readPage(app, { since: "2099-01-01T00:00:00Z" })).cursor;
const importUsers = (source: string, users: readonly object[]) =>
  send("POST", `/v1/imports/users?source=${source}`, { users });
const told = (changes: readonly FeedChange[]) => changes.map(({ type, action, id }) => `${type} ${action} ${id}`);

await send("POST", "/v1/groups", { groupId: "G1" });
await app.inject({ method: "PUT", url: "/v1/sources/staff", body: {} });

test("importId selects what one import changed, and passes over the rest of the log", async () => {
  const row = { firstName: "Ida", lastName: "Moe", email: "ida@x.edu", databaseID: "I1", groupID: "G1" };
  const first = await importUsers("staff", [row]);
  await importUsers("staff", [{ ...row, lastName: "Poe" }]);
  const page = await readPage(app, { importId: first.id, type: "user" });
  assert.deepEqual(
    page.changes.map(({ action, databaseId }) => [action, databaseId]),
    [["created", "I1"]],
  );
  assert.equal(page.hasMore, false);
  assert.equal(page.cursor, await end());
  const dryRun = await send("POST", "/v1/imports/users?source=staff&dryRun=true", { users: [row] });
  assert.deepEqual((await readPage(app, { importId: dryRun.id })).changes, []);
  const answer = await app.inject({ url: `/v1/changes?importId=${crypto.randomUUID()}` });
  assertProblem(answer, 404, "not_found");
});

test("importId also selects the entries of an import that was held and approved", async () => {
  await app.inject({ method: "PUT", url: "/v1/sources/held", body: {} });
  const rows = Array.from({ length: 40 }, (_, index) => ({
    firstName: "Kay",
    lastName: `N${index}`,
    email: `kay${index}@x.edu`,
    databaseID: `H${index}`,
    groupID: "G1",
  }));
  const url = "/v1/imports/users?source=held&style=active-roster";
  await send("POST", url, { users: rows });
  const held = await send("POST", url, { users: rows.slice(0, 5) });
  assert.equal(held.status, "held");
  assert.deepEqual(told((await readPage(app, { importId: held.id })).changes), [`import created ${held.id}`]);
  const approval = { planHash: held.planHash, decidedBy: "Kim Park" };
  const { key } = await send("POST", "/v1/api-keys", { name: "approver", services: ["approvals"] });
  const answer = await app.inject({ method: "POST", url: `/v1/imports/${held.id}/approve`, key, body: approval });
  assert.equal(answer.status, 200, answer.body);
  const { changes } = await readPage(app, { importId: held.id });
  assert.equal(changes.filter(({ type, action }) => `${type} ${action}` === "user deleted").length, 35);
  assert.deepEqual(told(changes.filter(({ type }) => type === "import")), [
    `import created ${held.id}`,
    `import updated ${held.id}`,
  ]);
});
