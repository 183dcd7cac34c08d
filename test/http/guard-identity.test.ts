/** Imports that are held because people may be others than they were, or share an address that is nobody's own. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { changed, csv, type RosterPerson } from "../support/rosters.ts";

const { codesOf, newSource, range, sendApplied, sendHeld } = await startGuardedApp(after);

describe("people whom a userID alone names, with another name and e-mail", () => {
  const strangers = (roster: readonly RosterPerson[]) =>
    changed(roster, ({ number }) => ({
      firstName: `Other${number}`,
      lastName: `Else${number}`,
      email: `stranger${number}@example.edu`,
      databaseId: "",
    }));
  const withoutDatabaseIds = (roster: readonly RosterPerson[]) => changed(roster, () => ({ databaseId: "" }));

  for (const style of ["normal", "active-roster", "purge"])
    test(`are held from a limit on: ${style}`, async () => {
      const source = await newSource({ style });
      const roster = withoutDatabaseIds(range(60));
      await sendApplied(source, csv(roster));
      const held = await sendHeld(source, csv([...strangers(roster.slice(0, 20)), ...roster.slice(20)]));
      const reason = held.hold.reasons.find(({ code }: { code: string }) => code === "people_replaced");
      assert.deepEqual([reason?.figure, reason?.of, held.hold.scope], [20, 60, "everything"], codesOf(held).join());
      await sendApplied(source, csv(roster));
      await sendApplied(source, csv([...strangers(roster.slice(0, 2)), ...roster.slice(2)]));
      await sendApplied(source, csv([...strangers(roster.slice(0, 2)), ...roster.slice(2)]));
    });

  test("are held in a small source", async () => {
    const source = await newSource({ style: "normal" });
    const roster = withoutDatabaseIds(range(4));
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv([...strangers(roster.slice(0, 3)), roster[3]!]));
    assert.deepEqual(codesOf(held), ["people_replaced"]);
  });

  test("are held in the first file of another source", async () => {
    const roster = range(20);
    await sendApplied(await newSource(), csv(roster));
    const held = await sendHeld(await newSource({ style: "normal" }), csv([...strangers(roster), ...range(20)]));
    assert.deepEqual(codesOf(held), ["people_replaced"]);
    assert.match(
      held.hold.reasons[0].message,
      /^20 of 40 people in the file \(50 %; limit 1 %\) arrive with another name/,
    );
  });

  test("are held if the row has a databaseID that the source does not know", async () => {
    const source = await newSource({ style: "normal" });
    const roster = range(12);
    await sendApplied(source, csv(withoutDatabaseIds(roster)));
    const renumbered = changed(strangers(roster), ({ number }) => ({ databaseId: `N${number}` }));
    assert.deepEqual(codesOf(await sendHeld(source, csv(renumbered))), ["people_replaced"]);
  });
});

describe("one address in many rows", () => {
  const office = "registrar@example.edu";
  for (const [style, primaryEmail] of [
    ["normal", "kept"],
    ["purge", "source"],
  ] as const)
    test(`is held if known people would get it: ${style}, primary e-mail ${primaryEmail}`, async () => {
      const source = await newSource({ style, primaryEmail });
      const roster = range(60);
      await sendApplied(source, csv(roster));
      const withOffice = (count: number) => [
        ...changed(roster.slice(0, count), () => ({ email: office })),
        ...roster.slice(count),
      ];
      const held = await sendHeld(source, csv(withOffice(60)));
      assert.deepEqual(codesOf(held), ["contacts_shared"]);
      assert.match(
        held.hold.reasons[0].message,
        /^60 of 60 people of source-\d+ \(100 %; limit 5 %\) would get an e-mail/,
      );
      assert.equal(
        held.hold.reasons[0].examples[0],
        `${String(roster[0]!.number).padStart(8, "0")} First${roster[0]!.number} Last${roster[0]!.number}: ${office}`,
      );
      await sendHeld(source, csv(withOffice(11)));
      await sendApplied(source, csv(withOffice(10)));
    });

  test("is held in a small source, as a phone, too", async () => {
    const source = await newSource({ style: "normal" });
    const roster = range(4);
    await sendApplied(source, csv(roster));
    for (const value of [{ email: office }, { phone: "+12125559876" }]) {
      const held = await sendHeld(source, csv([...changed(roster.slice(0, 3), () => value), roster[3]!]));
      assert.deepEqual(codesOf(held), ["contacts_shared"]);
    }
  });

  test("is applied if it is the phone of an office, or the addresses of families", async () => {
    const source = await newSource({ style: "normal", guard: { contactsRemoved: null } });
    const roster = range(60);
    await sendApplied(source, csv(roster));
    await sendApplied(
      source,
      csv([...changed(roster.slice(0, 30), () => ({ phone: "+12125559876" })), ...roster.slice(30)]),
    );
    await sendApplied(source, csv(changed(roster, ({ number }) => ({ email: `family${number % 10}@example.org` }))));
  });
});

test("new databaseIDs are held with the people's own names, and applied for sisters with the address of the family", async () => {
  const source = await newSource({ style: "normal" });
  const roster = changed(range(12), () => ({ userId: "", phone: "" }));
  await sendApplied(source, csv(roster));
  const renumbered = changed(roster, ({ number }) => ({ databaseId: `R${number}`, email: `p${number}@example.edu` }));
  assert.deepEqual(codesOf(await sendHeld(source, csv(renumbered))), ["identifiers_changed"]);
  const sisters = changed(renumbered, ({ number }) => ({ firstName: `Sister${number}` }));
  assert.equal((await sendApplied(source, csv(sisters))).counts.added, 12);
});
