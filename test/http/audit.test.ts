import assert from "node:assert/strict";
import { test } from "node:test";
import { pruneAudit, recordAudit } from "../../src/organizations/audit-log.ts";
import { ensureFirstOrganization } from "../../src/organizations/first-start.ts";
import { deleteOldEntries } from "../../src/organizations/retention.ts";
import { withOrganization } from "../../src/store/database.ts";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";

const { app, owner, send, addOrganization } = await startDirectoryTest();
const day = 86_400_000;

/** Reads the entries, newest first, without ids and times. */
async function entries(query = ""): Promise<object[]> {
  const { items } = await send("GET", `/v1/audit?limit=1000${query}`);
  return items.map(({ id: _id, at: _at, ...entry }: { id: string; at: string }) => entry);
}

test("the first start leaves the organization and its admin key in the log, a restart nothing", async () => {
  const client = await owner.connect();
  const restart = { ...app.dependencies, organizationName: "Test University", adminKey: app.key };
  await ensureFirstOrganization(client, restart).finally(() => client.release());
  const [key, organization, ...others] = await entries();
  assert.deepEqual(organization, {
    action: "organization.created",
    actor: "operator",
    subject: null,
    details: {},
  });
  const { action, actor, details } = key as { action: string; actor: string; details: { name: string } };
  assert.deepEqual([action, actor, details.name, others], ["api_key.created", "operator", "admin", []]);
});

test("keys, settings, sources and announcements are written down with who did it, and without values", async () => {
  const approver = await app.keyWith(["approvals"], { name: "approver" });
  const before = (await entries()).length;
  const created = await send("POST", "/v1/api-keys", { name: "nightly", services: ["import"] });
  await app.inject({ method: "DELETE", url: `/v1/api-keys/${created.id}` });
  await app.inject({ method: "DELETE", url: `/v1/api-keys/${created.id}` });
  await send("PATCH", "/v1/organization", { settings: { announceTo: ["kim.park@campus.edu"], countryCode: "49" } });
  await send("PATCH", "/v1/organization", { settings: { countryCode: "49" } });
  await send("PUT", "/v1/sources/students", { style: "purge" });
  await send("PUT", "/v1/sources/students", { style: "purge" });
  const announced = await app.inject({
    method: "PUT",
    url: "/v1/sources/students/announced-change",
    key: approver,
    body: { percent: 50, from: "2026-11-22T00:00:00Z", until: "2026-11-23T00:00:00Z", announcedBy: "Kim Park" },
  });
  assert.equal(announced.status, 200);
  const written = (await entries()).slice(0, -before).reverse();
  const actor = "api-key:admin";
  assert.deepEqual(written, [
    {
      action: "api_key.created",
      actor,
      subject: created.id,
      details: { name: "nightly", services: ["import"], source: null },
    },
    { action: "api_key.revoked", actor, subject: created.id, details: { name: "nightly" } },
    { action: "settings.changed", actor, subject: null, details: { settings: ["countryCode", "announceTo"] } },
    {
      action: "source.changed",
      actor,
      subject: "students",
      details: { isNew: true, properties: ["rank", "style", "primaryEmail", "guard"] },
    },
    {
      action: "source.changed",
      actor: "api-key:approver",
      subject: "students",
      details: { isNew: false, properties: ["announcedChange"] },
    },
  ]);
  const text = JSON.stringify(written);
  for (const value of ["kim.park", "Kim Park", created.key]) assert(!text.includes(value), value);
});

test("what is not committed is not written down", async () => {
  const before = await entries();
  await assert.rejects(
    withOrganization(app.dependencies.database, app.organizationId, async (client) => {
      await recordAudit(client, app.organizationId, {
        at: new Date(),
        action: "sign_out",
        actor: "user:1",
        subject: null,
      });
      throw new Error("no");
    }),
  );
  assert.deepEqual(await entries(), before);
});

test("entries can be filtered, and page without a gap, even within one moment", async () => {
  const other = await addOrganization();
  const { database, clock } = app.dependencies;
  app.advanceClock(1000);
  const at = clock();
  await withOrganization(database, app.organizationId, (client) =>
    recordAudit(
      client,
      app.organizationId,
      ...["1", "2", "3", "4", "5"].map((subject) => ({
        at,
        action: "topic.approved" as const,
        actor: subject < "3" ? "user:17" : "user:18",
        subject,
        details: { reason: null },
      })),
    ),
  );
  const subjects = async (query: string) =>
    (await entries(query)).map((entry) => (entry as { subject: string }).subject);
  assert.deepEqual(await subjects("&action=topic.approved"), ["5", "4", "3", "2", "1"]);
  assert.deepEqual(await subjects("&actor=user:17"), ["2", "1"]);
  const [last] = (await send("GET", "/v1/audit?limit=1")).items;
  assert.match(last.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(Number.parseInt(last.id.slice(0, 13).replace("-", ""), 16), at.getTime());
  assert.deepEqual(await subjects(`&since=${at.toISOString()}`), ["5", "4", "3", "2"]);
  assert.deepEqual(await subjects(`&until=${at.toISOString()}&action=topic.approved`), ["1"]);
  const paged: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { items, nextCursor } = await send("GET", `/v1/audit?limit=2${cursor && `&cursor=${cursor}`}`);
    paged.push(...items.map(({ id }: { id: string }) => id));
    cursor = nextCursor;
  }
  assert.deepEqual(
    paged,
    (await send("GET", "/v1/audit")).items.map(({ id }: { id: string }) => id),
  );
  const foreign = await app.inject({ url: "/v1/audit", key: other.key });
  assert.deepEqual(
    foreign.json.items.map(({ action }: { action: string }) => action),
    ["api_key.created", "organization.created"],
  );
  for (const query of [
    "cursor=WzFd",
    "since=yesterday",
    "since=2026-02-31T00:00:00Z",
    "action=none",
    "actor=",
    "x=1",
  ]) {
    assertProblem(await app.inject({ url: `/v1/audit?${query}` }), 400, "request_invalid");
  }
  assertProblem(await app.inject({ url: "/v1/audit", key: await app.keyWith(["retrieve"]) }), 403, "forbidden");
});

test("the service can add to the log, and neither change nor delete", async () => {
  for (const statement of ["update audit_entries set actor = 'x'", "delete from audit_entries"]) {
    await assert.rejects(
      withOrganization(app.dependencies.database, app.organizationId, (client) => client.query(statement)),
      /permission denied/,
    );
  }
});

test("entries are deleted after keepAuditDays, and only the organization's own", async () => {
  const { length } = await entries();
  const later = (days: number) => () => new Date(app.dependencies.clock().getTime() + days * day);
  await deleteOldEntries({ owner, clock: later(729) });
  assert.equal((await entries()).length, length);
  await pruneAudit(owner, app.organizationId + 1000, later(1000)());
  assert.equal((await entries()).length, length);
  await send("PATCH", "/v1/organization", { settings: { keepAuditDays: 1 } });
  await deleteOldEntries({ owner, clock: later(2) });
  assert.deepEqual(await entries(), []);
});
