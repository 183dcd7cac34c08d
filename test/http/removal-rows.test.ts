/** Rows that only remove do nothing else (file formats, section 3). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, createGroups, idsOf, newSource, range, send } = await startGuardedApp(after);

const header = "databaseID,firstName,lastName,email,userID,phone,groupID,address,campusName";

const xml = (values: Record<string, string>) =>
  `<users type="array"><user>${Object.entries(values)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("")}</user></users>`;
const csv = (values: Record<string, string>) =>
  `${header}\n${header
    .split(",")
    .map((name) => values[name] ?? "")
    .join(",")}\n`;
const formats = {
  "text/csv": csv,
  "application/xml": xml,
  "application/json": (values: Record<string, string>) => JSON.stringify({ users: [values] }),
};

test("codes end memberships and withdraw no phone, e-mail or field, in every style and format", async () => {
  await createGroups("LEFT");
  for (const style of ["normal", "active-roster", "purge"]) {
    for (const [type, render] of Object.entries(formats)) {
      for (const groupID of ["LEFT|00002", "00002;LEFT", "00001"]) {
        const source = await newSource({ style });
        const [person] = range(1);
        const values = {
          databaseID: "1",
          firstName: "Ann",
          lastName: "Ash",
          userID: `user${person?.number}`,
          phone: "2025550123",
          email: `p${person?.number}@x.edu;home${person?.number}@x.edu`,
          groupID: "LEFT",
          address: "1 Road",
        };
        assert.equal((await send(source, render(values), "", type)).status, 201);
        const [id] = await idsOf([person!]);
        const before = (await app.inject({ url: `/v1/users/${id}` })).json;
        const order = { databaseID: "1", firstName: "", lastName: "", email: "", phone: "", groupID, address: "" };
        const answer = await send(source, render(order), "", type);
        assert.equal(answer.status, 201, answer.body);
        const user = (await app.inject({ url: `/v1/users/${id}` })).json;
        const { version, updatedAt } = user;
        assert.deepEqual(user, { ...before, version, updatedAt, memberships: [] }, `${style} ${type} ${groupID}`);
      }
    }
  }
});
