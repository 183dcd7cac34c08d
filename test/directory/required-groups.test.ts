import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { assertProblem } from "./setup.ts";

const app = await startTestApp(await createTestDatabase({ after }), {}, { requireGroup: true });
const post = (url: string, body: object) => app.inject({ method: "POST", url, body });
const person = (name: string, rest: object = {}) => ({ firstName: name, emails: [`${name}@campus.edu`], ...rest });
await post("/v1/groups", { groupId: "G1" });

test("a new person without a group is refused, and nobody is added", async () => {
  for (const memberships of [undefined, []]) {
    const answer = await post("/v1/users", person("ada", memberships && { memberships }));
    assertProblem(answer, 400, "request_invalid");
    assert.deepEqual(answer.json.errors, [
      { field: "memberships", message: "is needed: a new person of this organization needs a group" },
    ]);
  }
  assert.deepEqual((await app.inject({ url: "/v1/users" })).json.items, []);
});

test("an administrator may remove the last membership, and delete the last group", async () => {
  const last = await post("/v1/users", person("bea", { memberships: [{ groupId: "G1" }] }));
  assert.equal(last.status, 201, last.body);
  const url = `/v1/groups/G1/members/${last.json.id}`;
  assert.equal((await app.inject({ method: "DELETE", url })).status, 204);
  const change = { method: "PATCH", url: `/v1/users/${last.json.id}`, body: { lastName: "Bee" } } as const;
  assert.equal((await app.inject(change)).status, 200, "who has no group can still be edited");
  await post("/v1/groups", { groupId: "G2" });
  const other = await post("/v1/users", person("cleo", { memberships: [{ groupId: "G2" }] }));
  assert.equal((await app.inject({ method: "DELETE", url: "/v1/groups/G2" })).status, 204);
  assert.deepEqual((await app.inject({ url: `/v1/users/${other.json.id}` })).json.memberships, []);
});

test("a group that everybody joins satisfies the setting", async () => {
  await post("/v1/groups", { groupId: "EVERYBODY", default: true });
  const answer = await post("/v1/users", person("dora"));
  assert.equal(answer.status, 201, answer.body);
  assert.deepEqual(answer.json.memberships, [{ groupId: "EVERYBODY", role: 0 }]);
});
