/** People who were deleted and whose identifiers come again (file formats, section 5.7). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, createGroups, newSource, send } = await startGuardedApp(after);
await createGroups("ALERTS", "CLUB");

const header = ["firstName", "lastName", "email", "userID", "phone", "groupID", "databaseID"] as const;
type Values = Partial<Record<(typeof header)[number], string>>;

const csv = (...rows: Values[]) =>
  `${header.join()}\n${rows.map((row) => `${header.map((name) => row[name] ?? "").join()}\n`).join("")}`;

let count = 0;
/** Ann, who is network administrator and has a second phone, both by hand; she is deleted by hand. */
async function deleteAnn() {
  const number = ++count;
  const source = await newSource({ style: "normal" });
  const ann = {
    firstName: "Ann",
    lastName: "Ash",
    email: `ann${number}@x.edu`,
    userID: `aash${number}`,
    groupID: "CLUB",
    databaseID: `5${number}`,
  };
  const added = await send(source, csv(ann));
  assert.equal(added.status, 201, added.body);
  const [{ id }] = (await app.inject({ url: `/v1/users?username=${ann.userID}` })).json.items;
  const role = { method: "PUT", url: `/v1/groups/ALERTS/members/${id}`, body: { role: 2 } } as const;
  assert.ok((await app.inject(role)).status < 300);
  const body = { phones: [{ number: "+12125559999" }] };
  assert.equal((await app.inject({ method: "PATCH", url: `/v1/users/${id}`, body })).status, 200);
  assert.equal((await app.inject({ method: "DELETE", url: `/v1/users/${id}` })).status, 204);
  /** Sends a person; returns the import, and the person who is there then. */
  const add = async (values: Values) => {
    const answer = await send(source, csv({ groupID: "CLUB", ...values }));
    assert.equal(answer.status, 201, answer.body);
    const query = new URLSearchParams({ email: values.email ?? ann.email });
    const [user] = (await app.inject({ url: `/v1/users?${query}` })).json.items;
    const rows = await app.inject({ url: `/v1/imports/${answer.json.id}/rows` });
    return { result: answer.json, user, notes: rows.json.items };
  };
  return { ann, id, add };
}

test("a databaseID, a userID or an address alone that somebody else has by now brings nobody and no role back", async () => {
  for (const identifier of ["databaseID", "userID", "email"] as const) {
    const { ann, id, add } = await deleteAnn();
    const zed = { firstName: "Zed", lastName: "Young", email: `zed${count}@x.edu`, [identifier]: ann[identifier] };
    const { result, user, notes } = await add(zed);
    assert.notEqual(user.id, id);
    assert.deepEqual([user.memberships, user.phones, notes], [[{ groupId: "CLUB", role: 0 }], [], []]);
    assert.deepEqual([result.counts.added, result.counts.returned], [1, 0]);
  }
});

test("an address that another person of the same last name has brings nobody back", async () => {
  const { ann, id, add } = await deleteAnn();
  const { user } = await add({ firstName: "Bob", lastName: "Ash", email: ann.email, databaseID: "9", userID: "bob" });
  assert.notEqual(user.id, id);
});

test("another databaseID in the same source speaks against a return", async () => {
  const { ann, id, add } = await deleteAnn();
  const { user } = await add({ ...ann, databaseID: "other" });
  assert.notEqual(user.id, id);
});

test("two identifiers that agree bring the person back, without roles above member, and the report says so", async () => {
  for (const left of ["databaseID", "userID", "email", "none"] as const) {
    const { ann, id, add } = await deleteAnn();
    const values = { ...ann, ...(left === "email" ? { email: `new${count}@x.edu` } : { [left]: "" }) };
    const { result, user, notes } = await add(values);
    assert.equal(user.id, id, left);
    assert.deepEqual(user.memberships, [
      { groupId: "ALERTS", role: 0 },
      { groupId: "CLUB", role: 0 },
    ]);
    assert.deepEqual(
      user.phones.map(({ number }: { number: string }) => number),
      ["+12125559999"],
    );
    assert.deepEqual([result.counts.added, result.counts.returned], [1, 1]);
    assert.match(result.summary, /1 added \(1 returned\)/);
    assert.deepEqual(
      notes.map(({ code }: { code: string }) => code),
      ["person_returned"],
    );
    assert.match(notes[0].message, new RegExp(`under the id ${id}.* ALERTS `));
  }
});
