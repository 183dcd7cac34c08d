/** Absent values say nothing, in every field and style (file formats, section 5.2). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, createGroups, idsOf, newSource, range, send } = await startGuardedApp(after);
await createGroups("G2");

const fields = ["firstName", "lastName", "email", "userID", "phone", "groupID", "address", "customFields"];
const allFields = [...fields, "campusName", "showAllGroups", "preferredName"];

const element = (name: string, value: string | undefined, absent: string) =>
  value === undefined ? absent.replaceAll("NAME", name) : `<${name}>${value}</${name}>`;
const xml = (absent: string) => (values: Record<string, string | undefined>) =>
  `<users type="array"><user>${Object.entries(values)
    .map(([name, value]) => element(name, value, absent))
    .join("")}</user></users>`;
const json = (absent: unknown) => (values: Record<string, string | undefined>) =>
  JSON.stringify({
    users: [Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? absent]))],
  });

/** Ways to say nothing about a field. */
const ways = [
  ["application/xml", xml("")],
  ["application/xml", xml('<NAME nil="true"/>')],
  ["application/xml", xml('<NAME nil="1"></NAME>')],
  ["application/xml", xml('<NAME nil="TRUE"> </NAME>')],
  ["application/xml", xml('<NAME xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>')],
  ["application/xml", xml('<NAME xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>')],
  ["application/xml", xml('<NAME xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="1"></NAME>')],
  ["application/json", json(undefined)],
  ["application/json", json(null)],
] as const;

for (const style of ["normal", "active-roster", "purge"]) {
  test(`an absent, nil or null value says nothing under ${style}`, async () => {
    await app.inject({ method: "POST", url: "/v1/locations", body: { name: "Main" } });
    for (const [type, render] of ways) {
      const source = await newSource({ style });
      const person = range(1)[0]!;
      const values: Record<string, string> = {
        databaseID: "1",
        firstName: "Ann",
        lastName: "Ash",
        preferredName: "Annie",
        userID: `user${person.number}`,
        phone: "2025550123|AT&amp;T|1||home;2025550124".replace("&amp;", type === "application/xml" ? "&amp;" : "&"),
        email: `p${person.number}@x.edu;home${person.number}@x.edu`,
        groupID: "G1;G2|4",
        address: "1 Road|Rome|NY|US|13440",
        campusName: "Main",
        customFields: "a|b|c",
        showAllGroups: "1",
      };
      assert.equal((await send(source, render(values), "", type)).status, 201);
      const [id] = await idsOf([person]);
      const read = async () => {
        const { version: _, updatedAt: __, ...user } = (await app.inject({ url: `/v1/users/${id}` })).json;
        return user;
      };
      const before = await read();
      // Purge replaces most: the other styles are tried with all fields at once.
      for (const field of style === "purge" ? allFields : []) {
        const answer = await send(source, render({ ...values, [field]: undefined }), "", type);
        const place = `${field} ${render({ databaseID: "1", [field]: undefined })} ${answer.body}`;
        assert.equal(answer.status, 201, place);
        assert.deepEqual(await read(), before, place);
      }
      const nothing = Object.fromEntries(allFields.map((field) => [field, undefined]));
      const answer = await send(source, render({ databaseID: "1", ...nothing }), "", type);
      assert.equal(answer.status, 201, answer.body);
      assert.deepEqual(await read(), before, answer.body);
    }
  });
}
