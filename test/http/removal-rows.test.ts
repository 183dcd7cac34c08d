/** Rows that only remove do nothing else (file formats, section 3). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, newSource, range, send } = await startGuardedApp(after);

const fields = "databaseID,firstName,lastName,email,userID,phone,groupID,address,campusName,customFields,showAllGroups";

const xml = (values: Record<string, string>) =>
  `<users type="array"><user>${Object.entries(values)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("")}</user></users>`;
const csv = (values: Record<string, string>) =>
  `${fields}\n${fields
    .split(",")
    .map((name) => values[name] ?? "")
    .join(",")}\n`;
const json = (values: Record<string, string>) => JSON.stringify({ users: [values] });
const formats = [
  ["text/csv", csv],
  ["application/xml", xml],
  ["application/json", json],
  ["text/plain", csv],
  ["text/plain", xml],
] as const;
const styles = ["normal", "active-roster", "purge"];
const groupStyles = { OPEN: null, STATIC: "static", NORMAL: "normal", ROSTER: "active-roster", PURGE: "purge" };

for (const [groupId, style] of Object.entries(groupStyles)) {
  const answer = await app.inject({ method: "POST", url: "/v1/groups", body: { groupId, style } });
  assert.equal(answer.status, 201, answer.body);
}
await app.inject({ method: "POST", url: "/v1/locations", body: { name: "Main" } });

const owners = new Map<string, { readonly source: string; readonly number: number }>();

/** Sends one person of a source in this style, complete, and returns the person's document. */
async function addPerson(style: string, groupID: string) {
  // A member of a static group is protected, so that group has a person of its own.
  const place = `${style} ${groupID === "STATIC"}`;
  const owner = owners.get(place) ?? { source: await newSource({ style }), number: range(1)[0]!.number };
  owners.set(place, owner);
  const { source, number } = owner;
  const values: Record<string, string> = {
    databaseID: "1",
    firstName: "Ann",
    lastName: "Ash",
    userID: `user${number}`,
    phone: "2025550123;2025550124",
    email: `p${number}@x.edu;home${number}@x.edu`,
    groupID,
    address: "1 Road|Rome|NY|US|13440",
    campusName: "Main",
    customFields: "a|b",
    showAllGroups: "1",
  };
  assert.equal((await send(source, csv(values))).status, 201);
  const { items } = (await app.inject({ url: `/v1/users?username=user${number}` })).json;
  const read = async () => (await app.inject({ url: `/v1/users/${items[0].id}` })).json;
  return { source, values, before: await read(), read };
}

const blank = Object.fromEntries(fields.split(",").map((name) => [name, ""]));

test("codes end memberships and withdraw no phone, e-mail or field, in every style and format", async () => {
  for (const style of styles) {
    for (const [type, render] of formats) {
      for (const group of type === "text/csv" ? Object.keys(groupStyles) : ["OPEN"]) {
        for (const groupID of [`${group}|00002`, `00002;${group}`, `00002 ${group}`, "00001"]) {
          const { source, before, read } = await addPerson(style, group);
          const answer = await send(source, render({ ...blank, databaseID: "1", groupID }), "", type);
          const place = `${style} ${type} ${groupID} ${answer.body}`;
          assert.equal(answer.status, 201, place);
          const { version, updatedAt, ...user } = await read();
          const memberships = before.memberships.filter(({ groupId }: { groupId: string }) => groupId === "STATIC");
          assert.deepEqual({ version, updatedAt, ...user }, { ...before, version, updatedAt, memberships }, place);
        }
      }
    }
  }
});

test("the code 00000 deletes the person, and a row that is blank otherwise needs nothing else", async () => {
  for (const style of styles) {
    for (const [type, render] of formats) {
      const { source, read } = await addPerson(style, "OPEN");
      const answer = await send(source, render({ ...blank, databaseID: "1", groupID: "00000" }), "", type);
      assert.equal(answer.json.counts.removed + answer.json.counts.withdrawn, 1, `${style} ${type} ${answer.body}`);
      assert.equal((await read()).code, "not_found", `${style} ${type}`);
    }
  }
});

test("an order beside a number or an address removes it for this source only, and is reported", async () => {
  for (const style of styles) {
    for (const [type, render] of formats) {
      for (const order of type === "text/csv" ? ["delete", "REMOVE", "00001", "00002"] : ["remove"]) {
        const { source, values, before, read } = await addPerson(style, "OPEN");
        const further = values.email!.split(";")[1]!;
        const orders = {
          ...values,
          phone: `2025550123;2025550124|${order}`,
          email: `${before.emails[0]};${further}|${order}`,
        };
        const answer = await send(source, render(orders), "", type);
        const place = `${style} ${type} ${order} ${answer.body}`;
        assert.equal(answer.status, 201, place);
        const user = await read();
        assert.deepEqual(user.emails, [before.emails[0]], place);
        assert.deepEqual(
          user.phones.map(({ number, carrier }: { number: string; carrier: string }) => [number, carrier]),
          [["+12025550123", ""]],
          place,
        );
        const { items } = (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json;
        assert.deepEqual(
          items.map(({ code, field }: { code: string; field: string }) => `${field} ${code}`).sort(),
          ["email removal_ordered", "phone removal_ordered"],
          place,
        );
      }
    }
  }
});

test("a number that another source claims too stays when one source orders to remove it", async () => {
  const { source, values, read } = await addPerson("normal", "OPEN");
  const other = await newSource({ style: "normal" });
  assert.equal((await send(other, csv({ ...values, databaseID: "77" }))).status, 201);
  const ordered = { ...blank, databaseID: "1", phone: "2025550124|delete", email: "" };
  assert.equal((await send(source, csv(ordered))).status, 201);
  assert.ok((await read()).phones.some(({ number }: { number: string }) => number === "+12025550124"));
});

test("an unclear token is refused by name, is not added, and withdraws nothing", async () => {
  for (const style of styles) {
    for (const [type, render] of formats) {
      for (const order of type === "text/csv" ? ["please delete", "del", "0002"] : ["please delete"]) {
        const { source, values, before, read } = await addPerson(style, "OPEN");
        const unclear = { ...values, phone: `2025550199|${order}`, email: `${before.emails[0]};new@x.edu|${order}` };
        const answer = await send(source, render(unclear), "", type);
        const place = `${style} ${type} ${order} ${answer.body}`;
        const user = await read();
        assert.deepEqual([user.phones, user.emails], [before.phones, before.emails], place);
        const { items } = (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json;
        assert.deepEqual(
          items.map(({ code, field }: { code: string; field: string }) => `${field} ${code}`).sort(),
          ["email order_unclear", "phone order_unclear"],
          place,
        );
        assert.match(JSON.stringify(items), new RegExp(`2025550199\\|${order}`), place);
      }
    }
  }
});
