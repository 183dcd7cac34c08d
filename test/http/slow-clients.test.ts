/** Clients that hold on to connections, and clients that ask for too much at a time. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { exchange, openSocket, readAnswer } from "../support/raw-http.ts";

const database = await createTestDatabase({ after });
const limits = {
  requestsAtOnce: 4,
  uploadsAtOnce: 2,
  headersWhole: 400,
  connectionIdle: 400,
  bodyPause: 400,
  bodyRate: 1000,
  answerPause: 400,
  answerWhole: 60_000,
};
const app = await startTestApp(database, limits);
const head = (method: string, path: string, key: string, length: number, type: string) =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
const upload = (key: string, length = 1000) => head("POST", "/v1/imports/users", key, length, "text/csv");
const codeOf = (text: string) => JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)).code;
const works = async (key: string) => (await app.inject({ url: "/v1/sources", key })).status;

/** Waits until something holds. */
async function becomes(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await condition()) return;
    await sleep(10);
  }
  assert.fail("it did not become so within 5 s");
}

/** Milliseconds until the other side closes; what comes is read. */
async function untilClosed(socket: Socket): Promise<number> {
  const begin = performance.now();
  socket.resume();
  await once(socket, "close");
  return performance.now() - begin;
}

test("headers that come slowly, and a connection on which nothing comes, are given up", async () => {
  const silent = await openSocket(app.url);
  const { status, text } = await exchange(app.url, "GET /healthz HTTP/1.1\r\nHost:");
  assert.equal(status, 408);
  assert.equal(codeOf(text), "request_timeout");
  const dripping = await openSocket(app.url);
  const drip = setInterval(() => dripping.write("x"), 50);
  dripping.write("GET /healthz HTTP/1.1\r\nX: ");
  await untilClosed(dripping).finally(() => clearInterval(drip));
  await untilClosed(silent);
});

test("a connection that was used is closed when nothing more comes", async () => {
  const socket = await openSocket(app.url);
  socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  // Node.js adds a second, so that its clients do not send into a connection that is about to close.
  assert((await untilClosed(socket)) < 4000);
});

test("a body that trickles in below the least rate is given up, though it never pauses", async () => {
  const key = await app.keyWith(["import"], { name: "trickle" });
  const socket = await openSocket(app.url);
  socket.write(`${upload(key, 100_000)}firstName,email\n`);
  const drip = setInterval(() => socket.write("Ann,ann@campus.edu\n"), 100);
  const { status, text } = await readAnswer(socket).finally(() => clearInterval(drip));
  assert.equal(status, 400);
  assert.equal(codeOf(text), "body_incomplete");
  assert.match(text, /Less than 1000 bytes a second came, \d+ bytes so far\. Nothing was applied/);
});

test("a body that comes at the least rate is taken, however long it takes", async () => {
  const key = await app.keyWith(["import"], { name: "steady" });
  const socket = await openSocket(app.url);
  const line = `${"x".repeat(190)},ann@campus.edu\n`;
  socket.write(`${upload(key, 16 + 10 * line.length)}firstName,email\n`);
  for (let count = 0; count < 10; count += 1) {
    await sleep(100);
    socket.write(line);
  }
  assert.equal((await readAnswer(socket)).status, 201);
});

test("a client that does not read its answer is cut off, and one that reads slowly gets all of it", async () => {
  await database.owner.query(
    `insert into users (organization_id, id, first_name, claims, created_at, updated_at)
     select $1, n, repeat('x', 190), 1, now(), now() from generate_series(1000, 45000) n`,
    [app.organizationId],
  );
  const request = `GET /v1/users/export HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${app.key}\r\n\r\n`;
  const connections = () =>
    new Promise<number>((resolve) => app.app.server.getConnections((_, count) => resolve(count)));
  await becomes(async () => (await connections()) === 0);
  app.log.length = 0;
  const deaf = await openSocket(app.url);
  deaf.pause();
  deaf.write(request);
  await becomes(async () => (await connections()) === 1);
  await becomes(async () => (await connections()) === 0);
  deaf.destroy();
  assert.equal(app.log.filter(({ msg }) => /did not read its answer/.test(msg)).length, 1);

  const slow = await openSocket(app.url);
  slow.write(request);
  let received = 0;
  let end = "";
  for await (const chunk of slow) {
    received += chunk.length;
    end = (end + chunk.toString("latin1")).slice(-100);
    if (received < 3_000_000) await sleep(10);
  }
  assert.match(end, /\r\n0\r\n\r\n$/, "the answer is whole");
  assert(received > 10_000_000, String(received));
  assert.equal(app.log.filter(({ msg }) => /did not read its answer/.test(msg)).length, 1);
});

test("a key has so many uploads at a time; one that ends, or breaks off, makes room", async () => {
  const key = await app.keyWith(["import"], { name: "uploads" });
  const file = "firstName,email\nAnn,ann@campus.edu\n";
  const open = async () => {
    const socket = await openSocket(app.url);
    socket.write(upload(key, file.length));
    return socket;
  };
  const [first, second] = [await open(), await open()];
  await sleep(50);
  const { status, text } = await exchange(app.url, `${upload(key, file.length)}${file}`);
  assert.deepEqual([status, codeOf(text)], [429, "too_many_requests"]);
  assert.match(text, /retry-after: 10\r\n/i);
  assert.equal(await works(key), 200, "other requests go on");
  first.write(file);
  assert.equal((await readAnswer(first)).status, 201);
  second.destroy();
  await becomes(async () => {
    const sockets = [await open(), await open()];
    for (const socket of sockets) socket.write(file);
    const answers = await Promise.all(sockets.map(readAnswer));
    return answers.every((answer) => answer.status === 201);
  });
});

test("a key has so many requests at a time; those that wait for changes do not count, nor do other keys", async () => {
  const key = await app.keyWith(["admin"], { name: "parallel" });
  const sockets = await Promise.all(Array.from({ length: 4 }, () => openSocket(app.url)));
  for (const socket of sockets) {
    socket.write(`${head("PATCH", "/v1/organization", key, 100, "application/json")}{`);
  }
  // A request of the test's own might take the place of one of these.
  await sleep(300);
  const refused = await app.inject({ url: "/v1/sources", key });
  assert.match(refused.json.detail, /^4 requests of this key are under way/);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal(await works(app.key), 200);
  const { cursor } = (await app.inject({ url: "/v1/changes?latest=true" })).json;
  const waiting = await openSocket(app.url);
  waiting.write(`GET /v1/changes?cursor=${cursor}&wait=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  assert.equal((await readAnswer(waiting)).status, 200);
  for (const socket of sockets) socket.destroy();
  await becomes(async () => (await works(key)) === 200);
});

test("further connections than the service takes are closed", async () => {
  const small = await startTestApp(await createTestDatabase({ after }), {
    ...limits,
    connections: 2,
    headersWhole: 10_000,
  });
  const sockets = [await openSocket(small.url), await openSocket(small.url)];
  await untilClosed(await openSocket(small.url));
  for (const socket of sockets) socket.destroy();
  await becomes(async () => (await exchange(small.url, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).status === 200);
});

test("an answer that takes too long altogether is cut off", async () => {
  // It takes the place of the key of the other one: it comes last.
  const short = await startTestApp(database, { ...limits, answerPause: 10_000, answerWhole: 300 });
  const socket = await openSocket(short.url);
  socket.pause();
  socket.write(`GET /v1/users/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${short.key}\r\n\r\n`);
  await becomes(() => short.log.some(({ msg }) => /did not read its answer/.test(msg)));
  socket.destroy();
});

test("after all that, the service has logged no fault of its own", () => {
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error" || level === "fatal"),
    [],
  );
});
