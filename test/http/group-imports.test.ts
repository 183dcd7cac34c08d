/** Files of groups over HTTP (file formats, section 6). */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, approve, codesOf, database, decide, sendApplied } = await startGuardedApp(after);

const send = (body: string, query = "", type = "text/csv") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/groups${query}`,
    body,
    headers: { "content-type": type, accept: "application/json" },
  });

async function sendGroups(body: string, query = "", type = "text/csv") {
  const answer = await send(body, query, type);
  assert.equal(answer.status, 201, answer.body);
  return answer.json;
}

const group = async (groupId: string) => (await app.inject({ url: `/v1/groups/${groupId}` })).json;
const responseTo = async (id: string) => (await app.inject({ url: `/v1/imports/${id}/response` })).body;
const lastSequence = async () => {
  const { rows } = await database.owner.query<{ last: number }>(
    "select last_sequence::integer as last from feed_heads where organization_id = $1",
    [app.organizationId],
  );
  return rows[0]!.last;
};

/** A group with that many members of its own. */
async function groupOf(groupId: string, members: number, columns = "", values = "") {
  await sendGroups(`groupID${columns}\n${groupId}${values}\n`);
  const rows = Array.from(
    { length: members },
    (_, index) => `P${index},,p${index}.${groupId}@example.edu,,,${groupId},${groupId}-${index}`,
  );
  await sendApplied("default", `${rows.join("\n")}\n`, "&style=normal");
}

describe("a file of groups", () => {
  test("creates groups from the basic columns, with numbers for ids, and the same again changes nothing", async () => {
    const file = "Biology 101,9,2,2,Fall term\nChess,Club,open discussion,Public,\n";
    const first = await sendGroups(file);
    assert.deepEqual([first.kind, first.status, first.counts.added, first.counts.failed], ["groups", "applied", 2, 0]);
    const response = await responseTo(first.id);
    const [biology, chess] = response
      .trim()
      .split("\r\n")
      .map((line) => line.split(",").at(-4)!);
    assert.equal(
      response,
      `Biology 101,9,2,2,Fall term,,${biology},Add,Successful,\r\nChess,Club,open discussion,Public,,,${chess},Add,Successful,\r\n`,
    );
    const { createdAt, updatedAt, ...created } = await group(biology!);
    assert.deepEqual(created, {
      groupId: biology,
      version: 1,
      name: "Biology 101",
      category: 9,
      type: 2,
      privacy: 2,
      postApproval: false,
      description: "Fall term",
      style: null,
      default: false,
      protected: false,
      guardPercent: null,
      parentGroupId: null,
      members: 0,
    });
    assert.deepEqual([createdAt, updatedAt], ["2026-11-22T02:00:00.000000Z", "2026-11-22T02:00:00.000000Z"]);
    assert.equal((await group(chess!)).category, 8);
    const before = await lastSequence();
    const second = await sendGroups(file);
    assert.deepEqual([second.counts.unchanged, second.firstSequence, await lastSequence()], [2, null, before]);
  });

  test("takes the full layout with a header row, and changes only what it has", async () => {
    await sendGroups(
      "groupID,name,category,postApproval,style,default,protected,guardPercent,description\nFULL,Full layout,12,1,static,1,1,10,x\n",
    );
    await sendGroups("groupID,privacy\nFULL,3\n");
    const {
      category,
      postApproval,
      style,
      default: isDefault,
      protected: isProtected,
      guardPercent,
      description,
      privacy,
      version,
    } = await group("FULL");
    assert.deepEqual(
      { category, postApproval, style, isDefault, isProtected, guardPercent, description, privacy, version },
      {
        category: 12,
        postApproval: true,
        style: "static",
        isDefault: true,
        isProtected: true,
        guardPercent: 10,
        description: "x",
        privacy: 3,
        version: 2,
      },
    );
    const entries = await database.owner.query<{ action: string; changed: object }>(
      "select action, changed::json from changes where organization_id = $1 and type = 'group' and id = 'FULL' order by sequence",
      [app.organizationId],
    );
    assert.deepEqual(entries.rows[1], { action: "updated", changed: { privacy: { from: 1, to: 3 } } });
    await sendGroups("groupID,default\nFULL,0\n");
  });

  test("says the same in XML and JSON", async () => {
    const xml = '<groups type="array"><group><groupID>FORMS</groupID><category>8</category></group></groups>';
    assert.equal((await sendGroups(xml, "", "application/xml")).counts.added, 1);
    const json = { groups: [{ groupID: "FORMS", category: 8 }] };
    assert.equal((await sendGroups(JSON.stringify(json), "", "application/json")).counts.unchanged, 1);
  });

  test("makes unchanged rows of people count again: a group that it makes a roster loses whom they leave out", async () => {
    await sendGroups("groupID\nOPEN\n");
    const nights = ["OPEN;G1", "G1"].map(
      (left) => `Ann,,ann.open@example.edu,,,${left},O-1\nBob,,bob.open@example.edu,,,OPEN;G1,O-2\n`,
    );
    const sendPeople = async (night: number) => (await sendApplied("default", nights[night]!, "&style=normal")).counts;
    await sendPeople(0);
    await sendPeople(1);
    assert.equal((await sendPeople(1)).unchanged, 2);
    assert.equal((await group("OPEN")).members, 2);
    await sendGroups("groupID,style\nOPEN,active-roster\n");
    assert.equal((await sendPeople(1)).membershipsRemoved, 1);
    assert.equal((await group("OPEN")).members, 1);
  });

  test("purges and deletes, also what is gone or empty already", async () => {
    await groupOf("PURGED", 2);
    await groupOf("DELETED", 2);
    const file = "action,groupID\npurge,PURGED\ndelete,DELETED\n";
    const { counts, id } = await sendGroups(file);
    assert.deepEqual([counts.updated, counts.removed, counts.membershipsRemoved], [1, 1, 4]);
    assert.match(
      await responseTo(id),
      /purge,PURGED,,PURGED,Modify,Successful,\r\ndelete,DELETED,,DELETED,Remove,Successful,/,
    );
    assert.equal((await group("PURGED")).members, 0);
    assert.equal((await app.inject({ url: "/v1/groups/DELETED" })).status, 404);
    const people = await app.inject({ url: "/v1/users?databaseId=DELETED-0" });
    assert.deepEqual(
      people.json.items.map(({ memberships }: { memberships: object[] }) => memberships),
      [[]],
    );
    const again = await sendGroups(file);
    assert.deepEqual([again.counts.unchanged, again.firstSequence], [2, null]);
  });

  test("says in a dry run what it would do, and does nothing", async () => {
    await groupOf("DRY", 2);
    const before = await lastSequence();
    const dry = await sendGroups("action,groupID,category\n,DRY-NEW,9\npurge,DRY,\n", "?dryRun=true");
    assert.deepEqual(
      [dry.status, dry.counts.added, dry.counts.updated, dry.counts.membershipsRemoved],
      ["planned", 1, 1, 2],
    );
    const plan = (await app.inject({ url: `/v1/imports/${dry.id}/plan` })).json;
    assert.deepEqual(
      plan.items.map(({ type, action, id, row, changed }: Record<string, unknown>) => ({
        type,
        action,
        id,
        row,
        changed,
      })),
      [
        {
          type: "group",
          action: "add",
          id: "DRY-NEW",
          row: 1,
          changed: {
            name: { from: null, to: "DRY-NEW" },
            category: { from: null, to: 9 },
            type: { from: null, to: 1 },
            privacy: { from: null, to: 1 },
          },
        },
        { type: "group", action: "update", id: "DRY", row: 2, changed: { members: { from: 2, to: 0 } } },
      ],
    );
    assert.equal(await lastSequence(), before);
    assert.equal((await app.inject({ url: "/v1/groups/DRY-NEW" })).status, 404);
  });
});

describe("the guard", () => {
  test("holds what empties or deletes a group for emergency alerts, and applies the rest", async () => {
    await groupOf("ALERTS", 2, ",category", ",12");
    const answer = await send("action,groupID\ndelete,ALERTS\n,ALERTS-NEW\n");
    assert.equal(answer.status, 202, answer.body);
    const held = answer.json;
    assert.deepEqual([codesOf(held), held.hold.scope], [["group_members_removed"], "removals"]);
    assert.deepEqual(held.hold.waiting, {
      peopleRemoved: 0,
      peopleWithdrawn: 0,
      contactsRemoved: 0,
      membershipsRemoved: 2,
    });
    assert.match(
      held.summary,
      /^HELD, removals only: groups, .*1 added and 0 updated are live\..*ALERTS would lose 2 of its 2 members.*Nothing was deleted or emptied\./,
    );
    assert.equal((await group("ALERTS")).members, 2);
    assert.equal(
      await responseTo(held.id),
      "action,groupID,email,groupID,Action,Status,Message\r\n" +
        'delete,ALERTS,,ALERTS,Remove,Fail,"Not applied yet: what it takes away is held, and waits for a decision."\r\n' +
        ",ALERTS-NEW,,ALERTS-NEW,Add,Successful,\r\n",
    );
    assert.equal((await app.inject({ url: "/v1/groups/ALERTS-NEW" })).status, 200);
    const plan = (await app.inject({ url: `/v1/imports/${held.id}/plan` })).json;
    assert.deepEqual(
      plan.items.map(({ action, id }: Record<string, unknown>) => [action, id]),
      [["remove", "ALERTS"]],
    );
    const done = await approve(held);
    assert.deepEqual(
      [done.status, done.counts.added, done.counts.removed, done.counts.membershipsRemoved],
      ["applied", 1, 1, 2],
    );
    assert.equal((await app.inject({ url: "/v1/groups/ALERTS" })).status, 404);
    assert.match(await responseTo(held.id), /delete,ALERTS,,ALERTS,Remove,Successful,\r\n/);
  });

  test("applies exactly the plan that was approved", async () => {
    await groupOf("MOVED", 2, ",protected", ",1");
    const held = (await send("action,groupID\npurge,MOVED\n")).json;
    await sendApplied("default", "Third,,third@example.edu,,,MOVED,MOVED-2\n", "&style=normal");
    const answer = await decide(held.id, { planHash: held.planHash, decidedBy: "Kim Park" });
    assert.deepEqual([answer.status, answer.json.code], [409, "plan_changed"]);
    assert.equal((await group("MOVED")).members, 3);
    await approve({ id: held.id, planHash: answer.json.planHash });
    assert.equal((await group("MOVED")).members, 0);
  });

  test("counts what was updated before and after somebody approved it, and marks rows as discarded", async () => {
    await groupOf("PURGED-LATER", 2, ",protected", ",1");
    const file = "action,groupID,category\npurge,PURGED-LATER,\n,ALERTS-NEW,9\n";
    const held = (await send(file)).json;
    assert.deepEqual([held.counts.updated, held.counts.unchanged], [1, 1]);
    const discarded = await decide(held.id, { decidedBy: "Kim Park" }, "discard");
    assert.equal(discarded.status, 200, discarded.body);
    assert.match(
      await responseTo(held.id),
      /PURGED-LATER,Modify,Fail,"Not applied: what it takes away was held, and is discarded\."/,
    );
    const { counts, id } = await approve((await send(file.replace(",9", ",10"))).json);
    assert.deepEqual([counts.updated, counts.unchanged], [2, 0]);
    assert.match(await responseTo(id), /PURGED-LATER,Modify,Successful,\r\n/);
  });

  test("looks at all memberships that a file ends, and at groups with a limit of their own", async () => {
    await groupOf("MANY", 60);
    const many = (await send("action,groupID\ndelete,MANY\n")).json;
    assert.deepEqual(codesOf(many), ["memberships_removed", "scope_emptied"]);
    await groupOf("OWN", 2, ",guardPercent", ",50");
    const held = (await send("action,groupID\npurge,OWN\n")).json;
    assert.deepEqual([codesOf(held), held.hold.reasons[0].limit], [["group_members_removed"], "50 %"]);
  });

  test("leaves held rosters of the source alone, and its rhythm", async () => {
    const source = () => app.inject({ url: "/v1/sources/default" });
    const before = (await source()).json.lastAppliedAt;
    app.advanceClock(60_000);
    await sendGroups("groupID\nRHYTHM\n");
    assert.equal((await source()).json.lastAppliedAt, before);
  });
});
