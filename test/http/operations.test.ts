import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { openSocket, readAnswer } from "../support/raw-http.ts";

test("without its tables the service is up but not ready", async (t) => {
  const database = await createTestDatabase(t);
  const app = await startTestApp(database);
  assert.equal((await app.inject({ url: "/readyz", key: null })).status, 200);
  await database.owner.query("drop table organizations cascade");
  const { status, json, headers } = await app.inject({ url: "/readyz", key: null });
  assert.equal(status, 503);
  assert.equal(json.code, "database_unavailable");
  assert(Number(headers["retry-after"]) > 0);
  assert.equal((await app.inject({ url: "/healthz", key: null })).status, 200);
});

test("without a database every request gets 503, and none hangs or fails", async (t) => {
  const database = await createTestDatabase(t);
  const app = await startTestApp(database);
  await app.dependencies.database.close();
  for (const url of ["/readyz", "/v1/organization", "/v1/imports"]) {
    const { status, json } = await app.inject({ url });
    assert.equal(status, 503, url);
    assert.equal(json.code, "database_unavailable");
  }
});

test("metrics show the use of connections, the listener and the free space, and nothing about organizations", async (t) => {
  const database = await createTestDatabase(t);
  const app = await startTestApp(database);
  const read = async () => {
    const { body } = await app.inject({ url: "/metrics", key: null });
    return (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(body)?.[1]);
  };
  const { requests } = app.dependencies.database;
  const held = await Promise.all(Array.from({ length: 6 }, () => requests.pool.connect()));
  const waiting = requests.pool.connect();
  const figure = await read();
  assert.equal(figure('muster_database_connections{pool="all",state="busy"}'), 6);
  assert.equal(figure('muster_database_connections{pool="all",state="idle"}'), 0);
  assert.equal(figure('muster_database_waiting{pool="all"}'), 1);
  assert.ok(figure("muster_spool_free_bytes") > 0);
  assert.ok([0, 1].includes(figure("muster_listener_connected")));
  for (const client of held) client.release();
  (await waiting).release();
  assert.equal((await read())('muster_database_waiting{pool="all"}'), 0);
});

test("a stopping service finishes what is under way, refuses the rest, and says so", async (t) => {
  const database = await createTestDatabase(t);
  const app = await startTestApp(database);
  const body = `<users type="array"><user><firstName>P</firstName><email>p@example.edu</email><groupID>G1</groupID></user></users>`;
  const post = [
    "POST /v1/imports/users HTTP/1.1",
    "Host: x",
    `Authorization: Bearer ${app.key}`,
    "Content-Type: application/xml",
    "Accept: application/json",
    `Content-Length: ${body.length}`,
    "",
    "",
  ].join("\r\n");
  const underWay = await openSocket(app.url);
  underWay.write(`${post}${body.slice(0, 30)}`);
  // A connection that is busy, and will ask again after the stop has begun.
  const keptAlive = await openSocket(app.url);
  keptAlive.write(`${post}${body.slice(0, 30)}`);
  const received = async () => (await database.owner.query("select from imports")).rowCount ?? 0;
  for (let tries = 0; tries < 500 && (await received()) < 2; tries += 1) await sleep(10);

  let isClosed = false;
  const closing = app.close().then(() => {
    isClosed = true;
  });
  const refused = await new Promise<string>((resolve) => {
    const attempt = request(`${app.url}/healthz`, () => resolve("answered"));
    attempt.on("error", ({ message }) => resolve(message)).end();
  });
  assert.match(refused, /ECONNREFUSED|ECONNRESET|hang up/, "no new connection is taken");
  assert.equal(isClosed, false);
  underWay.write(body.slice(30));
  const answer = await readAnswer(underWay);
  assert.equal(answer.status, 201, answer.text);
  assert.match(answer.text, /connection: close/i);
  keptAlive.write(`${body.slice(30)}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal((await readAnswer(keptAlive)).status, 201);
  await closing;
  const { rows } = await database.owner.query("select distinct status from imports");
  assert.deepEqual(rows, [{ status: "applied" }]);
});

test("an import whose sender has gone after the whole body is finished before the service stops", async (t) => {
  const database = await createTestDatabase(t);
  const app = await startTestApp(database);
  const body = `<users type="array">${Array.from({ length: 300 }, (_, id) => `<user><firstName>P</firstName><email>p${id}@example.edu</email><groupID>G1</groupID></user>`).join("")}</users>`;
  const socket = await openSocket(app.url);
  socket.write(
    `POST /v1/imports/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.key}\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const isReceived = async () =>
    (await database.owner.query("select from imports where status <> 'receiving'")).rowCount === 1;
  for (let tries = 0; tries < 500 && !(await isReceived()); tries += 1) await sleep(5);
  socket.destroy();
  await app.close();
  const { rows } = await database.owner.query("select status from imports");
  assert.deepEqual(rows, [{ status: "applied" }]);
});
