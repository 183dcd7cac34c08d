/** Nobody becomes somebody else by an identifier that two people share (file formats, section 4.2). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, createGroups, newSource, send, setCreateGroups } = await startGuardedApp(after);
await createGroups("CLUB", "CHOIR");

const header = "databaseID,userID,firstName,lastName,email,groupID";
const file = (...rows: readonly string[]) => `${[header, ...rows].join("\n")}\n`;

/** Reads the notes on an import's rows. */
async function readNotes(answer: { json: { id: string } }): Promise<{ line: number; code: string; message: string }[]> {
  return (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json.items;
}

/** Reads the codes of an import's rows with notes, as "line code". */
const notesOf = async (answer: { json: { id: string } }) =>
  (await readNotes(answer)).map(({ line, code }) => `${line} ${code}`);

const personOf = async (email: string) =>
  (await app.inject({ url: `/v1/users?email=${encodeURIComponent(email)}` })).json.items;

test("rows of one databaseID with different names and e-mails fail, and add nobody", async () => {
  const source = await newSource({ style: "normal" });
  const answer = await send(
    source,
    file("X9,,Ann,Ash,shared1@x.edu,CLUB", "X9,,Bob,Birch,shared2@x.edu,CLUB", "X9,,Cyd,Cole,shared3@x.edu,CHOIR"),
  );
  assert.deepEqual(await notesOf(answer), ["2 identifier_shared", "3 identifier_shared", "4 identifier_shared"]);
  const [note] = await readNotes(answer);
  assert.match(note!.message, /^Lines 2, 3, 4 have the same identifier/);
  assert.deepEqual(await personOf("shared3@x.edu"), []);
  assert.equal(answer.json.counts.notAdded, 3, "people, not databaseIDs");
});

test("rows of one userID with different names and e-mails leave its holder unchanged and present", async () => {
  const source = await newSource({ style: "active-roster" });
  await send(source, file(",holder7,Ann,Ash,holder7@x.edu,CLUB"));
  const [before] = await personOf("holder7@x.edu");
  const answer = await send(
    source,
    file(",holder7,Ann,Ash,holder7@x.edu,CLUB", ",holder7,Bob,Birch,other7@x.edu,CHOIR"),
  );
  assert.deepEqual(await notesOf(answer), ["2 identifier_shared", "3 identifier_shared"]);
  assert.deepEqual(await personOf("holder7@x.edu"), [before]);
});

test("rows of one person may differ in name or e-mail, in case and accents, and leave values out", async () => {
  const source = await newSource({ style: "normal" });
  const answer = await send(
    source,
    file(
      "Y1,,Zoe,Doe,zoe@x.edu,CLUB",
      "Y1,,ZOË,DOE,zoe.doe@x.edu,CHOIR",
      "Y1,,Zoe,,,CLUB",
      "Y2,,Eve,Doe,eve@x.edu,CLUB",
      "Y2,,Eve,Roe,eve@x.edu,CLUB",
    ),
  );
  assert.deepEqual(await notesOf(answer), ["2 rows_merged", "5 rows_merged"]);
});

for (const style of ["normal", "active-roster", "purge"])
  test(`everybody whom rows of a shared identifier could mean stays and counts as present: ${style}`, async () => {
    const source = await newSource({ style });
    const [ann, bob] = [`p-ann-${style}@x.edu`, `p-bob-${style}@x.edu`];
    const others = [1, 2, 3].map((number) => `P${number},,Zed,Young,p${number}-${style}@x.edu,CLUB`);
    await send(source, file(`P8,,Ann,Ash,${ann},CLUB`, `P9,,Bob,Birch,${bob},CHOIR`, ...others));
    const before = [await personOf(ann), await personOf(bob)];
    const answer = await send(source, file(`P8,,Ann,Ash,${ann},CLUB`, ...others, `P8,,Bob,Birch,${bob},00000`));
    assert.deepEqual(await notesOf(answer), ["2 identifier_shared", "6 identifier_shared"]);
    assert.match((await readNotes(answer))[0]!.message, /^Lines 2, 6 have the same identifier/);
    assert.deepEqual([await personOf(ann), await personOf(bob)], before);
    assert.equal(answer.json.counts.removed, 0);
  });

test("rows that share a userID in JSON and XML fail, too, if only one of them has a databaseID", async () => {
  const source = await newSource({ style: "normal" });
  const people = [
    { databaseID: "Q1", userID: "q1", firstName: "Ann", email: "q1@x.edu", groupID: "CLUB" },
    { userID: "Q1", firstName: "Bob", email: "q2@x.edu", groupID: "CLUB" },
  ];
  const xml = people.map((person) => {
    const values = Object.entries(person).map(([name, value]) => `<${name}>${value}</${name}>`);
    return `<user>${values.join("")}</user>`;
  });
  const answers = [
    await send(source, JSON.stringify({ users: people }), "", "application/json"),
    await send(source, `<users type="array">${xml.join("")}</users>`, "", "application/xml"),
  ];
  for (const answer of answers) {
    const codes = (await readNotes(answer)).map(({ code }) => code);
    assert.deepEqual(codes, ["identifier_shared", "identifier_shared"], answer.body);
    assert.equal(answer.json.counts.notAdded, 2);
  }
});

test("a lone identifier with another name and e-mail is reported as possibly recycled", async () => {
  const source = await newSource({ style: "normal" });
  await send(
    source,
    file(
      "Z1,z1,Ann,Ash,z1@x.edu,CLUB",
      "Z2,z2,Bea,Birch,z2@x.edu,CLUB",
      "Z3,,Cyd,Cole,z3@x.edu,CLUB",
      "Z4,z4,Dot,Dee,z4@x.edu,CLUB",
      ",z5,Eli,Elm,z5@x.edu,CLUB",
      ",z6,Fay,Fir,z6@x.edu,CLUB",
      ",z7,Gil,Gum,z7@x.edu,CLUB",
    ),
  );
  const answer = await send(
    source,
    file(
      "Z1,z9,Zed,Young,zed@x.edu,CLUB",
      "Z2,z2,Zoe,Young,zoe@x.edu,CLUB",
      "Z3,,Cyd,Young,cyd@x.edu,CLUB",
      "Z4,,Eve,Fox,eve@x.edu,00002;CLUB",
      "Z5,z5,Ned,Nut,ned@x.edu,CLUB",
      ",z6,Oda,Oak,oda@x.edu,CLUB",
      ",z7,Gil,New,gil@x.edu,CLUB",
    ),
  );
  const notes = (await readNotes(answer)).filter(({ code }) => code === "person_recycled");
  assert.deepEqual(
    notes.map(({ line, message }) => `${line} ${message.slice(0, 50)}`),
    [
      "2 The databaseID Z1 belonged to Ann Ash, but the row",
      "6 The userID z5 belonged to Eli Elm, but the row has",
      "7 The userID z6 belonged to Fay Fir, but the row has",
    ],
  );
});

test("every form of the report lists merged rows, and does not count them as warnings", async () => {
  const source = await newSource({ style: "normal" });
  const body = file("M1,,Ann,Ash,m1@x.edu,CLUB", "M2,,Bea,Birch,m2@x.edu,CLUB", "M1,,,,,CHOIR", "M1,,,,,CLUB");
  const answer = await send(source, body);
  const message = "Lines 2, 4, 5 are of one person, M1 Ann Ash, and were merged.";
  const url = `/v1/imports/${answer.json.id}`;
  assert.deepEqual([answer.json.counts.merged, answer.json.counts.warnings], [2, 0]);
  assert.match(answer.json.summary, /2 rows were merged into other rows of the same people\./);
  assert.equal((await readNotes(answer))[0]?.message, message);
  for (const accept of ["text/plain", "application/xml"]) {
    const form = await app.inject({ url: accept === "text/plain" ? url : `${url}/rows`, headers: { accept } });
    assert.ok(form.body.includes(message), form.body);
  }
  assert.match((await app.inject({ url: `${url}/response` })).body, /M1,.*Lines 2, 4, 5 are of one person/);
  const again = await send(source, body);
  assert.equal((await readNotes(again))[0]?.message, message);
});

test("of several spellings of a new group's id, the one that most people join is created", async () => {
  await setCreateGroups(["SPELT*", "spelt*"]);
  const source = await newSource({ style: "normal" });
  const answer = await send(
    source,
    file(
      "S1,,Ann,Ash,s1@x.edu,SPELT-1;CLUB",
      "S2,,Bea,Birch,s2@x.edu,spelt-1;CLUB",
      "S3,,Cyd,Cole,s3@x.edu,SPELT-1;CLUB",
    ),
  );
  assert.equal(answer.json.counts.groupsCreated, 1);
  assert.deepEqual(await notesOf(answer), ["3 group_unknown"]);
  assert.match(String((await readNotes(answer))[0]?.message), /no group spelt-1\..* Case matters: write SPELT-1, as/);
  const [ann] = await personOf("s1@x.edu");
  assert.deepEqual(ann.memberships.map(({ groupId }: { groupId: string }) => groupId).sort(), ["CLUB", "SPELT-1"]);
});
