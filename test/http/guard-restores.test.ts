/** The correct file repairs an accident without a decision: values that an import only restores are not counted. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { changed, csv, type RosterPerson } from "../support/rosters.ts";

const { app, approve, codesOf, createGroups, newSource, range, sendApplied, sendHeld } = await startGuardedApp(after);
await createGroups("G9");

const next = (roster: readonly RosterPerson[], index: number) => roster[(index + 1) % roster.length]!;
const ofNext = (roster: readonly RosterPerson[], value: (person: RosterPerson) => Partial<RosterPerson>) =>
  roster.map((person, index) => ({ ...person, ...value(next(roster, index)) }));
const phone = ({ number }: RosterPerson) => ({ phone: `+1202555${String(number).padStart(4, "0")}` });
const email = ({ number }: RosterPerson) => ({ email: `p${number}@example.edu` });

/** Everything that the API shows of the people of a source, except versions and times. */
async function stateOf(roster: readonly RosterPerson[]) {
  const users = [];
  for (const { number } of roster) {
    const { json } = await app.inject({ url: `/v1/users?username=user${number}` });
    const { version, createdAt, updatedAt, lastImportId, ...user } = json.items[0] ?? {};
    users.push({ ...user, memberships: user.memberships?.map(({ groupId, role }: never) => ({ groupId, role })) });
  }
  return users;
}

const accidents: Readonly<Record<string, (roster: RosterPerson[]) => RosterPerson[]>> = {
  "changed names": (roster) => changed(roster, ({ number }) => ({ firstName: `Other${number}`, lastName: "Else" })),
  "swapped names": (roster) =>
    changed(roster, ({ number }) => ({ firstName: `Last${number}`, lastName: `First${number}` })),
  "shifted phones": (roster) => ofNext(roster, phone),
  "shifted e-mails": (roster) => ofNext(roster, email),
  "lost phones": (roster) => changed(roster, () => ({ phone: "" })),
  "roles above member": (roster) => changed(roster, () => ({ groups: "G1|1" })),
  "another group": (roster) => changed(roster, () => ({ groups: "G9" })),
  "a further group": (roster) => changed(roster, () => ({ groups: "G1;G9" })),
  "lost zeros": (roster) => changed(roster, ({ number }) => ({ databaseId: String(number), userId: "" })),
  "half of the people missing": (roster) => roster.slice(0, roster.length / 4),
};

describe("the correct file repairs", () => {
  for (const [name, accident] of Object.entries(accidents)) {
    test(`${name} that were approved`, async () => {
      const source = await newSource({ style: "purge", primaryEmail: "source" });
      const roster = range(60);
      await sendApplied(source, csv(roster));
      const before = await stateOf(roster.slice(0, 3));
      const answer = await app.inject({
        method: "POST",
        url: `/v1/imports/users?source=${source}`,
        body: csv(accident(roster)),
        headers: { "content-type": "text/csv" },
      });
      if (answer.json.status === "held") await approve(answer.json);
      await sendApplied(source, csv(roster));
      assert.deepEqual(await stateOf(roster.slice(0, 3)), before);
    });
  }
});

describe("is held all the same", () => {
  test("another accident after the first", async () => {
    const source = await newSource({ style: "purge" });
    const roster = range(60);
    await sendApplied(source, csv(roster));
    await approve(await sendHeld(source, csv(accidents["changed names"]!(roster))));
    const held = await sendHeld(source, csv(accidents["swapped names"]!(roster)));
    assert.deepEqual(codesOf(held), ["names_changed"]);
  });

  test("the same accident again after it was repaired", async () => {
    const source = await newSource({ style: "purge" });
    const roster = range(60);
    await sendApplied(source, csv(roster));
    await approve(await sendHeld(source, csv(accidents["changed names"]!(roster))));
    await sendApplied(source, csv(roster));
    assert.deepEqual(codesOf(await sendHeld(source, csv(accidents["changed names"]!(roster)))), ["names_changed"]);
  });

  test("a part of a file whose whole came last", async () => {
    const source = await newSource({ style: "purge" });
    const roster = range(60);
    await sendApplied(source, csv(roster.slice(0, 10)));
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(roster.slice(0, 10)));
    assert.ok(codesOf(held).includes("people_removed"), codesOf(held).join());
  });

  test("a file without phones after the first one, which brought them", async () => {
    const source = await newSource({ style: "purge" });
    const roster = range(60);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(changed(roster, () => ({ phone: "" }))));
    assert.deepEqual(codesOf(held), ["contacts_removed"]);
  });
});
