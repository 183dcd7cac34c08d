/** Held imports and rights in the change feed. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { csv } from "../support/rosters.ts";
import { type FeedChange, follow, readPage } from "./reader.ts";

const { app, approve, decide, newSource, range, sendApplied, sendHeld } = await startGuardedApp(after);
const end = async () => (await readPage(app, { since: "2099-01-01T00:00:00Z" })).cursor;
const ofImports = async (cursor: string) => (await follow(app, { cursor, type: "import" })).changes;
const told = ({ action, id, changed, actor, source }: FeedChange) => ({
  action,
  id,
  actor,
  source,
  status: changed.status,
  outcome: (changed.decision?.to as { outcome: string } | undefined)?.outcome,
});

/** A source of 40 people, and a roster of it that leaves out half of them. */
async function halved() {
  const source = await newSource();
  const people = range(40);
  await sendApplied(source, csv(people));
  return { source, people, half: csv(people.slice(20)) };
}

test("an import that is held is told, and so is that it was approved, after what it changed", async () => {
  const { source, half } = await halved();
  const cursor = await end();
  const held = await sendHeld(source, half);
  await approve(held);
  const [first, second, ...others] = await ofImports(cursor);
  assert.deepEqual(others, []);
  assert.deepEqual(told(first!), {
    action: "created",
    id: held.id,
    actor: "api-key:admin",
    source,
    status: { from: null, to: "held" },
    outcome: undefined,
  });
  assert.deepEqual(told(second!), {
    action: "updated",
    id: held.id,
    actor: "api-key:approvals",
    source,
    status: { from: "held", to: "applied" },
    outcome: "approved",
  });
  const all = (await follow(app, { cursor })).changes;
  assert.equal(all.filter(({ action }) => action === "deleted").length, 20);
  assert.equal(all.at(-1)!.sequence, second!.sequence);
});

test("an import that is discarded, or made void by a later one of its source, is told", async () => {
  const { source, people, half } = await halved();
  const cursor = await end();
  const first = await sendHeld(source, half);
  await decide(first.id, { decidedBy: "Kim Park" }, "discard");
  const second = await sendHeld(source, half);
  await sendApplied(source, csv(people));
  assert.deepEqual(
    (await ofImports(cursor)).map((change) => [change.id, told(change).status, told(change).outcome]),
    [
      [first.id, { from: null, to: "held" }, undefined],
      [first.id, { from: "held", to: "discarded" }, "discarded"],
      [second.id, { from: null, to: "held" }, undefined],
      [second.id, { from: "held", to: "discarded" }, "superseded"],
    ],
  );
});

test("an import that changes nothing, or is applied at once, is told by what it changed alone", async () => {
  const source = await newSource();
  const cursor = await end();
  const roster = csv(range(3));
  await sendApplied(source, roster);
  await sendApplied(source, roster);
  await sendApplied(source, csv(range(1)), "&dryRun=true&style=normal");
  assert.deepEqual(await ofImports(cursor), []);
  assert.equal((await follow(app, { cursor })).changes.length, 3);
});

test("of permissions come the changes of people that give or take a role above member", async () => {
  const add = async (memberships: object[]) =>
    (
      await app.inject({
        method: "POST",
        url: "/v1/users",
        body: { firstName: "X", emails: [`x${Math.trunc(performance.now() * 1000)}@example.edu`], memberships },
      })
    ).json.id as string;
  const put = (id: string, role: number) =>
    app.inject({ method: "PUT", url: `/v1/groups/G1/members/${id}`, body: { role } });
  const cursor = await end();
  const member = await add([{ groupId: "G1" }]);
  const sender = await add([{ groupId: "G1", role: 4 }]);
  await put(member, 1);
  await app.inject({ method: "PATCH", url: `/v1/users/${sender}`, body: { lastName: "Y" } });
  await put(sender, 0);
  await app.inject({ method: "DELETE", url: `/v1/groups/G1/members/${sender}` });
  await app.inject({ method: "DELETE", url: `/v1/users/${member}` });
  const { changes } = await follow(app, { cursor, type: "permission" });
  assert.deepEqual(
    changes.map(({ type, id, memberships }) => [type, id, memberships[0]?.role]),
    [
      ["user", sender, { from: null, to: 4 }],
      ["user", member, { from: 0, to: 1 }],
      ["user", sender, { from: 4, to: 0 }],
      ["user", member, { from: 1, to: null }],
    ],
  );
});
