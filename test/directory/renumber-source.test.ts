import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyStore } from "../../src/store/verify.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, changesSince, lastSequence } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G" });
const roster = (rows: readonly string[], query = "") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users${query}`,
    headers: { "content-type": "text/csv" },
    body: `firstName,email,databaseID,groupID\n${rows.join("\n")}\n`,
  });
await roster(["Ann,ann@campus.edu,1,G", "Bob,bob@campus.edu,2,G", "Cid,cid@campus.edu,3,G"]);
const renumber = (body: object, source = "default") =>
  app.inject({ method: "POST", url: `/v1/sources/${source}/renumber`, body });
const numbers = async () =>
  Object.fromEntries(
    (await send("GET", "/v1/users")).items.map((user: { firstName: string; sources: { databaseId: string }[] }) => [
      user.firstName,
      user.sources[0]?.databaseId,
    ]),
  );

test("a dry run tells the plan, and the plan is applied by its hash", async () => {
  const pairs = [
    { from: "1", to: "2" },
    { from: "2", to: "1" },
    { from: "9", to: "A9" },
  ];
  const before = await lastSequence();
  const plan = await renumber({ pairs, dryRun: true });
  assert.deepEqual(
    [plan.status, plan.json.changed, plan.json.unknown, plan.json.items],
    [
      200,
      2,
      1,
      [
        { userId: "1", from: "1", to: "2" },
        { userId: "2", from: "2", to: "1" },
      ],
    ],
  );
  assert.equal(await lastSequence(), before);
  assertProblem(await renumber({ pairs, planHash: "0".repeat(64) }), 409, "plan_changed");
  const done = await renumber({ pairs, planHash: plan.json.planHash });
  assert.deepEqual([done.status, done.json.planHash], [200, plan.json.planHash]);
  assert.deepEqual(await numbers(), { Ann: "2", Bob: "1", Cid: "3" });
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map(({ id, database_id, changed }) => [id, database_id, changed]),
    [
      [
        "1",
        "2",
        { sources: { from: [{ source: "default", databaseId: "1" }], to: [{ source: "default", databaseId: "2" }] } },
      ],
      [
        "2",
        "1",
        { sources: { from: [{ source: "default", databaseId: "2" }], to: [{ source: "default", databaseId: "1" }] } },
      ],
    ],
  );
});

test("the next roster knows everybody by the new databaseIds", async () => {
  await renumber({
    pairs: [
      { from: "1", to: "B1" },
      { from: "2", to: "A1" },
      { from: "3", to: "C1" },
    ],
  });
  const { json } = await roster(
    ["Ann,ann@campus.edu,A1,G", "Bob,bob@campus.edu,B1,G", "Cid,cid@campus.edu,C1,G"],
    "?style=active-roster",
  );
  const { added, removed, people } = json.counts;
  assert.deepEqual([added, removed, people], [0, 0, 3], JSON.stringify(json.counts));
});

test("a databaseId that another person keeps, or that appears twice, changes nothing", async () => {
  const before = await lastSequence();
  assertProblem(await renumber({ pairs: [{ from: "A1", to: "B1" }] }), 409, "conflict", "pairs.0.to");
  const twice = [
    { from: "A1", to: "X" },
    { from: "A1", to: "Y" },
  ];
  assertProblem(await renumber({ pairs: twice }), 400, "request_invalid", "pairs.1.from");
  assertProblem(
    await renumber({ pairs: twice.map(({ from }, index) => ({ from: `${from}${index}`, to: "X" })) }),
    400,
    "request_invalid",
    "pairs.1.to",
  );
  assertProblem(await renumber({ pairs: [{ from: "A1", to: "X" }] }, "nowhere"), 404, "not_found");
  assertProblem(await renumber({ pairs: [] }), 400, "request_invalid", "pairs");
  assert.equal(await lastSequence(), before);
});

test("afterwards the log rebuilds the list, and no rule is broken", async () => {
  await assertReplayRebuildsList(app, owner);
  assert.deepEqual(await verifyStore(owner), []);
  const { items } = await send("GET", "/v1/audit?action=source.renumbered");
  assert.deepEqual(
    items.map(({ subject, details }: { subject: string; details: object }) => [subject, details]),
    [
      ["default", { changed: 3 }],
      ["default", { changed: 2 }],
    ],
  );
});
