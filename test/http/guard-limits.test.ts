import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { noGuard } from "../support/organization-store.ts";
import { changed, csv } from "../support/rosters.ts";

const { app, codesOf, createGroups, idsOf, newSource, range, send, sendApplied, sendHeld, setCreateGroups } =
  await startGuardedApp(after);

/** Limits that every figure is over. */
const zero = { percent: 0, above: 0 };
const zeroFrom = { percent: 0, from: 0 };

// The limits themselves are tested one by one in test/reconcile/guard/judge.test.ts.
describe("limits", () => {
  test("are compared with what the plan does, whatever it is", async () => {
    const source = await newSource({
      style: "purge",
      guard: {
        ...noGuard,
        peopleRemoved: zero,
        membershipsRemoved: zero,
        contactsRemoved: zero,
        groupMembersRemoved: zeroFrom,
        peopleMissing: zeroFrom,
        rowsFailed: zeroFrom,
        rowsUnidentified: { above: 0 },
        groupsUnknown: zero,
        identifiersChanged: zero,
      },
    });
    await createGroups("M1", "M2");
    const roster = changed(range(20), () => ({ groups: "M1;M2" }));
    await sendApplied(source, csv(roster));
    await setCreateGroups([]);
    const next = roster.slice(2).map((person, index) => {
      if (index < 3) return { ...person, groups: "M1" };
      if (index < 5) return { ...person, phone: "" };
      if (index === 5) return { ...person, userId: `renamed${person.number}` };
      if (index === 6) return { ...person, groups: "M1;M2;NOWHERE" };
      return index === 7 ? { ...person, groups: "2" } : person;
    });
    const dry = await sendApplied(source, `${csv(next)},Nobody,,not an address,,,M1\n`, "&dryRun=true");
    await setCreateGroups(["*"]);
    const figures = dry.hold.reasons.map(({ code, figure, of }: { code: string; figure: number; of: number }) => [
      code,
      `${figure} of ${of}`,
    ]);
    assert.deepEqual(Object.fromEntries(figures), {
      identifiers_changed: "1 of 19",
      people_missing: "19 of 20",
      rows_failed: "2 of 19",
      groups_unknown: "1 of 32",
      people_removed: "2 of 20",
      memberships_removed: "7 of 40",
      group_members_removed: "5 of 20",
      contacts_removed: "2 of 20",
      rows_unidentified: "1 of 19",
    });
    assert.equal(dry.hold.scope, "everything");
  });

  test("people deleted: at the limit an import is applied, one more and it is held", async () => {
    for (const [gone, status] of [
      [10, 201],
      [11, 202],
    ] as const) {
      const source = await newSource({ guard: { ...noGuard, peopleRemoved: { percent: 5, above: 10 } } });
      const roster = range(100);
      await sendApplied(source, csv(roster));
      const answer = await send(source, csv(roster.slice(gone)));
      assert.equal(answer.status, status, `${gone}: ${answer.body}`);
      if (status === 201) assert.equal(answer.json.counts.removed, gone);
      else assert.deepEqual([codesOf(answer.json), answer.json.hold.scope], [["people_removed"], "removals"]);
      assert.equal((await idsOf(roster)).length, status === 201 ? 100 - gone : 100);
    }
  });

  test("members of an emergency group, of a protected one, and of one with a limit of its own", async () => {
    const groups = {
      ALERTS: { settings: { category: 12 }, gone: 6 },
      KEPT: { settings: { protected: true }, gone: 7 },
      OWN: { settings: { guardPercent: 10 }, gone: 3 },
      FREE: { settings: { guardPercent: 100, category: 12 }, gone: 20 },
      ANY: { settings: {}, gone: 20 },
    };
    for (const [groupId, { settings }] of Object.entries(groups))
      await app.inject({ method: "POST", url: "/v1/groups", body: { groupId, ...settings } });
    const source = await newSource({
      style: "purge",
      guard: { ...noGuard, groupMembersRemoved: { percent: 25, from: 1_000 } },
    });
    const roster = range(20);
    const all = Object.keys(groups).join(";");
    await sendApplied(source, csv(changed(roster, () => ({ groups: `G1;${all}` }))));
    const next = roster.map((person, index) => {
      const left = Object.entries(groups).filter(([, { gone }]) => index >= gone);
      return { ...person, groups: ["G1", ...left.map(([groupId]) => groupId)].join(";") };
    });
    const held = await sendHeld(source, csv(next));
    assert.deepEqual(held.hold.reasons[0].examples, ["KEPT: 7 of 20", "ALERTS: 6 of 20", "OWN: 3 of 20"]);
    assert.match(held.summary, /KEPT would lose 7 of its 20 members/);
  });

  test("people missing: a roster of less than half the last one holds everything", async () => {
    const source = await newSource({ guard: { ...noGuard, peopleMissing: { percent: 50, from: 20 } } });
    const roster = range(20);
    await sendApplied(source, csv(roster));
    const [newcomer] = range(1);
    const held = await sendHeld(source, csv([...roster.slice(0, 8), newcomer!]));
    assert.deepEqual([codesOf(held), held.hold.scope], [["people_missing"], "everything"]);
    assert.deepEqual(await idsOf([newcomer!]), []);
  });

  test("failed rows hold everything, of a first file, too", async () => {
    const source = await newSource({ guard: { ...noGuard, rowsFailed: { percent: 20, from: 20 } } });
    const roster = range(20).map((person, index) => (index < 5 ? { ...person, groups: "2" } : person));
    const held = await sendHeld(source, csv(roster));
    assert.deepEqual([codesOf(held), held.hold.scope], [["rows_failed"], "everything"]);
    assert.deepEqual(await idsOf(roster), []);
  });

  test("a single row that names nobody holds removals, and nothing else", async () => {
    const source = await newSource({ guard: { ...noGuard, rowsUnidentified: { above: 0 } } });
    const roster = range(5);
    const [newcomer] = range(1);
    await sendApplied(source, csv(roster));
    const nameless = `${csv([...roster.slice(1), newcomer!])},,,,,,\n`.replace(
      /,,,,,,\n$/,
      ",Nobody,,not an address,,,G1\n",
    );
    const held = await sendHeld(source, nameless);
    assert.deepEqual([codesOf(held), held.hold.scope], [["rows_unidentified"], "removals"]);
    assert.equal((await idsOf(roster)).length, 5);
    assert.equal((await idsOf([newcomer!])).length, 1);
    const same = `${csv([...roster, newcomer!])},Nobody,,not an address,,,G1\n`;
    assert.equal((await send(source, same)).status, 201, "nothing would go, so that there is nothing to hold");
  });

  test("filling a blank identifier is no change of it", async () => {
    const source = await newSource({ guard: { ...noGuard, identifiersChanged: { percent: 1, above: 10 } } });
    const roster = range(30);
    await sendApplied(source, csv(changed(roster, () => ({ userId: "" }))));
    const { counts } = await sendApplied(source, csv(roster));
    assert.equal(counts.updated, 30);
  });

  test("every limit can be switched off, and says so in the source", async () => {
    const source = await newSource({ guard: noGuard });
    const roster = range(30);
    await sendApplied(source, csv(roster));
    const { counts } = await sendApplied(source, csv(roster.slice(29)));
    assert.equal(counts.removed, 29);
    const { json } = await app.inject({ url: `/v1/sources/${source}` });
    assert.deepEqual(json.guard, noGuard);
  });

  test("with additions switched off a removal holds everything", async () => {
    const source = await newSource({ guard: { applyAdditions: false } });
    const roster = range(30);
    await sendApplied(source, csv(roster));
    const [newcomer] = range(1);
    const held = await sendHeld(source, csv([...roster.slice(12), newcomer!]));
    assert.equal(held.hold.scope, "everything");
    assert.deepEqual(await idsOf([newcomer!]), []);
  });
});
