import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { openSocket } from "../support/raw-http.ts";
import { databaseUrlOf } from "../support/server.ts";
import { startService } from "../support/service-process.ts";

const file = "firstName,email\nP,p@example.edu\n".padEnd(1_000, "\n");

test("a repeat under an Idempotency-Key does not wait if the process of the first request was killed", async () => {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  const folder = await mkdtemp(join(tmpdir(), "muster-killed-"));
  const service = startService(folder, { DATABASE_URL: databaseUrlOf(database.connection), LOG_LEVEL: "warn" });
  database.beforeDrop(async () => {
    service.child.kill("SIGKILL");
    await service.ended;
    await rm(folder, { recursive: true, force: true });
  });
  const socket = await openSocket(await service.ready);
  const head = `POST /v1/imports/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.key}\r\nIdempotency-Key: k-1\r\nContent-Type: text/csv\r\nContent-Length: ${file.length}\r\n\r\n`;
  socket.write(head + file.slice(0, 20));
  const claims = async () => (await database.owner.query("select from idempotency_keys where key = 'k-1'")).rowCount;
  for (let tries = 0; tries < 500 && (await claims()) === 0; tries += 1) await sleep(10);
  const repeat = () => {
    const headers = { "content-type": "text/csv", accept: "application/json", "idempotency-key": "k-1" };
    return app.inject({ method: "POST", url: "/v1/imports/users", headers, body: file });
  };
  assert.equal((await repeat()).status, 409, "the first request is under way");

  service.child.kill("SIGKILL");
  await service.ended;
  socket.destroy();
  const began = performance.now();
  let answer = await repeat();
  // PostgreSQL takes a moment to notice that the process is gone.
  for (; answer.status === 409 && performance.now() - began < 5_000; answer = await repeat()) await sleep(50);
  assert.equal(answer.status, 201, answer.body);
});
