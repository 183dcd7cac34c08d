/** The limits of the guard, and what becomes of imports that it holds. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { changed, csv } from "../support/rosters.ts";

const {
  app,
  approver,
  approve,
  codesOf,
  createGroups,
  database,
  decide,
  idsOf,
  newSource,
  range,
  sendApplied,
  sendHeld,
} = await startGuardedApp(after);

/** Reads the actions on an import from the audit log. */
async function auditOf(id: string): Promise<string[]> {
  const { rows } = await database.owner.query("select action from audit_entries where subject = $1", [id]);
  return rows.map(({ action }) => action);
}

describe("a hold of removals", () => {
  test("applies what is added and changed, says what waits, and is approved as it was shown", async () => {
    const source = await newSource();
    await createGroups("RES-NORTH", "RES-SOUTH");
    const north = changed(range(30), () => ({ groups: "RES-NORTH" }));
    const south = changed(range(30), () => ({ groups: "RES-SOUTH" }));
    await sendApplied(source, csv([...north, ...south]));
    const newcomers = changed(range(2), () => ({ groups: "RES-SOUTH" }));
    const moved = { ...south[0]!, phone: "+12125550187" };
    const held = await sendHeld(source, csv([moved, ...south.slice(1), ...newcomers]));
    assert.match(
      held.summary,
      /^HELD, removals only: source-\d+, 22 Nov 02:00\. 32 people read; 2 added and 1 updated are live\. /,
    );
    assert.match(
      held.summary,
      /30 people would be deleted: 50 % of the 60 of source-\d+ \(limit 5 %\)\. 30 of them are in RES-NORTH, which this file names nowhere: probably a missing part of the extract\. /,
    );
    assert.match(held.summary, new RegExp(`approve plan ${held.planHash.slice(0, 4)}\\.$`));
    assert.equal(held.hold.reasons[0].examples.length, 10);
    assert.deepEqual([(await idsOf(north)).length, (await idsOf(newcomers)).length], [30, 2]);
    assert.deepEqual(held.hold.waiting, {
      peopleRemoved: 30,
      peopleWithdrawn: 0,
      membershipsRemoved: 30,
      contactsRemoved: 1,
    });

    const { json: plan } = await app.inject({ url: `/v1/imports/${held.id}/plan?limit=1000`, key: approver });
    assert.equal(plan.hash, held.planHash);
    assert.equal(plan.items.filter(({ action }: { action: string }) => action === "remove").length, 30);
    const [update] = plan.items.filter(({ action }: { action: string }) => action === "update");
    assert.deepEqual(Object.keys(update.changed), ["phones"]);

    const applied = await approve(held);
    assert.deepEqual(await auditOf(held.id), ["import.approved"]);
    assert.equal(applied.status, "applied");
    assert.deepEqual(
      [applied.counts.added, applied.counts.removed, applied.decision.decidedBy, applied.decision.outcome],
      [2, 30, "Kim Park", "approved"],
    );
    assert.deepEqual(await idsOf(north), []);
    const again = await sendApplied(source, csv([moved, ...south.slice(1), ...newcomers]));
    assert.deepEqual([again.counts.updated, again.counts.removed, again.firstSequence], [0, 0, null]);
  });

  test("closes itself when the file is sent again", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(roster.slice(20)));
    const whole = await sendApplied(source, csv(roster));
    const { json } = await app.inject({ url: `/v1/imports/${held.id}` });
    assert.deepEqual(
      [json.status, json.decision.outcome, json.decision.supersededBy],
      ["discarded", "superseded", whole.id],
    );
    const late = await decide(held.id, { planHash: held.planHash, decidedBy: "Kim Park" });
    assert.deepEqual([late.status, late.json.code], [409, "conflict"]);
    assert.match(late.json.detail, new RegExp(`The import ${whole.id} of the same source came later`));
    assert.equal((await idsOf(roster)).length, 40);
  });

  test("can be discarded, once, and then stays so", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(roster.slice(20)));
    const discarded = await decide(held.id, { decidedBy: "Kim Park", reason: "half a file" }, "discard");
    assert.deepEqual(
      [discarded.status, discarded.json.status, discarded.json.decision.reason],
      [200, "discarded", "half a file"],
    );
    const late = await decide(held.id, { planHash: held.planHash, decidedBy: "Lee Roy" });
    assert.equal(late.status, 409);
    assert.match(late.json.detail, /^Kim Park has decided already: discarded/);
    assert.deepEqual(await auditOf(held.id), ["import.discarded"]);
  });

  test("whose plan has become another one is not applied; the new plan is told", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(roster.slice(20)));
    const [gone] = await idsOf(roster.slice(0, 1));
    await app.inject({ method: "DELETE", url: `/v1/users/${gone}` });
    const answer = await decide(held.id, { planHash: held.planHash, decidedBy: "Kim Park" });
    assert.deepEqual([answer.status, answer.json.code], [409, "plan_changed"]);
    assert.notEqual(answer.json.planHash, held.planHash);
    assert.equal((await idsOf(roster)).length, 39);
    const { json: plan } = await app.inject({ url: `/v1/imports/${held.id}/plan?limit=1000` });
    assert.deepEqual([plan.hash, plan.items.length], [answer.json.planHash, 19]);
    const applied = await approve({ id: held.id, planHash: plan.hash });
    assert.equal(applied.counts.removed, 19);
  });

  test("cannot be approved by a key that may import, nor by the hash of another plan", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const { id, planHash } = await sendHeld(source, csv(roster.slice(20)));
    const body = { planHash, decidedBy: "Kim Park" };
    for (const key of [app.key, await app.keyWith(["import"]), await app.keyWith(["import", "approvals"])]) {
      const answer = await decide(id, body, "approve", key);
      assert.deepEqual([answer.status, answer.json.code], [403, "forbidden"]);
    }
    const other = await decide(id, { ...body, planHash: "0".repeat(64) });
    assert.deepEqual([other.status, other.json.code, other.json.planHash], [409, "plan_changed", planHash]);
    assert.equal((await decide(id, { planHash })).status, 400);
    assert.equal((await decide("0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a", body)).status, 404);
    assert.equal((await idsOf(roster)).length, 40);
  });

  test("of an organization that keeps no files can be approved all the same, and its file goes then", async () => {
    const source = await newSource();
    await app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { keepFilesDays: 0 } } });
    const roster = range(40);
    const first = await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(roster.slice(20)));
    const applied = await approve(held);
    await app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { keepFilesDays: 30 } } });
    assert.equal(applied.counts.removed, 20);
    const { rows } = await database.owner.query(
      "select count(*)::integer as pieces from import_bodies where import_id = any($1)",
      [[first.id, held.id]],
    );
    assert.equal(rows[0].pieces, 0);
  });

  test("shows in a dry run, which holds nothing and supersedes nothing", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(roster.slice(20)));
    const dry = await sendApplied(source, csv(roster.slice(20)), "&dryRun=true");
    assert.deepEqual([dry.status, codesOf(dry), dry.planHash === held.planHash], ["planned", ["people_removed"], true]);
    assert.match(dry.summary, /It would be held \(removals\): 20 people would be deleted/);
    assert.equal((await app.inject({ url: `/v1/imports/${held.id}` })).json.status, "held");
  });

  test("is no success in the response file, until somebody approved it", async () => {
    const source = await newSource({ style: "normal", guard: { peopleRemoved: { percent: 0, above: 0 } } });
    const [gone, other] = range(2);
    await sendApplied(source, csv([gone!, other!]));
    const removal = csv([{ ...gone!, groups: "00000" }, other!]);
    const held = await sendHeld(source, removal);
    const responses = async () =>
      (await app.inject({ url: `/v1/imports/${held.id}/response` })).body
        .trim()
        .split("\r\n")
        .slice(1)
        .map((line) => line.split(",").slice(7, 9).join());
    assert.deepEqual(await responses(), ["Remove,Fail", "Modify,Successful"]);
    await approve(held);
    assert.deepEqual(await responses(), ["Remove,Successful", "Modify,Successful"]);
  });

  test("is no success in the response file of an import of which nothing was applied", async () => {
    const source = await newSource({ guard: { applyAdditions: false } });
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv([...roster.slice(20), ...range(1)]));
    const { body } = await app.inject({ url: `/v1/imports/${held.id}/response` });
    const lines = body.trim().split("\r\n").slice(1);
    assert.equal(lines.length, 21);
    assert.ok(
      lines.every((line) => line.includes(',Fail,"Not applied: the import is held')),
      lines[0],
    );
  });
});

describe("an announced change", () => {
  const announcement = {
    percent: 60,
    from: "2026-11-22T00:00:00Z",
    until: "2026-11-23T00:00:00Z",
    announcedBy: "Kim Park",
  };
  const announce = (source: string, body: object) =>
    app.inject({ method: "PUT", url: `/v1/sources/${source}/announced-change`, body, key: approver });

  test("lets more go, once, and no more than announced", async () => {
    const source = await newSource();
    const roster = range(100);
    await sendApplied(source, csv(roster));
    const announced = await announce(source, announcement);
    assert.deepEqual(announced.json.announcedChange, { ...announcement, usedBy: null });
    await sendHeld(source, csv(roster.slice(61)));
    const applied = await sendApplied(source, csv(roster.slice(60)));
    assert.equal(applied.counts.removed, 60);
    assert.equal((await app.inject({ url: `/v1/sources/${source}` })).json.announcedChange.usedBy, applied.id);
    await sendHeld(source, csv(roster.slice(75)));
  });

  test("counts from its time on, and not when it was taken back", async () => {
    const source = await newSource();
    const roster = range(100);
    await sendApplied(source, csv(roster));
    await announce(source, { ...announcement, from: "2026-11-22T02:00:01Z" });
    await sendHeld(source, csv(roster.slice(40)));
    await announce(source, announcement);
    const withdrawn = await app.inject({
      method: "DELETE",
      url: `/v1/sources/${source}/announced-change`,
      key: approver,
    });
    assert.equal(withdrawn.json.announcedChange, null);
    await sendHeld(source, csv(roster.slice(40)));
  });

  test("an ordinary night leaves it for the night that needs it", async () => {
    const source = await newSource();
    const roster = range(100);
    await sendApplied(source, csv(roster));
    await announce(source, announcement);
    await sendApplied(source, csv(roster.slice(2)));
    assert.equal((await app.inject({ url: `/v1/sources/${source}` })).json.announcedChange.usedBy, null);
  });

  test("that ends before it begins is refused", async () => {
    const source = await newSource();
    const answer = await announce(source, { ...announcement, until: "2026-11-21T00:00:00Z" });
    assert.deepEqual([answer.status, answer.json.code], [400, "request_invalid"]);
    assert.equal((await announce("nowhere", announcement)).status, 404);
  });
});
