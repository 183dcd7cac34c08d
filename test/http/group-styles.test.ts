/** Groups with a style of their own, under imports of every style (file formats, section 5). */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { noGuard } from "../support/organization-store.ts";
import { changed, csv, type RosterPerson } from "../support/rosters.ts";

const { app, approve, codesOf, createGroups, database, newSource, range, send, sendApplied, sendHeld } =
  await startGuardedApp(after);

let counter = 0;
async function newGroup(style: string, settings: object = {}): Promise<string> {
  const groupId = `${style.toUpperCase()}-${++counter}`;
  const answer = await app.inject({ method: "POST", url: "/v1/groups", body: { groupId, style, ...settings } });
  assert.equal(answer.status, 201, answer.body);
  return groupId;
}

/** A source that adds to what there is, with a guard that holds nothing. */
const plainSource = (settings: object = {}) => newSource({ style: "normal", guard: noGuard, ...settings });

const within = (roster: readonly RosterPerson[], groups: string) => changed(roster, () => ({ groups }));

/** Numbers of the people who are in a group. */
async function membersOf(groupId: string): Promise<number[]> {
  const { rows } = await database.owner.query<{ number: number }>(
    `select substr(u.username, 5)::integer as number
     from memberships m join users u on u.organization_id = m.organization_id and u.id = m.user_id
     where m.organization_id = $1 and m.group_id = $2 order by 1`,
    [app.organizationId, groupId],
  );
  return rows.map(({ number }) => number);
}
const numbersOf = (roster: readonly RosterPerson[]) => roster.map(({ number }) => number);

describe("a group of the style active-roster", () => {
  test("has whom the file puts into it, and nobody is deleted", async () => {
    const source = await plainSource();
    const group = await newGroup("active-roster");
    const roster = range(4);
    const [first, second, ...others] = roster;
    await sendApplied(source, csv(within(roster, `${group};G1`)));
    const { counts } = await sendApplied(source, csv([...within([first!], group), ...within([second!], "G1")]));
    assert.deepEqual(await membersOf(group), numbersOf([first!]));
    assert.deepEqual([counts.membershipsRemoved, counts.removed, counts.updated], [3, 0, 1]);
    for (const { number } of [second!, ...others]) assert.ok((await membersOf("G1")).includes(number));
  });

  test("is left alone by a file that names it nowhere", async () => {
    const source = await plainSource();
    const group = await newGroup("active-roster");
    const roster = range(3);
    await sendApplied(source, csv(within(roster, group)));
    for (const style of ["normal", "active-roster", "purge"]) {
      const { counts } = await sendApplied(source, csv(within(roster, "G1")), `&style=${style}`);
      assert.deepEqual([await membersOf(group), counts.membershipsRemoved], [numbersOf(roster), 0], style);
    }
  });

  test("is named by rows that are as they were last time and are passed over", async () => {
    const source = await plainSource();
    const group = await newGroup("active-roster");
    const [mover, ...stayers] = within(range(4), group) as [RosterPerson, ...RosterPerson[]];
    await sendApplied(source, csv([mover, ...stayers]));
    const { counts } = await sendApplied(source, csv([{ ...mover, groups: "G1" }, ...stayers]));
    assert.deepEqual([await membersOf(group), counts.membershipsRemoved], [numbersOf(stayers), 1]);
    const back = await sendApplied(source, csv([mover, ...stayers]));
    assert.deepEqual([await membersOf(group), back.counts.membershipsAdded], [numbersOf([mover, ...stayers]), 1]);
  });

  test("is not named by a row that named it some other night", async () => {
    const source = await plainSource();
    const group = await newGroup("active-roster");
    const [first, second] = range(2) as [RosterPerson, RosterPerson];
    await sendApplied(source, csv([{ ...first, groups: group }, second]));
    for (let night = 0; night < 3; night++) {
      await sendApplied(source, csv([first, second]));
      assert.deepEqual(await membersOf(group), [first.number]);
    }
    await sendApplied(source, csv([first, { ...second, groups: group }]));
    assert.deepEqual(await membersOf(group), [second.number]);
  });

  test("takes back whose row comes again as it was", async () => {
    const source = await plainSource();
    const other = await plainSource();
    const group = await newGroup("active-roster");
    const [first, second] = within(range(2), group) as [RosterPerson, RosterPerson];
    await sendApplied(other, csv([second]));
    // the second time nothing but the digests of the rows is new
    for (let night = 0; night < 2; night++) await sendApplied(source, csv([first, second]));
    const claims = async () => {
      const { rows } = await database.owner.query<{ claims: string }>(
        `select m.claims::bit(16)::text as claims from memberships m
         join users u on u.organization_id = m.organization_id and u.id = m.user_id
         where m.organization_id = $1 and m.group_id = $2 and u.username = $3`,
        [app.organizationId, group, `user${second.number}`],
      );
      return rows[0]?.claims;
    };
    const before = await claims();
    await sendApplied(source, csv([first]));
    assert.notEqual(await claims(), before);
    assert.deepEqual(await membersOf(group), numbersOf([first, second]));
    await sendApplied(source, csv([first, second]));
    assert.equal(await claims(), before);
  });

  test("keeps everybody whom a failed row could mean", async () => {
    const source = await plainSource();
    const group = await newGroup("active-roster");
    const [first, second, third] = within(range(3), group) as [RosterPerson, RosterPerson, RosterPerson];
    await sendApplied(source, csv([first, second, third]));
    const { counts } = await sendApplied(source, csv([first, { ...second, groups: "2" }]));
    assert.deepEqual([await membersOf(group), counts.failed], [numbersOf([first, second]), 1]);
  });

  test("logs each person who leaves once, and raises their version", async () => {
    const source = await plainSource();
    const group = await newGroup("active-roster");
    const [first, second] = within(range(2), group) as [RosterPerson, RosterPerson];
    await sendApplied(source, csv([first, second]));
    const { id, firstSequence, lastSequence } = await sendApplied(source, csv([first]));
    assert.equal(firstSequence, lastSequence);
    const { rows } = await database.owner.query(
      `select c.action, c.username, c.database_id, c.changed::json, c.memberships::json, u.version::integer, u.last_import_id
       from changes c join users u on u.organization_id = c.organization_id and u.id = c.id::bigint
       where c.organization_id = $1 and c.sequence = $2`,
      [app.organizationId, firstSequence],
    );
    assert.deepEqual(rows, [
      {
        action: "updated",
        username: `user${second.number}`,
        changed: {},
        version: 2,
        last_import_id: id,
        database_id: String(second.number).padStart(8, "0"),
        memberships: [{ groupId: group, role: { from: 0, to: null } }],
      },
    ]);
    const again = await sendApplied(source, csv([first]));
    assert.deepEqual([again.firstSequence, again.counts.membershipsRemoved], [null, 0]);
  });
});

describe("a group of the style purge", () => {
  test("replaces the data of those who are put into it, without databaseID, too", async () => {
    const source = await plainSource();
    const group = await newGroup("purge");
    const [person] = range(1) as [RosterPerson];
    const row = (phone: string, groupId: string) =>
      `firstName,lastName,email,userID,phone,groupID\nAnn,Doe,p${person.number}@example.edu,user${person.number},${phone},${groupId}\n`;
    await sendApplied(source, row("+12125550187", "G1"));
    const numbers = async () => {
      const { json } = await app.inject({ url: `/v1/users?username=user${person.number}` });
      return json.items[0].phones.map(({ number }: { number: string }) => number);
    };
    await sendApplied(source, row("+12025550123", "G1"));
    assert.deepEqual(await numbers(), ["+12025550123", "+12125550187"]);
    await sendApplied(source, row("+12025550123", group));
    assert.deepEqual(await numbers(), ["+12025550123"]);
    await sendApplied(source, row("", group));
    assert.deepEqual(await numbers(), []);
  });
});

describe("a group of the style normal", () => {
  test("keeps its members under imports of the style purge", async () => {
    const source = await plainSource({ style: "purge" });
    const group = await newGroup("normal");
    const roster = range(2);
    await sendApplied(source, csv(within(roster, `${group};G1`)));
    const { counts } = await sendApplied(source, csv(within(roster, "G1")));
    assert.deepEqual([await membersOf(group), counts.membershipsRemoved], [numbersOf(roster), 0]);
  });
});

describe("the guard", () => {
  test("holds what a roster of a group would take away, and applies it when it is approved", async () => {
    const source = await newSource({ style: "normal" });
    const group = await newGroup("active-roster", { protected: true });
    const roster = within(range(8), group);
    const [newcomer] = within(range(1), group);
    await sendApplied(source, csv(roster));
    const next = [...roster.slice(4), ...within(roster.slice(0, 1), "G1"), newcomer!];
    const held = await sendHeld(source, csv(next));
    assert.deepEqual([codesOf(held), held.hold.scope], [["group_members_removed"], "removals"]);
    assert.deepEqual(held.hold.waiting.membershipsRemoved, 4);
    assert.deepEqual(await membersOf(group), numbersOf([...roster, newcomer!]));
    const applied = await approve(held);
    assert.equal(applied.counts.membershipsRemoved, 4);
    assert.deepEqual(await membersOf(group), numbersOf([...roster.slice(4), newcomer!]));
    const again = await sendApplied(source, csv(next));
    assert.equal(again.firstSequence, null);
  });

  test("holds it when a row names nobody who could be read", async () => {
    const source = await newSource({ style: "normal" });
    const group = await newGroup("active-roster");
    await createGroups("OTHER");
    const roster = within(range(3), group);
    await sendApplied(source, csv(roster));
    const unreadable = ",First,Last,,,,G1\n";
    const held = await sendHeld(source, csv(roster.slice(1)) + unreadable);
    assert.deepEqual([codesOf(held), held.hold.scope], [["rows_unidentified"], "removals"]);
    assert.deepEqual(await membersOf(group), numbersOf(roster));
    assert.equal((await send(source, csv(within(roster, "OTHER")) + unreadable)).status, 201);
  });
});
