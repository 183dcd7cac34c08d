import assert from "node:assert/strict";
import { test } from "node:test";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { startDirectoryTest } from "./setup.ts";

const { app, owner, send } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });

/** Imports one person of the source `default`. */
async function importUser(databaseID: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const elements = Object.entries({ databaseID, groupID: "G1", ...fields }).map(
    ([name, text]) => `<${name}>${text}</${name}>`,
  );
  const answer = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    headers: { "content-type": "application/xml", accept: "application/json" },
    body: `<users type="array"><user>${elements.join("")}</user></users>`,
  });
  assert.deepEqual([answer.status, answer.json?.status], [201, "applied"], answer.body);
}

async function find(databaseId: string) {
  const { items } = await send("GET", `/v1/users?databaseId=${databaseId}`);
  assert.equal(items.length, 1);
  return items[0];
}

const jane = {
  firstName: "Jane",
  lastName: "Doe",
  email: "jane@campus.edu;jane@x.org",
  phone: "2125550100",
  address: "Here",
};

test("imports keep values that a person changed, and fill values that a person removed", async () => {
  await importUser("1", jane);
  const { id } = await find("1");
  await send("PATCH", `/v1/users/${id}`, { lastName: "Roe", address: null, phones: [], showAllGroups: true });
  await importUser("1", jane);
  const user = await find("1");
  assert.deepEqual([user.lastName, user.address, user.showAllGroups], ["Roe", { text: "Here" }, true]);
  assert.deepEqual(
    user.phones.map(({ number }: { number: string }) => number),
    ["+12125550100"],
  );
  await assertReplayRebuildsList(app, owner);
});

test("an address that a person adds stays when the source withdraws its own", async () => {
  await importUser("2", { ...jane, email: "two@campus.edu;two@x.org" });
  const { id, emails } = await find("2");
  await send("PATCH", `/v1/users/${id}`, { emails: [...emails, "mine@x.org"] });
  await importUser("2", { ...jane, email: "two@campus.edu" });
  assert.deepEqual((await find("2")).emails, ["two@campus.edu", "mine@x.org"]);
  await assertReplayRebuildsList(app, owner);
});

test("a source does not take over a primary address that a person chose", async () => {
  await importUser("3", { ...jane, email: "three@campus.edu;three@x.org" });
  const { id } = await find("3");
  await send("PATCH", `/v1/users/${id}`, { emails: ["three@x.org", "three@campus.edu"] });
  await importUser("3", { ...jane, email: "three@campus.edu;three@x.org" });
  assert.deepEqual((await find("3")).emails, ["three@x.org", "three@campus.edu"]);
  await assertReplayRebuildsList(app, owner);
});

test("an edit that repeats what an import brought leaves it to the import", async () => {
  await importUser("4", { ...jane, email: "four@campus.edu" });
  const { id, emails, phones } = await find("4");
  await send("PATCH", `/v1/users/${id}`, { firstName: "Jane", lastName: "Doe", emails, phones });
  await importUser("4", { ...jane, email: "four@campus.edu", lastName: "Miller", phone: "2125550199" });
  const user = await find("4");
  assert.equal(user.lastName, "Miller");
  assert.deepEqual(
    user.phones.map(({ number }: { number: string }) => number),
    ["+12125550199"],
  );
  await assertReplayRebuildsList(app, owner);
});

test("a person deleted by hand comes back with the next import that has them", async () => {
  await importUser("5", { ...jane, email: "five@campus.edu" });
  const { id } = await find("5");
  await send("DELETE", `/v1/users/${id}`);
  await importUser("5", { ...jane, email: "five@campus.edu" });
  assert.equal((await find("5")).lastName, "Doe");
  await assertReplayRebuildsList(app, owner);
});
