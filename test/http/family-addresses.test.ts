/** People who share an e-mail remain different people if their first names differ (file formats, section 4.2). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, createGroups, newSource, send } = await startGuardedApp(after);
await createGroups("CLUB", "CHOIR");

/** Sends a file of people who have nothing but a name and an e-mail. */
const sendNames = (source: string, ...rows: readonly string[]) =>
  send(source, `${["firstName,lastName,email,groupID", ...rows].join("\n")}\n`);
const sendIdentified = (source: string, ...rows: readonly string[]) =>
  send(source, `${["databaseID,userID,firstName,lastName,email,groupID", ...rows].join("\n")}\n`);

const messagesOf = async (answer: { json: { id: string } }): Promise<string[]> => {
  const { items } = (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json;
  return items.map(({ line, code, message }: Record<string, string>) => `${line} ${code}: ${message}`);
};
const codesOf = async (answer: { json: { id: string } }) =>
  (await messagesOf(answer)).map((message) => message.slice(0, message.indexOf(":")));

async function namesAt(email: string): Promise<string[]> {
  const { items } = (await app.inject({ url: `/v1/users?email=${encodeURIComponent(email)}` })).json;
  return items.map(
    ({
      firstName,
      lastName,
      memberships,
    }: {
      firstName: string;
      lastName: string;
      memberships: { groupId: string }[];
    }) => `${firstName} ${lastName}: ${memberships.map(({ groupId }) => groupId)}`,
  );
}
const countsOf = ({ json }: { json: { counts: Record<string, number> } }) => {
  const { added, updated, unchanged, removed, failed } = json.counts;
  return { added, updated, unchanged, removed, failed };
};

test("children with one address are two people, the same file again changes nothing, and an order removes one", async () => {
  const source = await newSource({ style: "normal" });
  const rows = ["Emma,Miller,family1@x.edu,CLUB", "Liam,Miller,family1@x.edu,CHOIR", "EMMA,,family1@x.edu,CHOIR"];
  const first = await sendNames(source, ...rows);
  assert.deepEqual(await namesAt("family1@x.edu"), ["EMMA Miller: CHOIR,CLUB", "Liam Miller: CHOIR"]);
  assert.deepEqual(await messagesOf(first), [
    "2 email_shared: The person of line 3 has the e-mail family1@x.edu, too, under another name. The row was added as a new person. If it is the same person, correct the first name, or add a databaseID or a userID.",
    "2 rows_merged: Lines 2, 4 are of one person, family1@x.edu EMMA Miller, and were merged.",
    "3 email_shared: The person of line 2 has the e-mail family1@x.edu, too, under another name. The row was added as a new person. If it is the same person, correct the first name, or add a databaseID or a userID.",
  ]);
  const again = await sendNames(source, ...rows, "");
  assert.deepEqual(countsOf(again), { added: 0, updated: 0, unchanged: 2, removed: 0, failed: 0 });
  for (let times = 1; times <= 2; times++) {
    const order = await sendNames(source, "Liam,Miller,family1@x.edu,00000");
    assert.deepEqual(countsOf(order), { added: 0, updated: 0, unchanged: times - 1, removed: 2 - times, failed: 0 });
    assert.deepEqual(await namesAt("family1@x.edu"), ["EMMA Miller: CHOIR,CLUB"]);
  }
});

test("a placeholder of many is reported once, also if they have identifiers", async () => {
  const source = await newSource({ style: "normal" });
  const rows = Array.from(
    { length: 30 },
    (_, index) => `H${index},h${index},First${index},Last${index},noreply@x.edu,CLUB`,
  );
  const answer = await sendIdentified(source, ...rows);
  assert.deepEqual(await messagesOf(answer), [
    "2 email_of_many: 30 people have the e-mail noreply@x.edu. Probably it is not their own, and messages to all of them arrive there. Leave such cells blank: the setting requireEmail allows it.",
  ]);
  const [late] = await messagesOf(await sendIdentified(source, "H99,h99,Late,Comer,noreply@x.edu,CLUB"));
  assert.match(late!, /^2 email_of_many: 31 people/);
});

test("a roster that lost one of two children removes that one", async () => {
  const source = await newSource({ style: "active-roster" });
  await sendNames(source, "Emma,Miller,family2@x.edu,CLUB", "Liam,Miller,family2@x.edu,CLUB");
  const answer = await sendNames(source, "Liam,Miller,family2@x.edu,CLUB");
  assert.deepEqual(countsOf(answer), { added: 0, updated: 0, unchanged: 1, removed: 1, failed: 0 });
  assert.deepEqual(await namesAt("family2@x.edu"), ["Liam Miller: CLUB"]);
});

test("a new first name at a known address is a new person, with or without a databaseID", async () => {
  const source = await newSource({ style: "normal" });
  await sendNames(source, "Emma,Miller,family3@x.edu,CLUB");
  assert.deepEqual(await codesOf(await sendNames(source, "Liam,Miller,family3@x.edu,CLUB")), ["2 email_shared"]);
  const identified = await sendIdentified(source, "M9,,Noah,Miller,family3@x.edu,CLUB");
  assert.match(
    (await messagesOf(identified))[0]!,
    /^2 email_shared: Somebody who is stored has the e-mail family3@x.edu/,
  );
  assert.deepEqual(await namesAt("family3@x.edu"), ["Emma Miller: CLUB", "Liam Miller: CLUB", "Noah Miller: CLUB"]);
});

test("the first name, or both names in swapped order, lead to the known person in any spelling", async () => {
  const source = await newSource({ style: "normal" });
  await sendNames(source, "Zoë,Đặng,family4@x.edu,CLUB", "Liam,Đặng,family4@x.edu,CLUB");
  const answer = await sendNames(source, "ZOE,Smith,family4@x.edu,CHOIR", "dang,LIAM,family4@x.edu,CHOIR");
  assert.deepEqual(countsOf(answer), { added: 0, updated: 2, unchanged: 0, removed: 0, failed: 0 });
  const linked = await sendIdentified(
    source,
    "D1,,Dang,Zoe,family4@x.edu,CLUB",
    ",liam4,Liam,Other,family4@x.edu,CLUB",
  );
  assert.deepEqual(countsOf(linked), { added: 0, updated: 2, unchanged: 0, removed: 0, failed: 0 });
  assert.equal((await namesAt("family4@x.edu")).length, 2);
});

test("a row whose name several people have, and one without a name, fail", async () => {
  const source = await newSource({ style: "normal" });
  await sendIdentified(source, "E1,,Ann,Ash,family5@x.edu,CLUB", "E2,,Ann,Birch,family5@x.edu,CLUB");
  const answer = await sendNames(source, "Ann,Cole,family5@x.edu,CHOIR", ",,family5@x.edu,CHOIR");
  assert.deepEqual(await codesOf(answer), ["2 person_ambiguous", "3 person_ambiguous"]);
  await sendNames(source, "Ann,Birch,family5@x.edu,CHOIR");
  assert.deepEqual(await namesAt("family5@x.edu"), ["Ann Ash: CLUB", "Ann Birch: CHOIR,CLUB"]);
});

test("an address that thirty people share is reported, and merges nobody", async () => {
  const source = await newSource({ style: "normal" });
  const names = Array.from(
    { length: 30 },
    (_, index) => `Name${String.fromCharCode(65 + (index % 26), 65 + Math.floor(index / 26))}`,
  );
  const answer = await sendNames(source, ...names.map((name) => `${name},X,none@x.edu,CLUB`));
  assert.equal(answer.json.counts.added, 30);
  const messages = await messagesOf(answer);
  assert.equal(messages.length, 31);
  assert.match(messages[0]!, /^2 email_of_many: 30 people have the e-mail none@x.edu/);
  assert.match(
    messages[2]!,
    /^3 email_shared: The person of line 2 and 28 other people of the file have the e-mail none@x.edu/,
  );
});

test("people who were not added are counted by the first name where they share an address", async (t) => {
  const requireGroup = (isRequired: boolean) =>
    app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { requireGroup: isRequired } } });
  assert.equal((await requireGroup(true)).status, 200);
  t.after(() => requireGroup(false));
  const source = await newSource({ style: "normal" });
  await sendNames(source, "Emma,Miller,family6@x.edu,CLUB");
  const rows = [
    "Noah,Miller,family6@x.edu,",
    "Liam,Miller,family6@x.edu,",
    "LIAM,,family6@x.edu,",
    "Emma,Miller,family6@x.edu,1",
  ];
  const { failed, notAdded } = (await sendNames(source, ...rows)).json.counts;
  assert.deepEqual({ failed, notAdded }, { failed: 4, notAdded: 2 });
});
