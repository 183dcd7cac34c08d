/** A process that is stopped in the middle of its work, as a frozen virtual machine is. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { databaseUrlOf } from "../support/server.ts";
import { startService } from "../support/service-process.ts";

const program = fileURLToPath(new URL("node.ts", import.meta.url));

test("a process that stops while it has the organization's lock loses it, and changes nothing when it goes on", async () => {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  const node = startService("unused", { DATABASE_URL: databaseUrlOf(database.connection) }, program);
  database.beforeDrop(async () => {
    node.child.kill("SIGKILL");
    await node.ended;
  });
  const url = await node.ready;

  // Its write has the lock and waits for the table.
  const holder = await database.owner.connect();
  await holder.query("begin; lock groups");
  const body = JSON.stringify({ groupId: "STOPPED" });
  const headers = { authorization: `Bearer ${app.key}`, "content-type": "application/json" };
  const late = fetch(`${url}/v1/groups`, { method: "POST", headers, body });
  const waiting = "select from pg_locks where not granted and relation = 'groups'::regclass";
  for (let found = 0; found === 0; ) found = (await database.owner.query(waiting)).rowCount ?? 0;
  node.child.kill("SIGSTOP");
  await holder.query("rollback").finally(() => holder.release());

  const began = performance.now();
  let status = 503;
  while (status === 503 && performance.now() - began < 30_000) {
    ({ status } = await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "OTHER" } }));
  }
  assert.equal(status, 201);
  node.child.kill("SIGCONT");
  assert.equal((await late).status, 503);
  await sleep(100);
  const { rows } = await database.owner.query("select group_id from groups");
  assert.deepEqual(rows, [{ group_id: "OTHER" }]);
});
