/** Reading people at the addresses that existing jobs call (docs/migrating-from-regroup.md). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { positionedFields, userFields } from "../../src/person/fields.ts";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";

const { app, send, owner } = await startDirectoryTest();
const get = (query = "", accept?: string) =>
  app.inject({
    url: `/api/v2/users?api_key=${app.key}${query}`,
    key: null,
    ...(accept === undefined ? {} : { headers: { accept } }),
  });
const importUsers = (users: readonly object[]) => send("POST", "/v1/imports/users", { users });
const row = (id: string, groupID: string, more: object = {}) => ({
  databaseID: id,
  userID: `u${id}`,
  firstName: `P${id}`,
  email: `p${id}@x.edu`,
  groupID,
  ...more,
});

await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "G2" });
await importUsers([row("1", "G1"), row("2", "G1;G2"), row("3", "G2"), row("4", "G2")]);
const { changes } = await send("GET", "/v1/changes");
const loaded = changes.at(-1).at as string;
await importUsers([row("2", "00002;G1"), row("3", "00000")]);
await importUsers([row("4", "G2", { lastName: "New" })]);

test("everybody comes in the feed's own XML, with the key in the address and whatever else a job sends", async () => {
  const { status, headers, body } = await get("&network=x");
  assert.equal(status, 200, body);
  assert.match(String(headers["content-type"]), /^application\/xml/);
  assert.equal(
    body.split("<user>")[1],
    "\n  <firstName>P1</firstName>\n  <email>p1@x.edu</email>\n  <userID>u1</userID>\n  <groupID>G1</groupID>\n" +
      "  <databaseID>1</databaseID>\n  <showAllGroups>0</showAllGroups>\n</user>\n",
  );
  assert.equal(body.split("<user>").length, 4);
});

test("with since come those who changed, as they are, and the deleted with the code that deletes; until is the next since", async () => {
  const { headers, json } = await get(`&since=${loaded}`, "application/json");
  assert.deepEqual(json.users, [
    { ...row("2", "G2;G1|00002"), showAllGroups: "0" },
    { userID: "u3", databaseID: "3", groupID: "00000" },
    { ...row("4", "G2", { lastName: "New" }), showAllGroups: "0" },
  ]);
  const rest = await get(`&since=${headers["changes-until"]}`, "application/json");
  assert.deepEqual(rest.json, { users: [] });
  const none = await get(`&since=${changes[0].at}&until=${changes[1].at}`);
  assert.match(none.body, /<users type="array">\n<\/users>/);
});

test("of one group come its members who changed, and who left it with the code that leaves", async () => {
  const { json } = await get(`&since=${loaded}&groupID=G1`, "application/json");
  assert.deepEqual(json.users, [{ userID: "u2", databaseID: "2", email: "p2@x.edu", groupID: "G1|00002" }]);
  await importUsers([row("5", "G1")]);
  const joined = (await get(`&since=${loaded}`)).headers["changes-until"];
  await importUsers([row("5", "00002;G1")]);
  await importUsers([row("5", "00000")]);
  const gone = (await get(`&since=${joined}&groupID=G1`, "application/json")).json.users;
  assert.deepEqual(
    gone,
    [{ userID: "u5", databaseID: "5", groupID: "00000" }],
    "a person who left and then was deleted is listed",
  );
  const csv = (await get("&groupID=G1", "text/csv")).body.split("\r\n");
  assert.deepEqual(csv, [
    userFields.join(","),
    `P1,,p1@x.edu,u1,,G1,1,,,,0${",".repeat(userFields.length - positionedFields.length)}`,
    "",
  ]);
});

test("plain days are in the organization's time zone, the last one included", async () => {
  await send("PATCH", "/v1/organization", { settings: { timeZone: "Pacific/Kiritimati" } });
  // 10:30 UTC on the 1st is half past midnight of the 2nd there, 14 hours ahead.
  await owner.query("update changes set at = timestamptz '2026-03-01T10:30:00Z' + sequence * interval '1 microsecond'");
  const count = async (query: string) => ((await get(query, "application/json")).json.users as unknown[]).length;
  assert.equal(await count("&since=2026-03-02"), 5);
  assert.equal(await count("&since=2026-03-02&until=2026-03-02"), 5);
  assert.equal(await count("&since=2026-03-01&until=2026-03-01"), 0);
  assert.equal(await count("&since=2026-03-03"), 0);
  assert.equal(await count("&since=2026-03-01T12:00:00%2b14:00"), 5);
});

test("what is no time is refused in XML, and what is kept no longer with the way out", async () => {
  for (const since of ["yesterday", "2026-02-31", "2026-03-01T00:00:00", "0000-00-00"]) {
    assertProblem(await get(`&since=${since}`, "application/json"), 400, "request_invalid");
  }
  assert.match((await get("&since=x")).body, /<code>request_invalid<\/code>/);
  await owner.query("update feed_heads set pruned_at = '2026-02-01', pruned_sequence = 0");
  assertProblem(await get("&since=2026-01-01", "application/json"), 410, "resync_required");
});
