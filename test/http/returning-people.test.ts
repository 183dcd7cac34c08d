/** Values entered by hand return only to the same person, and roles above member never return (file formats, section 5.7). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, createGroups, newSource, send } = await startGuardedApp(after);
await createGroups("ALERTS", "CLUB");

const header = "databaseID,userID,firstName,lastName,email,phone,groupID";

/** Sends one row, and returns the codes of its notes. */
async function sendRow(source: string, row: string): Promise<string[]> {
  const answer = await send(source, `${header}\n${row}\n`);
  assert.equal(answer.status, 201, answer.body);
  const { items } = (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json;
  return items.map(({ code }: { code: string }) => code);
}

async function readPerson(email: string) {
  const { items } = (await app.inject({ url: `/v1/users?email=${encodeURIComponent(email)}` })).json;
  assert.equal(items.length, 1, `one person has ${email}`);
  return (await app.inject({ url: `/v1/users/${items[0].id}` })).json;
}

/** Adds a person, gives them a phone and the role of network administrator by hand, and deletes them. Returns the id. */
async function addAndDelete(source: string, row: string, email: string): Promise<string> {
  await sendRow(source, row);
  const { id } = await readPerson(email);
  const phones = [{ number: "+12125559999" }];
  assert.equal((await app.inject({ method: "PATCH", url: `/v1/users/${id}`, body: { phones } })).status, 200);
  const member = { method: "PUT", url: `/v1/groups/ALERTS/members/${id}`, body: { role: 2 } } as const;
  assert.ok([200, 201].includes((await app.inject(member)).status));
  assert.equal((await app.inject({ method: "DELETE", url: `/v1/users/${id}` })).status, 204);
  return id;
}

const strangers = [
  ["databaseID", "500,ann500,Ann,Ash,ann500@x.edu,,ALERTS", "500,zed500,Zed,Young,zed500@x.edu,,CLUB"],
  ["userID", ",ann501,Ann,Ash,ann501@x.edu,,ALERTS", ",ann501,Abel,Ashford,abel501@x.edu,,CLUB"],
  ["e-mail", ",,John,Doe,jdoe502@x.edu,,ALERTS", "777,jade502,Jade,Doe,jdoe502@x.edu,,CLUB"],
] as const;

for (const [identifier, old, recycled] of strangers) {
  test(`somebody who gets the ${identifier} of a deleted person gets nothing of theirs`, async () => {
    const source = await newSource({ style: "normal" });
    const id = await addAndDelete(source, old, old.split(",")[4]!);
    const codes = await sendRow(source, recycled);
    const stranger = await readPerson(recycled.split(",")[4]!);
    assert.notEqual(stranger.id, id);
    assert.ok(!codes.includes("person_returned"));
    assert.deepEqual([stranger.phones, stranger.memberships], [[], [{ groupId: "CLUB", role: 0 }]]);
  });
}

test("somebody who returns with two identifiers gets the values entered by hand, and no role above member", async () => {
  const source = await newSource({ style: "normal" });
  const id = await addAndDelete(source, "503,ann503,Ann,Ash,ann503@x.edu,,ALERTS", "ann503@x.edu");
  assert.deepEqual(await sendRow(source, "503,,ÁNN,Roe,ann503@x.edu,,CLUB"), ["person_returned"]);
  const person = await readPerson("ann503@x.edu");
  assert.equal(person.id, id);
  assert.deepEqual(
    person.phones.map(({ number }: { number: string }) => number),
    ["+12125559999"],
  );
  assert.deepEqual(
    person.memberships.map(({ groupId, role }: { groupId: string; role: number }) => [groupId, role]),
    [
      ["ALERTS", 0],
      ["CLUB", 0],
    ],
  );
});

test("both names in swapped order count beside the e-mail, and a last name alone does not", async () => {
  const source = await newSource({ style: "normal" });
  const id = await addAndDelete(source, "507,,Ann,Ash,ann507@x.edu,,ALERTS", "ann507@x.edu");
  assert.deepEqual(await sendRow(source, "507,,ash,ANN,ann507@x.edu,,CLUB"), ["person_returned"]);
  assert.equal((await readPerson("ann507@x.edu")).id, id);
  const other = await addAndDelete(source, "508,ann508,Ann,Ash,ann508@x.edu,,ALERTS", "ann508@x.edu");
  assert.deepEqual(await sendRow(source, "508,,Bea,Ash,ann508@x.edu,,CLUB"), []);
  assert.notEqual((await readPerson("ann508@x.edu")).id, other);
});
