/** Removals of several days count together. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { csv } from "../support/rosters.ts";

const { app, approve, approver, codesOf, database, newSource, range, sendApplied, sendHeld } =
  await startGuardedApp(after);

/** Makes all imports of a source older. */
const age = (source: string, days: number) =>
  database.owner.query(
    `update imports set created_at = created_at - make_interval(days => $2)
     where source = (select number from sources where name = $1)`,
    [source, days],
  );

test("a few percent a day are held once they are over the limit together", async () => {
  const source = await newSource();
  const roster = range(200);
  await sendApplied(source, csv(roster));
  await sendApplied(source, csv(roster.slice(6)));
  const held = await sendHeld(source, csv(roster.slice(12)));
  assert.deepEqual([codesOf(held), held.hold.scope], [["people_removed"], "removals"]);
  assert.match(
    held.summary,
    /6 people would be deleted\. With the 6 of the last 7 days, these are 6 % of the 200 of source-\d+ \(limit 5 %\)\./,
  );
  assert.deepEqual([held.hold.reasons[0].figure, held.hold.reasons[0].of], [12, 200]);
  await approve(held);
  await sendApplied(source, csv(roster.slice(15)));
});

test("a small source is not emptied one by one", async () => {
  const source = await newSource();
  const roster = range(4);
  await sendApplied(source, csv(roster));
  await sendApplied(source, csv(roster.slice(1)));
  await sendApplied(source, csv(roster.slice(2)));
  assert.deepEqual(codesOf(await sendHeld(source, csv(roster.slice(3)))), ["people_removed"]);
});

test("older removals do not count, and removalDays sets the days", async () => {
  for (const [days, setting, isHeld] of [
    [6, {}, true],
    [8, {}, false],
    [8, { removalDays: 30 }, true],
    [0, { removalDays: null }, false],
  ] as const) {
    const source = await newSource({ guard: setting });
    const roster = range(200);
    await sendApplied(source, csv(roster));
    await sendApplied(source, csv(roster.slice(6)));
    await age(source, days);
    await (isHeld ? sendHeld : sendApplied)(source, csv(roster.slice(12)));
  }
});

test("announced removals do not count, nor do people who have returned", async () => {
  const source = await newSource();
  const roster = range(200);
  await sendApplied(source, csv(roster));
  const announcement = { percent: 30, from: "2026-11-22T00:00:00Z", until: "2026-11-23T00:00:00Z", announcedBy: "Kim" };
  const url = `/v1/sources/${source}/announced-change`;
  for (const from of [40, 80]) {
    await app.inject({ method: "PUT", url, body: announcement, key: approver });
    await sendApplied(source, csv(roster.slice(from)));
  }
  await sendApplied(source, csv(roster.slice(86)));
  await sendApplied(source, csv(roster.slice(80)));
  await sendApplied(source, csv(roster.slice(86)));
});
