/** Groups and locations that lose most of their people, and who may announce that. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { changed, csv } from "../support/rosters.ts";

const { app, approver, codesOf, approve, createGroups, database, newSource, range, send, sendApplied, sendHeld } =
  await startGuardedApp(after);

describe("a group of three or more members", () => {
  test("that a person's rows leave holds the removals, with its name and numbers", async () => {
    await createGroups("CRS-7", "CRS-8");
    const source = await newSource({ style: "purge" });
    const roster = range(40).map((person, index) => ({
      ...person,
      groups: index < 5 ? "G1;CRS-7" : index < 7 ? "G1;CRS-8" : "G1",
    }));
    await sendApplied(source, csv(roster));
    const without = (count: number) =>
      roster.map((person, index) => (index < count ? { ...person, groups: "G1" } : person));
    const [newcomer] = range(1);
    const held = await sendHeld(source, csv([...without(3), newcomer!]));
    assert.deepEqual([codesOf(held), held.hold.scope], [["scope_emptied"], "removals"]);
    assert.match(held.summary, /Group CRS-7 would lose 3 of its 5 people \(60 %; limit 50 %\)\./);
    assert.equal(held.counts.added, 1);
    const fewer = without(2).map((person, index) => (index > 4 && index < 7 ? { ...person, groups: "G1" } : person));
    await sendApplied(source, csv([...fewer, newcomer!]));
  });

  test("with its own limit follows that", async () => {
    await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "TERM-1", guardPercent: 100 } });
    const source = await newSource({ style: "purge" });
    const roster = changed(range(5), () => ({ groups: "G1;TERM-1" }));
    await sendApplied(source, csv(roster));
    await sendApplied(source, csv(changed(roster, () => ({ groups: "G1" }))));
  });

  test("is not purged or deleted by a file of groups without a decision", async () => {
    await createGroups("CLUB-3", "CLUB-2");
    const source = await newSource();
    const roster = range(3).map((person, index) => ({ ...person, groups: index < 2 ? "CLUB-3;CLUB-2" : "CLUB-3" }));
    await sendApplied(source, csv(roster));
    const file = (action: string, groupId: string) =>
      app.inject({
        method: "POST",
        url: "/v1/imports/groups",
        headers: { "content-type": "text/csv" },
        body: `action,groupID\n${action},${groupId}\n`,
      });
    assert.equal((await file("purge", "CLUB-2")).status, 201);
    for (const action of ["purge", "delete"]) {
      const held = await file(action, "CLUB-3");
      assert.equal(held.status, 202, held.body);
      assert.deepEqual(codesOf(held.json), ["scope_emptied"]);
    }
  });
});

describe("a location of three or more people", () => {
  const located = (roster: ReturnType<typeof range>, nameOf: (index: number) => string) => {
    const [header, ...lines] = csv(roster).trimEnd().split("\n");
    return `${header},campusName\n${lines.map((line, index) => `${line},${nameOf(index)}\n`).join("")}`;
  };

  test("that people leave holds everything, and the correct file repairs it after approval", async () => {
    for (const name of ["North", "South"]) await app.inject({ method: "POST", url: "/v1/locations", body: { name } });
    const source = await newSource();
    const roster = range(40);
    const correct = located(roster, (index) => (index < 4 ? "North" : "South"));
    await sendApplied(source, correct);
    const held = await sendHeld(
      source,
      located(roster, (index) => (index < 1 ? "North" : "South")),
    );
    assert.deepEqual([codesOf(held), held.hold.scope], [["scope_emptied"], "everything"]);
    assert.match(held.summary, /Location North would lose 3 of its 4 people \(75 %; limit 50 %\)\./);
    await approve(held);
    await sendApplied(source, correct);
    const other = await newSource();
    const half = range(40);
    await sendApplied(
      other,
      located(half, (index) => (index < 4 ? "North" : "South")),
    );
    await sendApplied(
      other,
      located(half, (index) => (index < 2 ? "North" : "South")),
    );
  });

  test("whose people are deleted holds the removals", async () => {
    await app.inject({ method: "POST", url: "/v1/locations", body: { name: "East" } });
    const source = await newSource();
    const roster = range(60);
    await sendApplied(
      source,
      located(roster, (index) => (index < 3 ? "East" : "")),
    );
    const held = await sendHeld(
      source,
      located(roster.slice(2), (index) => (index < 1 ? "East" : "")),
    );
    assert.deepEqual([codesOf(held), held.hold.scope], [["scope_emptied"], "removals"]);
  });

  test("is not deleted by a file of locations without a decision, and the rest of the file is applied", async () => {
    for (const name of ["West", "Far West"]) await app.inject({ method: "POST", url: "/v1/locations", body: { name } });
    const source = await newSource();
    const nameOf = (index: number) => (index < 3 ? "West" : index < 5 ? "Far West" : "");
    await sendApplied(source, located(range(30), nameOf));
    const file = (body: string) =>
      app.inject({ method: "POST", url: "/v1/imports/locations", headers: { "content-type": "text/csv" }, body });
    assert.equal((await file("action,name\ndelete,Far West\n")).status, 201);
    const held = await file("action,name\ndelete,West\n,New West\n");
    assert.equal(held.status, 202, held.body);
    assert.deepEqual([codesOf(held.json), held.json.hold.scope], [["scope_emptied"], "removals"]);
    assert.match(held.json.summary, /Location West would lose 3 of its 3 people/);
    const status = async (name: string) => (await app.inject({ url: `/v1/locations/${name}` })).status;
    assert.deepEqual([await status("West"), await status("New%20West")], [200, 200]);
    await approve(held.json);
    assert.equal(await status("West"), 404);
  });
});

test("a key that may import cannot announce a change", async () => {
  const source = await newSource();
  const body = { percent: 60, from: "2026-11-22T00:00:00Z", until: "2026-11-23T00:00:00Z", announcedBy: "Kim Park" };
  const url = `/v1/sources/${source}/announced-change`;
  for (const [services, status] of [
    [["approvals", "import"], 403],
    [["approvals"], 200],
  ] as const) {
    const answer = await app.inject({
      method: "PUT",
      url,
      body,
      key: services.length === 1 ? approver : await app.keyWith([...services]),
    });
    assert.equal(answer.status, status, `${services}: ${answer.body}`);
  }
  assert.equal((await app.inject({ method: "PUT", url, body })).status, 403);
  const roster = range(40);
  await sendApplied(source, csv(roster));
  assert.equal((await send(source, csv(roster.slice(20)))).status, 201);
});

test("the import of the actor who announced a change does not use the announcement", async () => {
  const source = await newSource();
  const body = { percent: 60, from: "2026-11-22T00:00:00Z", until: "2026-11-23T00:00:00Z", announcedBy: "Kim Park" };
  await app.inject({ method: "PUT", url: `/v1/sources/${source}/announced-change`, body, key: approver });
  await database.owner.query(
    `update sources set announced_change = announced_change || '{"actor":"api-key:admin"}' where name = $1`,
    [source],
  );
  const roster = range(40);
  await sendApplied(source, csv(roster));
  assert.deepEqual(codesOf(await sendHeld(source, csv(roster.slice(20)))), ["people_removed"]);
});
