import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, send, addUser, changesSince, lastSequence, addOrganization } = await startDirectoryTest();
const optOut = (body: object) => app.inject({ method: "POST", url: "/v1/opt-outs", body });

test("an opt-out is noted once, however the number or the address is written", async () => {
  const before = await lastSequence();
  const first = await optOut({ phone: "(212) 555-0123" });
  assert.equal(first.status, 201, first.body);
  const { id } = first.json;
  const phone = { id, email: null, phone: "+12125550123", reason: "unsubscribed" };
  assert.deepEqual(first.json, { ...phone, actor: "api-key:admin", createdAt: "2026-11-22T02:00:00.000000Z" });
  const again = await optOut({ phone: "+1 212 555 0123", reason: "bounced" });
  assert.deepEqual([again.status, again.json], [200, first.json]);
  const email = await optOut({ email: "Jane.Doe@Campus.edu", reason: "bounced" });
  assert.equal(email.json.email, "jane.doe@campus.edu");
  assert.deepEqual(await send("GET", first.headers.location as string), first.json);
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map(({ type, action, changed }) => ({ type, action, changed })),
    [
      {
        type: "optOut",
        action: "created",
        changed: { phone: { from: null, to: "+12125550123" }, reason: { from: null, to: "unsubscribed" } },
      },
      {
        type: "optOut",
        action: "created",
        changed: { email: { from: null, to: "jane.doe@campus.edu" }, reason: { from: null, to: "bounced" } },
      },
    ],
  );
});

test("opt-outs are listed page by page, and found by number and address", async () => {
  const first = await send("GET", "/v1/opt-outs?limit=1");
  const second = await send("GET", `/v1/opt-outs?limit=1&cursor=${first.nextCursor}`);
  assert.equal(second.nextCursor, null);
  assert.equal((await send("GET", "/v1/opt-outs?phone=%2B12125550123")).items.length, 1);
  assert.equal((await send("GET", "/v1/opt-outs?email=JANE.DOE@campus.edu")).items.length, 1);
  assert.deepEqual((await send("GET", "/v1/opt-outs?email=nobody@campus.edu")).items, []);
});

test("a text that is neither a number nor an address is refused", async () => {
  for (const body of [{}, { email: "jane" }, { phone: "12" }, { phone: "5555555555" }]) {
    assertProblem(await optOut(body), 400, "request_invalid");
  }
  assertProblem(await optOut({ email: "a@x.org", phone: "+12125550123" }), 400, "request_invalid");
  assertProblem(await optOut({ email: "a@x.org", reason: "bored" }), 400, "request_invalid", "reason");
});

test("an opt-out outlives its people: their removal, their return, and the next holder of the number", async () => {
  await send("PATCH", "/v1/organization", { settings: { requireGroup: false } });
  const roster = (...people: readonly [databaseId: string, phone: string][]) =>
    app.inject({
      method: "POST",
      url: "/v1/imports/users?style=active-roster",
      headers: { "content-type": "text/csv" },
      body: people.map(([id, phone]) => `Ann,Lee,${id}@x.edu,,${phone},,${id}`).join("\n"),
    });
  const noted = (await optOut({ phone: "+12025550187" })).json;
  const isNoted = async () => {
    const { items } = await send("GET", "/v1/opt-outs?phone=%2B12025550187");
    assert.deepEqual(items, [noted]);
  };
  assert.equal((await roster(["1", "2025550187"], ["2", ""])).status, 201);
  await isNoted();
  assert.equal((await roster(["2", ""])).json.counts.removed, 1);
  await isNoted();
  assert.equal((await roster(["1", "2025550187"], ["2", ""])).json.counts.added, 1);
  await isNoted();
  await addUser({ phones: [{ number: "+12025550187" }] });
  await isNoted();
});

test("an opt-out that is taken back is gone, and a change", async () => {
  const { id } = (await optOut({ email: "back@x.org" })).json;
  const before = await lastSequence();
  await send("DELETE", `/v1/opt-outs/${id}`);
  const [change] = await changesSince(before);
  assert.deepEqual([change.type, change.action, change.id], ["optOut", "deleted", id]);
  assertProblem(await app.inject({ url: `/v1/opt-outs/${id}` }), 404, "not_found");
  assertProblem(await app.inject({ method: "DELETE", url: `/v1/opt-outs/${id}` }), 404, "not_found");
});

test("another organization neither sees nor takes back an opt-out, and may have the same number", async () => {
  const { key } = await addOrganization();
  const mine = (await optOut({ phone: "+12025550111" })).json;
  for (const method of ["GET", "DELETE"] as const) {
    assertProblem(await app.inject({ method, url: `/v1/opt-outs/${mine.id}`, key }), 404, "not_found");
  }
  assert.deepEqual((await app.inject({ url: "/v1/opt-outs", key })).json.items, []);
  const body = { phone: "+12025550111" };
  assert.equal((await app.inject({ method: "POST", url: "/v1/opt-outs", key, body })).status, 201);
});
