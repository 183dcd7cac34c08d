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
  let isAnswered = false;
  const send = () =>
    fetch(`${url}/v1/groups`, { method: "POST", headers, body }).finally(() => {
      isAnswered = true;
    });
  let late = send();
  const waiting = "select from pg_locks where not granted and relation = 'groups'::regclass";
  for (let found = 0; found === 0; found = (await database.owner.query(waiting)).rowCount ?? 0) {
    // On a busy machine, its short time limits may end the request before it waits.
    if (isAnswered) late = send();
    isAnswered = false;
  }
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

/** A first file whose first and last row are one person's: it is applied in parts, undone, and read as a whole. */
function relatedRows(people: number): string {
  const row = (id: number) => `P${id},p${id}@example.edu,U${id}`;
  return `firstName,email,databaseID\n${[...Array.from({ length: people }, (_, id) => row(id)), row(0)].join("\n")}\n`;
}

test("a process that stops while it reads a whole first file, after parts of it were undone, does not hold the lock", async () => {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  const node = startService(
    "unused",
    { DATABASE_URL: databaseUrlOf(database.connection), IDLE_WRITER: "30000" },
    program,
  );
  database.beforeDrop(async () => {
    node.child.kill("SIGKILL");
    await node.ended;
  });
  const headers = { authorization: `Bearer ${app.key}`, "content-type": "text/csv" };
  const url = `${await node.ready}/v1/imports/users`;
  let isOver = false;
  const sent = fetch(url, { method: "POST", headers, body: relatedRows(20_000) }).finally(() => {
    isOver = true;
  });
  sent.catch(() => undefined);
  const copying = `select extract(epoch from xact_start)::text as begun from pg_stat_activity
    where datname = current_database() and query like 'copy staged_rows%' and state = 'active'`;
  const transactions = new Set<string>();
  while (!isOver && transactions.size < 2) {
    for (const { begun } of (await database.owner.query(copying)).rows) transactions.add(begun);
  }
  node.child.kill("SIGSTOP");
  assert.equal(isOver, false, "the whole file was read in the transaction of the parts, or too fast");
  const { status } = await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "OTHER" } });
  assert.equal(status, 201);
  node.child.kill("SIGKILL");
  await node.ended;
  await sent.catch(() => undefined);
});
