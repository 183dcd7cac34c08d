import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { withClient } from "../support/server.ts";
import { startService } from "../support/service-process.ts";
import { makeServer } from "./own-server.ts";

async function begin(t: TestContext) {
  const server = await makeServer();
  const folder = await mkdtemp(join(tmpdir(), "muster-log-"));
  t.after(async () => {
    await server.remove();
    await rm(folder, { recursive: true, force: true });
  });
  await server.start();
  return { server, folder };
}

/** Fails as a statement of the service may, with a value in the details of the error. */
const failWith = (url: string, value: string) =>
  withClient({ connectionString: url }, (client) =>
    assert.rejects(
      client.query(
        `create temporary table people (email text unique); insert into people values ('${value}'), ('${value}')`,
      ),
    ),
  );

test("once the service has started, PostgreSQL's log contains no values of failed statements", async (t) => {
  const { server, folder } = await begin(t);
  await failWith(server.url, "before@example.edu");
  assert.match(server.log(), /DETAIL: {2}Key \(email\)=\(before@example\.edu\)/);
  const service = startService(folder, { DATABASE_URL: server.url });
  await service.ready;
  service.child.kill("SIGTERM");
  await service.ended;
  await failWith(server.url, "after@example.edu");
  assert.doesNotMatch(server.log(), /DETAIL: .*after@example\.edu/);
  assert.equal(server.log().match(/duplicate key value/g)?.length, 2);
});

test("a user who may not set that is told what a superuser has to run", async (t) => {
  const { server, folder } = await begin(t);
  await withClient({ connectionString: server.url }, async (client) => {
    await client.query("create role plain login createrole");
    await client.query("create database plain owner plain");
  });
  const url = server.url.replace("//muster@", "//plain@").replace(/postgres$/, "plain");
  const service = startService(folder, { DATABASE_URL: url });
  assert.equal(await service.ended, 1);
  const advice = /Have a superuser run (alter database "plain" set log_error_verbosity = terse)\.$/m;
  assert.match(service.errors(), advice);
  await withClient({ connectionString: server.url }, (client) => client.query(advice.exec(service.errors())![1]!));
  const again = startService(folder, { DATABASE_URL: url });
  await again.ready;
  again.child.kill("SIGTERM");
  assert.equal(await again.ended, 0);
});
