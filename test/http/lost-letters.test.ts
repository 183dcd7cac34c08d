/** Text whose letters were lost on the way to Muster (file formats, section 5.1). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { noGuard } from "../support/organization-store.ts";

const { app, newSource, send } = await startGuardedApp(after);

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
