/** Imports that are held because they change values of too many people. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { changed, csv, type RosterPerson } from "../support/rosters.ts";

const { app, codesOf, newSource, range, send, sendApplied, sendHeld } = await startGuardedApp(after);

/** A roster with each person's values moved to the next person. */
const shifted = (roster: readonly RosterPerson[], value: (person: RosterPerson) => Partial<RosterPerson>) =>
  roster.map((person, index) => ({ ...person, ...value(roster[(index + 1) % roster.length]!) }));

const names = (first: (number: number) => string, last: (number: number) => string) => (person: RosterPerson) => ({
  firstName: first(person.number),
  lastName: last(person.number),
});

const mail = ({ number }: RosterPerson) => ({ email: `p${number}@example.edu` });
const phone = ({ number }: RosterPerson) => ({ phone: `+1202555${String(number).padStart(4, "0")}` });

/** Files that change a value of everybody, by the reason for which they are held. */
const accidents: Readonly<Record<string, (roster: RosterPerson[]) => RosterPerson[]>> = {
  names_changed: (roster) =>
    shifted(
      roster,
      names(
        (number) => `First${number}`,
        (number) => `Last${number}`,
      ),
    ),
  names_swapped: (roster) =>
    changed(
      roster,
      names(
        (number) => `Last${number}`,
        (number) => `First${number}`,
      ),
    ),
  contacts_of_others: (roster) => shifted(roster, phone),
  people_replaced: (roster) =>
    changed(roster, (person) => ({
      ...names(
        (number) => `Other${number}`,
        (number) => `Else${number}`,
      )(person),
      email: `other${person.number}@example.edu`,
      userId: `other${person.number}`,
    })),
  roles_granted: (roster) => changed(roster, () => ({ groups: "G1|1" })),
};

describe("an import that changes a value of everybody", () => {
  for (const [code, accident] of Object.entries(accidents)) {
    for (const [style, count] of [
      ["active-roster", 40],
      ["purge", 4],
      ["normal", 3],
    ] as const) {
      test(`${code}: is held whole, ${style}, ${count} people`, async () => {
        const source = await newSource({ style });
        const roster = range(count);
        await sendApplied(source, csv(roster));
        const held = await sendHeld(source, csv(accident(roster)));
        assert.ok(codesOf(held).includes(code), codesOf(held).join());
        assert.equal(held.hold.scope, "everything");
        const reason = held.hold.reasons.find((one: { code: string }) => one.code === code);
        assert.deepEqual([reason.figure, reason.of], [count, count]);
        assert.equal(reason.examples.length, Math.min(count, 10));
        assert.ok(held.summary.includes(reason.message), held.summary);
        assert.equal((await send(source, csv(roster))).status, 201, "the correct file closes the hold");
      });
    }
  }

  test("is applied if it changes two people of a small source", async () => {
    const source = await newSource();
    const roster = range(3);
    await sendApplied(source, csv(roster));
    for (const accident of Object.values(accidents)) {
      const { status, body } = await send(source, csv([...accident(roster.slice(0, 2)), roster[2]!]));
      assert.equal(status, 201, body);
    }
  });

  test("is applied if the limit is off", async () => {
    const source = await newSource({ guard: { namesSwapped: null } });
    const roster = range(20);
    await sendApplied(source, csv(roster));
    await sendApplied(source, csv(accidents.names_swapped!(roster)));
  });

  test("is applied if it is a few of many, and held if it is more than the limit", async () => {
    const source = await newSource();
    const roster = range(200);
    await sendApplied(source, csv(roster));
    const rename = (count: number) => [...accidents.names_changed!(roster.slice(0, count)), ...roster.slice(count)];
    const held = await sendHeld(source, csv(rename(11)));
    assert.deepEqual(codesOf(held), ["names_changed"]);
    assert.match(
      held.hold.reasons[0].message,
      /^11 of 200 people of source-\d+ \(5\.5 %; limit 5 %\) would get another name\. Probably a column moved/,
    );
    await sendApplied(source, csv(rename(10)));
  });
});

describe("values that no limit counts", () => {
  test("a first file of another source may correct names", async () => {
    const first = await newSource();
    const roster = range(20);
    await sendApplied(first, csv(roster));
    const second = await newSource({ rank: 1 });
    await sendApplied(second, csv(accidents.names_changed!(roster)));
  });

  test("blank names that are filled", async () => {
    const source = await newSource();
    const roster = range(20);
    await sendApplied(source, csv(changed(roster, () => ({ lastName: "" }))));
    await sendApplied(source, csv(roster));
  });

  test("a new group of people who have the role in another", async () => {
    const source = await newSource({ guard: { rolesGranted: null } });
    const roster = changed(range(20), () => ({ groups: "G1|1" }));
    await sendApplied(source, csv(roster));
    const settings = { style: "active-roster" };
    await app.inject({ method: "PUT", url: `/v1/sources/${source}`, body: settings });
    await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "TERM" } });
    await sendApplied(source, csv(changed(roster, () => ({ groups: "G1|1;TERM|1" }))));
  });

  test("two people who exchange their primary e-mails", async () => {
    const source = await newSource({ primaryEmail: "source" });
    const roster = range(3);
    await sendApplied(source, csv(roster));
    const applied = await sendApplied(source, csv([...shifted(roster.slice(0, 2), mail), roster[2]!]));
    assert.equal(applied.counts.updated, 2);
  });
});

test("changed names are counted in a file of names alone", async () => {
  const source = await newSource({ style: "normal" });
  const roster = range(12);
  await sendApplied(source, csv(roster));
  const renamed = changed(roster, ({ number }) => ({ firstName: `New${number}`, lastName: `Name${number}` }));
  const cells = csv(renamed)
    .split("\n")
    .map((line) => line.split(",").slice(0, 3).join(","));
  assert.deepEqual(codesOf(await sendHeld(source, cells.join("\n"))), ["names_changed"]);
});

test("a shifted column of e-mails is held under both settings of the primary e-mail", async () => {
  for (const primaryEmail of ["source", "kept"]) {
    const source = await newSource({ primaryEmail });
    const roster = range(12);
    await sendApplied(source, csv(roster));
    const held = await sendHeld(source, csv(shifted(roster, mail)));
    assert.ok(codesOf(held).includes("contacts_of_others"), codesOf(held).join());
  }
});

test("a first file in which everybody has a role above member is held, in an empty organization, too", async () => {
  const source = await newSource();
  const held = await sendHeld(source, csv(changed(range(20), () => ({ groups: "G1|1" }))));
  assert.deepEqual(codesOf(held), ["roles_granted"]);
  const other = await newSource();
  const some = range(20);
  await sendApplied(other, csv([...changed(some.slice(0, 8), () => ({ groups: "G1|1" })), ...some.slice(8)]));
  const fresh = await startGuardedApp(after);
  const first = await fresh.newSource();
  const heldToo = await fresh.sendHeld(first, csv(changed(fresh.range(20), () => ({ groups: "G1|1" }))));
  assert.deepEqual(fresh.codesOf(heldToo), ["roles_granted"]);
});

test("lost letters of many are held, and their text stays", async () => {
  const source = await newSource();
  const roster = range(20);
  const named = (first: string, last: string) =>
    changed(
      roster,
      names(
        () => first,
        (number) => `${last}${number}`,
      ),
    );
  await sendApplied(source, csv(named("Zoë", "Müller")));
  for (const [first, last] of [
    ["Zo?", "M?ller"],
    ["ZoÃ«", "MÃ¼ller"],
    ["Zo�", "M�ller"],
  ] as const) {
    const held = await sendHeld(source, csv(named(first, last)));
    assert.deepEqual(codesOf(held), ["letters_lost"]);
    assert.match(
      held.hold.reasons[0].message,
      /^20 of 20 people of source-\d+ \(100 %; limit 1 %\) have text in this file/,
    );
  }
});

test("lost zeros of a small source are held", async () => {
  const source = await newSource({ style: "normal" });
  const roster = range(8);
  await sendApplied(source, csv(roster));
  const held = await sendHeld(
    source,
    csv(changed(roster, ({ number }) => ({ databaseId: String(number), userId: "" }))),
  );
  assert.deepEqual(codesOf(held), ["identifiers_changed"]);
  assert.match(held.summary, /8 of 8 people \(100 %; limit .*Leading zeros look lost/);
});
