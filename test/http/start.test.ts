import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createTestDatabase } from "../support/database.ts";
import { openSocket, readAnswer } from "../support/raw-http.ts";
import { databaseUrlOf } from "../support/server.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "muster-start-"));
// Root's PostgreSQL runs as somebody else, and would keep its data elsewhere if the folder let nobody in.
await chmod(folder, 0o711);
const data = join(folder, "data");
const started: ServiceProcess[] = [];
const start = (environment: Record<string, string> = {}, directory = data) => {
  const service = startService(directory, environment);
  started.push(service);
  return service;
};

after(async () => {
  for (const { child, ended } of started) {
    child.kill("SIGTERM");
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

let key = "";
// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
const get = async (url: string, path: string): Promise<any> =>
  (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })).json();

test("the first start in an empty folder prints a key and a command, and the command works as printed", async () => {
  const service = start();
  const url = await service.ready;
  const [, printed = ""] = /^ {2}(muster_\S+)$/m.exec(service.output()) ?? [];
  assert.match(printed, /^muster_[A-Za-z0-9_-]{43}$/);
  key = printed;
  const [, command = ""] = /^ {2}(curl .+)$/m.exec(service.output()) ?? [];
  const { stdout } = await run("sh", ["-c", command]);
  assert.match(
    stdout,
    /^Import of users: applied\.\n1 person was NOT added and gets no alerts\. 12 rows read; 11 added/,
  );
  assert.match(stdout, /Rows to look at:\n {2}row 9 /);
  assert.equal((await fetch(`${url}/docs`)).status, 200);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert(!service.errors().includes(key), "the log does not hold the key");
  for (const line of service.errors().trim().split("\n")) assert.doesNotThrow(() => JSON.parse(line), line);

  const second = start();
  assert.equal(await second.ended, 1);
  assert.match(
    second.errors(),
    /^Muster could not start: The data folder \S+ is in use by another Muster \(process \d+\): [^\n]+\n$/,
  );

  const begin = performance.now();
  service.child.kill("SIGTERM");
  assert.equal(await service.ended, 0);
  assert(performance.now() - begin < 20_000);
  assert.match(service.output(), /Muster stops as soon as what is under way is done/);
});

test("a later start prints the address alone, and finds everything", async () => {
  const service = start();
  const url = await service.ready;
  assert.match(service.output(), /^Muster is ready: [^\n]+\n$/);
  const { items } = await get(url, "/v1/imports");
  assert.equal(items.length, 1);
  assert.equal(items[0].counts.added, 11);
  service.child.kill("SIGKILL");
  await service.ended;
});

const upload =
  `<users type="array"><user><firstName>Una</firstName><email>una@example.edu</email></user></users>`.padEnd(1000);
const begun = 7;

/** Begins an upload that does not end, and waits until the service receives it. */
async function beginUpload(url: string, query = "") {
  const socket = await openSocket(url);
  socket.write(
    `POST /v1/imports/users${query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/xml\r\nContent-Length: ${upload.length}\r\n\r\n${upload.slice(0, begun)}`,
  );
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await get(url, "/v1/imports?status=receiving")).items.length === 1) break;
    await sleep(10);
  }
  return socket;
}

test("after kill -9 in the middle of an upload the import is listed as interrupted, and all else is there", async () => {
  const killed = start();
  const url = await killed.ready;
  const socket = await beginUpload(url);
  killed.child.kill("SIGKILL");
  await killed.ended;
  socket.destroy();

  const service = start();
  const again = await service.ready;
  assert.match(
    service.output(),
    /^Imports that were under way when the service stopped last: 1\. They were not applied/,
  );
  const { items } = await get(again, "/v1/imports");
  assert.deepEqual(
    items.map(({ status }: { status: string }) => status),
    ["failed", "applied"],
  );
  assert.equal(items[0].problem.code, "import_interrupted");
  assert.notEqual(items[0].finishedAt, null);
  assert.deepEqual(await readdir(join(data, "spool")).catch(() => []), [], "nothing of the upload stays behind");
  service.child.kill("SIGINT");
  assert.equal(await service.ended, 0);
});

test("a second signal does not wait for a client that takes its time", async () => {
  const service = start();
  const url = await service.ready;
  const socket = await beginUpload(url);
  service.child.kill("SIGTERM");
  while (!service.output().includes("a second signal stops it now")) await sleep(10);
  await sleep(1_100);
  service.child.kill("SIGTERM");
  assert.equal(await service.ended, 1);
  socket.destroy();
});

test("Ctrl-C is one signal, although npm passes it on as well: what is under way is done", async () => {
  const service = start();
  const url = await service.ready;
  const socket = await beginUpload(url, "?dryRun=true");
  service.child.kill("SIGINT");
  while (!service.output().includes("a second signal stops it now")) await sleep(10);
  service.child.kill("SIGINT");
  await sleep(100);
  socket.write(upload.slice(begun));
  assert.equal((await readAnswer(socket)).status, 201);
  assert.equal(await service.ended, 0);
});

test("when PostgreSQL is killed the service ends, says so, and the next start finds everything", async () => {
  const service = start();
  await service.ready;
  const [pid] = (await readFile(join(data, "postgresql", "postmaster.pid"), "utf8")).split("\n");
  process.kill(Number(pid), "SIGKILL");
  assert.equal(await service.ended, 1);
  assert.match(service.errors(), /^Muster stops: PostgreSQL has ended/m);
  const next = start();
  assert.equal((await get(await next.ready, "/v1/imports?status=applied")).items.length, 1);
  next.child.kill("SIGTERM");
  assert.equal(await next.ended, 0);
});

test("a key that is given takes the place of the generated one", async () => {
  const given = "the-key-that-the-operator-gives";
  const issuer = { OIDC_ISSUER: "http://127.0.0.1:9", OIDC_AUDIENCE: "muster" };
  const service = start({ MUSTER_ADMIN_KEY: given, ...issuer });
  const url = await service.ready;
  const status = async (as: string) =>
    (await fetch(`${url}/v1/organization`, { headers: { authorization: `Bearer ${as}` } })).status;
  assert.equal(await status(given), 200);
  assert.equal(await status(key), 401);
  assert(!service.output().includes(given));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (aud: string) => `${part({ alg: "RS256" })}.${part({ iss: issuer.OIDC_ISSUER, aud })}.AAAA`;
  assert.equal(await status(token("muster")), 503, "the issuer is known, and does not answer");
  assert.equal(await status(token("other")), 401);
  const audit = await fetch(`${url}/v1/audit?action=identity_provider.changed`, {
    headers: { authorization: `Bearer ${given}` },
  });
  const { items } = (await audit.json()) as { items: { actor: string; details: object }[] };
  assert.deepEqual(
    items.map(({ actor, details }) => [actor, details]),
    [["operator", { issuer: issuer.OIDC_ISSUER, audience: issuer.OIDC_AUDIENCE }]],
  );
  service.child.kill("SIGTERM");
  assert.equal(await service.ended, 0);
});

test("the operator's key makes organizations, and the key of a deleted first one opens no other", async () => {
  const operatorKey = "the-key-of-the-operator-of-the-service";
  const environment = {
    MUSTER_ADMIN_KEY: "a-key-of-the-operators-choice-2",
    MUSTER_OPERATOR_KEY: operatorKey,
    OIDC_ISSUER: "https://accounts.example.edu",
    OIDC_AUDIENCE: "muster",
  };
  const service = start(environment);
  const url = await service.ready;
  const send = (at: string, method: string, path: string, body?: object) =>
    fetch(`${at}/v1/organizations${path}`, {
      method,
      headers: { authorization: `Bearer ${operatorKey}`, ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  assert.equal((await send(url, "POST", "", { name: "Northern Campus" })).status, 201);
  const { items } = (await (await send(url, "GET", "")).json()) as { items: { id: string; users: number }[] };
  const first = items[0]!;
  assert.equal((await send(url, "DELETE", `/${first.id}?expectedUsers=${first.users}`)).status, 204);
  service.child.kill("SIGTERM");
  assert.equal(await service.ended, 0);
  assert(!(service.output() + service.errors()).includes(operatorKey));

  const next = start(environment);
  const address = await next.ready;
  assert.match(
    next.output(),
    /^Not used: MUSTER_ADMIN_KEY and OIDC_ISSUER\. The organization that the first start made was deleted;/m,
  );
  const headers = { authorization: `Bearer ${environment.MUSTER_ADMIN_KEY}` };
  assert.equal((await fetch(`${address}/v1/organization`, { headers })).status, 401);
  next.child.kill("SIGTERM");
  assert.equal(await next.ended, 0);
});

test("several processes share one PostgreSQL of the operator's, and the first organization", async (t) => {
  const { connection } = await createTestDatabase(t);
  const shared = {
    DATABASE_URL: databaseUrlOf(connection),
    MUSTER_ADMIN_KEY: "one-key-for-all-the-processes",
    LOG_LEVEL: "warn",
  };
  const services = [start(shared, join(folder, "one")), start(shared, join(folder, "two"))];
  const urls = await Promise.all(services.map(({ ready }) => ready));
  const headers = { authorization: `Bearer ${shared.MUSTER_ADMIN_KEY}` };
  const patch = {
    method: "PATCH",
    body: '{"settings":{"countryCode":"49"}}',
    headers: { ...headers, "content-type": "application/json" },
  };
  assert.equal((await fetch(`${urls[0]}/v1/organization`, patch)).status, 200);
  const seen = await (await fetch(`${urls[1]}/v1/organization`, { headers })).json();
  assert.equal((seen as { settings: { countryCode: string } }).settings.countryCode, "49");
  assert.equal(services.filter((service) => service.output().includes("This is the first start")).length, 1);
  for (const { child, ended, errors } of services) {
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
    assert.equal(errors(), "");
  }
});

test("what keeps it from starting is told in one sentence, with exit status 1", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => blocker.once("listening", listening));
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  const failures: [Record<string, string>, RegExp][] = [
    [{ PORT: "eighty" }, /^Muster could not start: PORT must be a whole number from 0 to 65535; [^\n]+\n$/],
    [
      { PORT: port },
      new RegExp(`^Muster could not start: port ${port} of 127\\.0\\.0\\.1 is taken by another program; [^\n]+\n$`),
    ],
    [
      { DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/none" },
      /^Muster could not start: the database at DATABASE_URL does not answer \(ECONNREFUSED\); [^\n]+\n$/,
    ],
    ...["/dev/null", "/dev/null/below"].map((DATA_DIR): [Record<string, string>, RegExp] => [
      { DATA_DIR },
      /^Muster could not start: DATA_DIR is \/dev\/null[a-z/]*, which is not a folder[^\n]+\n$/,
    ]),
  ];
  for (const [environment, expected] of failures) {
    const service = start({ LOG_LEVEL: "fatal", ...environment });
    assert.equal(await service.ended, 1);
    assert.match(service.errors(), expected);
    assert.equal(service.output(), "");
  }
  await new Promise((closed) => blocker.close(closed));
});

test("a signal during the start ends it cleanly, and the next start works", async () => {
  const directory = join(folder, "interrupted");
  const service = start({}, directory);
  await sleep(300);
  service.child.kill("SIGTERM");
  assert.equal((await service.ended) === 0 || service.child.signalCode === "SIGTERM", true, service.errors());
  const next = start({}, directory);
  await next.ready;
  next.child.kill("SIGTERM");
  assert.equal(await next.ended, 0);
});
