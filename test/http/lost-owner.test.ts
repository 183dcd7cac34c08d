/** Imports of a process that loses the connection by which it shows its presence. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endInterruptedImports } from "../../src/reconcile/attempts/interrupted.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { openSocket } from "../support/raw-http.ts";
import { databaseUrlOf } from "../support/server.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";

const database = await createTestDatabase({ after });
const folder = await mkdtemp(join(tmpdir(), "muster-owner-"));
const started: ServiceProcess[] = [];
after(() => rm(folder, { recursive: true, force: true }));
database.beforeDrop(async () => {
  for (const { child, ended } of started) {
    child.kill("SIGKILL");
    await ended;
  }
});

const key = "one-key-for-all-the-processes";
const start = async (name: string) => {
  const service = startService(join(folder, name), {
    DATABASE_URL: databaseUrlOf(database.connection),
    MUSTER_ADMIN_KEY: key,
    LOG_LEVEL: "warn",
  });
  started.push(service);
  return { service, url: await service.ready };
};

const roster = (id: number) =>
  `<users type="array"><user><firstName>P</firstName><email>p${id}@example.edu</email><databaseID>${id}</databaseID></user></users>`;

/** Begins an upload and waits until it is being received; what is returned sends the rest and reads the answer. */
async function beginUpload(url: string, body: string, as = key): Promise<() => Promise<string>> {
  const socket = await openSocket(url);
  const head = [
    "POST /v1/imports/users HTTP/1.1",
    "Host: x",
    `Authorization: Bearer ${as}`,
    "Accept: application/json",
    "Content-Type: application/xml",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    "",
  ];
  socket.write(`${head.join("\r\n")}${body.slice(0, 10)}`);
  await until(async () => (await statuses()).includes("receiving"));
  return async () => {
    socket.write(body.slice(10));
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    return answer;
  };
}

const statuses = async () =>
  (
    await database.owner.query<{ status: string }>("select status from imports order by created_at desc, id desc")
  ).rows.map(({ status }) => status);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await sleep(20);
  }
  assert.fail("it did not come to that within 10 seconds");
}

const owners = async () =>
  (
    await database.owner.query<{ pid: number }>(
      `select pid from pg_stat_activity join pg_locks using (pid)
       where datname = current_database() and application_name = 'muster owner' and locktype = 'advisory' and objid = hashtext('presence')::oid`,
    )
  ).rows.map(({ pid }) => pid);

test("a process whose owner's connection broke is present again: what it does is not taken for left behind", async () => {
  const { url } = await start("one");
  const [before] = await owners();
  await database.owner.query("select pg_terminate_backend($1)", [before]);
  await until(async () => (await owners()).some((pid) => pid !== before));
  const finish = await beginUpload(url, roster(1));

  const { service: other } = await start("two");
  assert.doesNotMatch(other.output(), /under way/);
  assert.match(await finish(), /^HTTP\/1.1 201 /);
  assert.deepEqual(await statuses(), ["applied"]);
});

test("the users of the owner's connection go on after it reconnects", async () => {
  const { rows } = await database.owner.query<{ id: string }>(
    `insert into announcements (organization_id, kind, source, import_id, subject, body, created_at, next_attempt_at)
     select organization_id, 'first_roster', source, id, 'Subject', 'Body', now(), now() from imports limit 1 returning id`,
  );
  await until(
    async () =>
      (await database.owner.query("select from announcements where id = $1 and told_at is not null", [rows[0]!.id]))
        .rowCount === 1,
  );
});

test("an import that a killed process left is ended by the next start, while others go on with theirs", async () => {
  const [one, two] = started;
  const [urlOne, urlTwo] = await Promise.all([one!.ready, two!.ready]);
  const finish = await beginUpload(urlOne, roster(2));
  await beginUpload(urlTwo, roster(3));
  await until(async () => (await statuses()).filter((status) => status === "receiving").length === 2);
  two!.child.kill("SIGKILL");
  await two!.ended;
  const { service } = await start("two");
  assert.match(service.output(), /^Imports that were under way when the service stopped last: 1\./);
  assert.match(await finish(), /^HTTP\/1.1 201 /);
  assert.deepEqual((await statuses()).sort(), ["applied", "applied", "failed"]);
});

for (const when of ["receiving", "planning"]) {
  test(`an import that somebody ended while it was ${when} is not applied, and stays as it was ended`, async (t) => {
    const own = await createTestDatabase(t);
    const app = await startTestApp(own);
    const headers = { "content-type": "application/xml", accept: "application/json" };
    // Its connection waits for the lock, or its body for the rest.
    const holder = await own.owner.connect();
    if (when === "planning") await holder.query("begin; select from feed_heads for update");
    const { promise: rest, resolve: send } = Promise.withResolvers<void>();
    async function* body() {
      yield Buffer.from(roster(4).slice(0, 10));
      if (when === "receiving") await rest;
      yield Buffer.from(roster(4).slice(10));
    }
    const answer = fetch(`${app.url}/v1/imports/users`, {
      method: "POST",
      headers: { ...headers, authorization: `Bearer ${app.key}` },
      body: ReadableStream.from(body()),
      duplex: "half",
    } as RequestInit);
    const isThere = async () =>
      (await own.owner.query("select from imports where status = $1", [when])).rowCount === 1 &&
      (when === "receiving" ||
        (await own.owner.query("select from pg_locks where not granted and locktype = 'transactionid'")).rowCount! > 0);
    await until(isThere);
    // Nobody shows the presence of a test's service.
    assert.equal(await endInterruptedImports(own.owner, new Date("2026-11-22T03:00:00Z")), 1);
    send();
    await holder.query("rollback").finally(() => holder.release());
    const { status, ...response } = await answer.then(async (got) => ({
      status: got.status,
      problem: (await got.json()) as { code: string },
    }));
    assert.deepEqual([status, response.problem.code], [503, "import_interrupted"]);
    const { rows } = await own.owner.query("select status, problem ->> 'code' as code, first_sequence from imports");
    assert.deepEqual(rows, [{ status: "failed", code: "import_interrupted", first_sequence: null }]);
    assert.equal((await own.owner.query("select from users")).rowCount, 0);
    assert.equal((await own.owner.query("select from changes where type = 'user'")).rowCount, 0);
  });
}
