import assert from "node:assert/strict";
import { test } from "node:test";
import { kinds, outcomeOf, startPeopleTest, topic } from "./people.ts";

const { add, addPerson, app } = await startPeopleTest();

test("a topic is published, waits or is refused by the author's role and the group, by session and by token", async () => {
  const published = ["published", "published", "published", "published"];
  const expected: Readonly<Record<string, readonly string[]>> = {
    OPEN: ["published", ...published, "403 forbidden", "published"],
    ANNOUNCE: ["pending", ...published, "403 forbidden", "published"],
    APPROVED: ["pending", ...published, "403 forbidden", "published"],
    SECRET: ["published", ...published, "404 not_found", "published"],
  };
  for (const [groupId, outcomes] of Object.entries(expected)) {
    for (const [index, kind] of kinds.entries()) {
      for (const way of ["one", "the other"]) {
        const person = await add(groupId, kind);
        const answer = await person.post(`/v1/groups/${groupId}/topics`, topic);
        assert.equal(outcomeOf(answer), outcomes[index], `${kind[0]} in ${groupId}, ${way}`);
        if (answer.status === 201) {
          assert.deepEqual([answer.json.author, answer.json.actor], [person.id, `user:${person.id}`]);
          assert.equal((await person.get(`/v1/topics/${answer.json.id}`)).json.status, answer.json.status);
        }
      }
    }
  }
});

test("a decision without a body is told what it lacks", async () => {
  const person = await addPerson("ADMIN", 2);
  const { status, json } = await person.post("/v1/pending/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a/approve");
  assert.deepEqual([status, json.code], [400, "body_missing"]);
  assert.match(json.detail, /JSON object/);
});

test("nobody speaks for somebody else", async () => {
  const [one, other] = [await addPerson("OPEN", 1), await addPerson()];
  const forOther = await one.post("/v1/groups/OPEN/topics", { ...topic, author: other.id });
  const asking = await other.post("/v1/groups/PRIVATE/membership-requests", { userId: one.id });
  assert.deepEqual([outcomeOf(forOther), outcomeOf(asking)], ["403 forbidden", "403 forbidden"]);
});

test("who asks to join is taken, waits or learns nothing by the group's privacy; who belongs to it is told so", async () => {
  const members = Array.from({ length: 5 }, () => "409 conflict");
  const expected: Readonly<Record<string, readonly string[]>> = {
    PUBLIC: [...members, "approved", "approved"],
    PRIVATE: [...members, "pending", "pending"],
    SECRET: [...members, "404 not_found", "404 not_found"],
  };
  for (const [groupId, outcomes] of Object.entries(expected)) {
    const path = `/v1/groups/${groupId}/membership-requests`;
    for (const [index, kind] of kinds.entries()) {
      const person = await add(groupId, kind);
      const answer = await person.post(path, index % 2 === 0 ? { message: "Please" } : undefined);
      assert.equal(outcomeOf(answer), outcomes[index], `${kind[0]} in ${groupId}`);
      if (answer.status !== 201) continue;
      const member = await app.inject({ url: `/v1/groups/${groupId}/members/${person.id}` });
      assert.equal(member.status, outcomes[index] === "approved" ? 200 : 404);
      const again = await person.post(path);
      assert.equal(outcomeOf(again), "409 conflict", `${kind[0]} in ${groupId}, again`);
    }
  }
});

const _decides = ["approve", "reject"];
