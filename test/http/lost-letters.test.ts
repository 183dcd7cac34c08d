/** Text whose letters were lost on the way to Muster (file formats, section 5.1). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { noGuard } from "../support/organization-store.ts";
import { changed, csv } from "../support/rosters.ts";

const { app, newSource, range, send, sendApplied, sendHeld, codesOf, setCreateGroups } = await startGuardedApp(after);

const header = "databaseID,firstName,lastName,email,groupID,address,customFields";

test("lost letters replace no intact text, and the intact text repairs lost letters", async () => {
  const source = await newSource({ guard: noGuard });
  const row = (name: string, city: string, custom: string) =>
    `${header}\n1,Zoë,${name},zoe@x.edu,G1,1 Weg|${city}||DE|,a|${custom}\n`;
  const read = async () => {
    const [{ lastName, address, customFields }] = (await app.inject({ url: "/v1/users?email=zoe@x.edu" })).json.items;
    return [lastName, address.city, customFields];
  };
  const intact = ["Müller", "Köln", ["a", "Größe"]];
  assert.equal((await send(source, row("Müller", "Köln", "Größe"))).status, 201);
  for (const [name, city, custom] of [
    ["M?ller", "K?ln", "Gr??e"],
    ["MÃ¼ller", "KÃ¶ln", "GrÃ¶ÃŸe"],
  ] as const) {
    const answer = await send(source, row(name, city, custom));
    assert.equal(answer.status, 201, answer.body);
    assert.deepEqual(await read(), intact);
    const { items } = (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json;
    assert.deepEqual(items.map(({ code, field }: { code: string; field: string }) => `${code} ${field}`).sort(), [
      "text_damaged address",
      "text_damaged customFields",
      "text_damaged lastName",
    ]);
  }
  assert.equal((await send(source, row("Möller", "Bonn", "klein"))).status, 201);
  assert.deepEqual(await read(), ["Möller", "Bonn", ["a", "klein"]]);

  const other = await newSource({ guard: noGuard });
  const damaged = `${header}\n2,Zo?,MÃ¼ller,zo2@x.edu,G1,,\n`;
  assert.equal((await send(other, damaged)).status, 201);
  assert.equal((await send(other, damaged.replace("Zo?,MÃ¼ller", "Zoë,Müller"))).status, 201);
  const [user] = (await app.inject({ url: "/v1/users?email=zo2@x.edu" })).json.items;
  assert.deepEqual([user.firstName, user.lastName], ["Zoë", "Müller"]);
});

/** The damage of Münster and its like in each way. */
const damaged = ["M?nster", "M\ufffdnster", "MÃ¼nster"];
const groupsOf = async (email: string): Promise<string[]> => {
  const [user] = (await app.inject({ url: `/v1/users?email=${email}` })).json.items;
  return user.memberships.map(({ groupId }: { groupId: string }) => groupId).sort();
};
const notesOf = async ({ json: { id } }: { json: { id: string } }): Promise<string[]> => {
  const { items } = (await app.inject({ url: `/v1/imports/${id}/rows` })).json;
  return items.map(({ code, field, outcome }: Record<string, string>) => `${outcome} ${code} ${field}`);
};

test("a group whose letters were lost is neither created nor left, in every format", async () => {
  await setCreateGroups(["*"]);
  const source = await newSource({ style: "purge", guard: noGuard });
  const person = (groupID: string) => ({ databaseID: "g1", firstName: "Ann", email: "ann@x.edu", groupID });
  await send(source, JSON.stringify([person("Münster;G1")]), "", "application/json");
  for (const token of damaged) {
    const values = Object.entries(person(`${token};G1`));
    const xml = values.map(([name, value]) => `<${name}>${value}</${name}>`).join("");
    for (const [body, type] of [
      [`databaseID,firstName,email,groupID\ng1,Ann,ann@x.edu,${token};G1\n`, "text/csv"],
      [JSON.stringify([person(`${token};G1`)]), "application/json"],
      [`<users type="array"><user>${xml}</user></users>`, "application/xml"],
    ] as const) {
      const answer = await send(source, body, "", type);
      assert.equal(answer.status, 201, answer.body);
      assert.deepEqual([answer.json.counts.groupsCreated, answer.json.counts.membershipsRemoved], [0, 0], body);
      assert.deepEqual(await notesOf(answer), ["unchanged letters_lost groupID"]);
      assert.deepEqual(await groupsOf("ann@x.edu"), ["G1", "Münster"]);
    }
    const order = await send(source, JSON.stringify([person(`00002;${token}`)]), "", "application/json");
    assert.deepEqual(await notesOf(order), ["failed group_token_invalid groupID"]);
  }
});

test("members of a roster whose id lost letters stay, and a stored group of such a name keeps working", async () => {
  const source = await newSource({ style: "normal", guard: noGuard });
  for (const groupId of ["Röster", "Who?What"])
    await app.inject({ method: "POST", url: "/v1/groups", body: { groupId, style: "active-roster" } });
  const file = (first: string, second: string) =>
    `databaseID,firstName,email,groupID\nr1,Ann,r1@x.edu,${first}\nr2,Bob,r2@x.edu,${second}\n`;
  await sendApplied(source, file("Röster;Who?What", "Röster"));
  await sendApplied(source, file("Röster;Who?What", "R?ster"));
  assert.deepEqual(await groupsOf("r1@x.edu"), ["Röster", "Who?What"]);
  assert.deepEqual(await groupsOf("r2@x.edu"), ["Röster"]);
});

test("lost letters in the groups of many hold the file", async () => {
  const source = await newSource({ style: "normal" });
  const roster = range(20);
  await sendApplied(source, csv(changed(roster, () => ({ groups: "G1;Universität" }))));
  const held = await sendHeld(source, csv(changed(roster, () => ({ groups: "G1;Universit?t" }))));
  assert.deepEqual(codesOf(held), ["letters_lost"]);
});

test("an identifier with U+FFFD fails its row, and a carrier with lost letters replaces no intact one", async () => {
  const source = await newSource({ style: "normal", guard: noGuard });
  const file = (id: string, carrier: string) =>
    `databaseID,firstName,email,groupID,phone\n${id},Ann,c1@x.edu,G1,2125550123|${carrier}|3||cell\n`;
  await sendApplied(source, file("c1", "Télécom"));
  const carrier = async () =>
    (await app.inject({ url: "/v1/users?email=c1@x.edu" })).json.items.map((user: { phones: { carrier: string }[] }) =>
      user.phones.map((phone) => phone.carrier).join(),
    );
  for (const lost of ["T?l?com", "T\ufffdl\ufffdcom", "TÃ©lÃ©com"]) {
    assert.deepEqual(await notesOf(await send(source, file("c1", lost))), ["unchanged text_damaged phone"]);
    assert.deepEqual(await carrier(), ["Télécom"]);
  }
  assert.deepEqual(await notesOf(await send(source, file("c\ufffd1", "Télécom"))), ["failed export_damage databaseID"]);
});

test("files of groups and of locations create nothing whose letters were lost, and keep intact texts", async () => {
  const post = (kind: string, body: string) =>
    app.inject({ method: "POST", url: `/v1/imports/${kind}`, body, headers: { "content-type": "text/csv" } });
  const columns = "groupID,name,description";
  const intact = "Für alle, die grün mögen";
  assert.equal((await post("groups", `${columns}\nGREEN,Grün,"${intact}"\n`)).json.counts.added, 1);
  for (const [name, description] of [
    ["Gr?n", "F?r alle, die gr?n m?gen"],
    ["Gr\ufffdn", "F\ufffdr alle, die gr\ufffdn m\ufffdgen"],
    ["GrÃ¼n", "FÃ¼r alle, die grÃ¼n mÃ¶gen"],
  ] as const) {
    const answer = await post(
      "groups",
      `${columns}\nGREEN,${name},"${description}"\n,${name},x\n${name}9,New name,x\n`,
    );
    assert.deepEqual([answer.json.counts.added, answer.json.counts.failed, answer.json.counts.warnings], [0, 2, 1]);
    assert.deepEqual(await notesOf(answer), [
      "unchanged text_damaged name",
      "unchanged text_damaged description",
      "failed value_invalid name",
      "failed value_invalid groupID",
    ]);
    const { json: group } = await app.inject({ url: "/v1/groups/GREEN" });
    assert.deepEqual([group.name, group.description], ["Grün", intact]);
    const locations = await post("locations", `name,groupID\n${name},GREEN\n`);
    assert.deepEqual(await notesOf(locations), ["failed value_invalid name"]);
  }
  assert.deepEqual((await app.inject({ url: "/v1/locations" })).json.items, []);
});

test("a name that lost letters adds no second person where an e-mail is all there is", async () => {
  const source = await newSource({ style: "active-roster" });
  const file = (...names: readonly string[]) =>
    `firstName,lastName,email,groupID\n${names.map((name, index) => `${name},lost${index}@x.edu,G1\n`).join("")}`;
  const intact = file("Zoë,Müller", "René,Ash", "Ann,Birch", "Björn,");
  await sendApplied(source, intact);
  for (const lost of [
    file("Zo?,M?ller", "Ren?,Ash", "Ann,Birch", "Bj?rn,"),
    file("ZoÃ«,MÃ¼ller", "RenÃ©,Ash", "Ann,Birch", "BjÃ¶rn,"),
  ]) {
    const answer = await send(source, lost);
    assert.deepEqual([answer.json.counts.added ?? 0, answer.json.counts.removed ?? 0], [0, 0], answer.body);
  }
  const [person, ...others] = (await app.inject({ url: "/v1/users?email=lost0@x.edu" })).json.items;
  assert.deepEqual([person.firstName, person.lastName, others], ["Zoë", "Müller", []]);

  const stored = "firstName,lastName,email,groupID\nEl?a,Ash,lost9@x.edu,G1\n";
  const other = await newSource({ style: "purge", guard: noGuard });
  await sendApplied(other, stored);
  await sendApplied(other, stored.replace("El?a", "Elía"));
  const repaired = (await app.inject({ url: "/v1/users?email=lost9@x.edu" })).json.items;
  assert.deepEqual(
    repaired.map(({ firstName }: { firstName: string }) => firstName),
    ["Elía"],
  );
  await sendApplied(other, "firstName,lastName,email,groupID\nElía,Ash,lost9@x.edu,G1\nElla,Ash,lost9@x.edu,G1\n");
  const two = (await app.inject({ url: "/v1/users?email=lost9@x.edu" })).json.items;
  assert.equal(two.length, 2, "another name of the address is another person");
});
