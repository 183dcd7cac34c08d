/** Accidents that look like change, and who is protected from both. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { noGuard } from "../support/organization-store.ts";
import { changed, csv, type RosterPerson } from "../support/rosters.ts";

const guarded = await startGuardedApp(after);
const { app, codesOf, createGroups, database, idsOf, newSource, range, send, sendApplied, sendHeld } = guarded;

describe("accidents", () => {
  test("lost zeros are told as such, and nothing is applied", async () => {
    const source = await newSource();
    const roster = range(120);
    await sendApplied(source, csv(roster));
    const before = await idsOf(roster);
    const held = await sendHeld(
      source,
      csv(changed(roster, ({ number }) => ({ databaseId: String(number), userId: "" }))),
    );
    assert.equal(held.hold.scope, "everything");
    assert.ok(codesOf(held).includes("identifiers_changed"));
    const [reason] = held.hold.reasons;
    assert.match(
      reason.message,
      /^120 of 120 people \(100 %; limit 1 %\) arrive under another databaseID or userID, e\.g\. `0+(\d+)` → `\1` \(line 2\)\. Leading zeros look lost, as when a spreadsheet saves the file\.$/,
    );
    assert.match(
      held.summary,
      /^HELD, nothing applied: .* Export again as text\. Do not approve unless everybody was renumbered\./,
    );
    assert.deepEqual(await idsOf(roster), before);
  });

  test("lost zeros are told as such when every row fails for its userID", async () => {
    const source = await newSource();
    const roster = range(120);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(changed(roster, ({ number }) => ({ databaseId: String(number) }))));
    assert.deepEqual(codesOf(held), ["identifiers_changed", "rows_failed"]);
    assert.match(
      held.hold.reasons[0].message,
      /^120 of 120 people \(100 %; limit 1 %\) arrive under another databaseID/,
    );
  });

  test("renumbering is held, however the people are known again", async () => {
    const renumbered = (roster: readonly RosterPerson[], rest: (person: RosterPerson) => Partial<RosterPerson>) =>
      changed(roster, (person) => ({ ...rest(person), databaseId: `N${person.number}` }));
    for (const [before, then] of [
      [{}, () => ({})],
      [{ userId: "" }, () => ({ userId: "" })],
      [{}, ({ number }: RosterPerson) => ({ email: `n${number}@example.edu` })],
    ] as const) {
      const source = await newSource();
      const roster = range(50);
      await sendApplied(source, csv(changed(roster, () => before)));
      const held = await sendHeld(source, csv(renumbered(roster, then)));
      assert.ok(codesOf(held).includes("identifiers_changed"), held.summary);
      assert.equal(held.hold.scope, "everything");
    }
  });

  test("recycled, swapped and shared addresses make nobody another person", async () => {
    const enrolled = async () => {
      const source = await newSource({ guard: { contactsOfOthers: null } });
      const roster = range(60);
      await sendApplied(source, csv(roster));
      return { source, roster, ids: await idsOf(roster) };
    };
    const address = (person: RosterPerson | undefined) => `p${person?.number}@example.edu`;

    const swap = await enrolled();
    const swapped = swap.roster.map((person, index) => ({
      ...person,
      email: address(swap.roster[index % 2 === 0 ? index + 1 : index - 1]),
    }));
    const { counts } = await sendApplied(swap.source, csv(swapped));
    assert.deepEqual([counts.added, counts.removed, counts.updated], [0, 0, 60]);
    assert.deepEqual(await idsOf(swap.roster), swap.ids);

    const share = await enrolled();
    const shared = changed(share.roster, () => ({ email: address(share.roster[0]) }));
    const sharing = await sendHeld(share.source, csv(shared));
    assert.deepEqual(
      sharing.hold.reasons.map(({ code }: { code: string }) => code),
      ["contacts_shared"],
    );
    assert.deepEqual(await idsOf(share.roster), share.ids);

    // Two leave, and two who come get their addresses.
    const { source, roster, ids } = await enrolled();
    const newcomers = range(2).map((person, index) => ({ ...person, email: address(roster[index]) }));
    const recycled = await sendApplied(source, csv([...roster.slice(2), ...newcomers]));
    assert.deepEqual([recycled.counts.added, recycled.counts.removed], [2, 2]);
    assert.deepEqual(await idsOf(roster), ids.slice(2));
    assert.equal(new Set([...(await idsOf(newcomers)), ...ids]).size, 62);
  });

  test("one person under two identifiers fails and is not absent", async () => {
    const source = await newSource();
    const roster = range(20);
    await sendApplied(source, csv(roster));
    const [one] = roster;
    const again = { ...one!, databaseId: "OTHER" };
    const { counts } = await sendApplied(source, csv([again, ...roster.slice(1)]));
    assert.deepEqual([counts.failed, counts.removed], [1, 0]);
    assert.equal((await idsOf(roster)).length, 20);
  });

  test("a file of another source is held, and the reason names the source", async () => {
    const students = await newSource();
    const employees = await newSource();
    const roster = range(60);
    const staff = range(40);
    await sendApplied(students, csv(roster));
    await sendApplied(employees, csv(staff));
    for (const style of ["normal", "active-roster"]) {
      const held = await sendHeld(students, csv(staff), `&style=${style}`);
      assert.ok(codesOf(held).includes("people_of_another_source"));
      assert.equal(held.hold.scope, "everything");
      assert.match(
        held.summary,
        new RegExp(`40 of 40 people \\(100 %; limit 50 %\\) are known from ${employees} and not from ${students}`),
      );
    }
    assert.equal((await idsOf(roster)).length, 60);
    const { rows } = await database.owner.query(
      "select count(*)::integer as both from user_sources us join sources s on s.organization_id = us.organization_id and s.number = us.source where s.name = $1",
      [students],
    );
    assert.equal(rows[0].both, 60);
  });

  test("the same file again changes nothing, in every style", async () => {
    for (const style of ["normal", "active-roster", "purge"]) {
      const source = await newSource({ style });
      const file = csv(range(30));
      await sendApplied(source, file);
      const again = await sendApplied(source, file);
      assert.deepEqual([again.counts.unchanged, again.firstSequence, again.hold], [30, null, null]);
    }
  });

  test("a file that is cut off, or empty, is refused before anybody could be missing", async () => {
    const source = await newSource({ guard: noGuard });
    const roster = range(30);
    await sendApplied(source, csv(roster));
    for (const [file, code] of [
      [csv(roster).slice(0, -15), "csv_cut_off"],
      ["databaseID,firstName,lastName,email,userID,phone,groupID\n", "document_empty"],
    ] as const) {
      const answer = await send(source, file);
      assert.equal(answer.json.code, code);
    }
    assert.equal((await idsOf(roster)).length, 30);
  });
});

describe("protections", () => {
  test("people who are protected stay, and the report names them", async () => {
    const source = await newSource({ guard: noGuard });
    const roster = range(4);
    await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "KEEP", style: "static" } });
    await sendApplied(source, csv([{ ...roster[0]!, groups: "KEEP" }, ...roster.slice(1)]));
    const applied = await sendApplied(source, csv(roster.slice(2)));
    assert.deepEqual([applied.counts.removed, applied.counts.kept], [1, 1]);
    const { json } = await app.inject({ url: `/v1/imports/${applied.id}/rows` });
    const [note] = json.items;
    assert.deepEqual([note.row, note.code], [0, "person_kept"]);
    assert.match(
      note.message,
      /^0+\d+ First\d+ Last\d+, whom the file does not name, was not deleted: the person belongs to a static group\.$/,
    );
    assert.match(applied.summary, /1 person who is not in the file is protected and stays\./);
    const text = await app.inject({ url: `/v1/imports/${applied.id}`, headers: { accept: "text/plain" } });
    assert.match(text.body, / {2}not in the file, unchanged, person_kept: /);
  });

  test("somebody who comes back has the same id, and what was entered by hand", async () => {
    const source = await newSource({ guard: noGuard });
    await createGroups("CHOIR");
    const roster = range(3);
    await sendApplied(source, csv(roster));
    const [id] = await idsOf(roster);
    const url = `/v1/users/${id}`;
    const patched = await app.inject({
      method: "PATCH",
      url,
      body: { lastName: "Byhand", phones: [{ number: "+12125550187", label: "home" }] },
    });
    assert.equal(patched.status, 200, patched.body);
    await sendApplied(source, csv(roster.slice(1)));
    assert.equal((await app.inject({ url })).status, 404);
    const back = await sendApplied(source, csv(roster));
    assert.deepEqual([back.counts.added, back.counts.failed], [1, 0]);
    const { json } = await app.inject({ url });
    assert.deepEqual([json.id, json.lastName, json.firstName], [id, "Byhand", `First${roster[0]?.number}`]);
    assert.ok(json.version > patched.json.version);
    const numbers = json.phones.map(({ number }: { number: string }) => number);
    assert.deepEqual(numbers.sort(), ["+12125550187", `+1202555${String(roster[0]?.number).padStart(4, "0")}`].sort());
    const again = await sendApplied(source, csv(roster));
    assert.deepEqual([again.counts.updated, again.firstSequence], [0, null]);
  });

  test("who was away longer than deleted people are kept is somebody new", async () => {
    const source = await newSource({ guard: noGuard });
    const roster = range(3);
    await sendApplied(source, csv(roster));
    const ids = await idsOf(roster);
    await sendApplied(source, csv(roster.slice(1)));
    app.advanceClock(31 * 86_400_000);
    await sendApplied(source, csv(roster));
    const after = await idsOf(roster);
    assert.deepEqual([after.length, after.includes(ids[0]!)], [3, false]);
    app.advanceClock(-31 * 86_400_000);
  });

  test("a roster removes only what its source brought; whom others have stays, without it", async () => {
    const students = await newSource({ guard: noGuard });
    const employees = await newSource({ guard: noGuard });
    await createGroups("CRS-A", "OFFICE");
    const [ann, bo] = range(2);
    await sendApplied(students, csv(changed([ann!, bo!], () => ({ groups: "CRS-A" }))));
    await sendApplied(employees, csv([{ ...ann!, databaseId: "E1", groups: "OFFICE", phone: "+12125550187" }]));
    const applied = await sendApplied(students, csv([{ ...bo!, groups: "CRS-A" }]));
    assert.deepEqual([applied.counts.removed, applied.counts.withdrawn], [0, 1]);
    const [id] = await idsOf([ann!]);
    const { json } = await app.inject({ url: `/v1/users/${id}` });
    assert.deepEqual(
      json.memberships.map(({ groupId }: { groupId: string }) => groupId),
      ["OFFICE"],
    );
    assert.deepEqual(
      json.phones.map(({ number }: { number: string }) => number),
      ["+12125550187"],
    );
    assert.deepEqual(json.sources, [{ source: employees, databaseId: "E1" }]);
  });
});
