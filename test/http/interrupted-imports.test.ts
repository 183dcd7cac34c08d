import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp, type TestAnswer } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { exchange, openSocket, readAnswer } from "../support/raw-http.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database, { importBytes: 200_000, bodyPause: 300 });
const url = "/v1/imports/users";

const person = (id: number, more = "") =>
  `<user><firstName>P${id}</firstName><email>p${id}@example.edu</email><groupID>G1</groupID><databaseID>${id}</databaseID>${more}</user>`;
const head = (headers: string) =>
  `POST ${url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.key}\r\n${headers}\r\n\r\n`;
const people = async () => (await database.owner.query("select from users")).rowCount;

/** The import that is being received, once there is one. */
async function underWay(): Promise<string> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { json } = await app.inject({ url: "/v1/imports?status=receiving" });
    if (json.items.length > 0) return json.items[0].id;
    await sleep(10);
  }
  return assert.fail("no import is being received");
}

async function outcomeOf(id: string): Promise<TestAnswer["json"]> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { json } = await app.inject({ url: `/v1/imports/${id}` });
    if (json.finishedAt !== null) return json;
    await sleep(10);
  }
  return assert.fail("the import has not ended");
}

test("a client that goes away half-way leaves a failed import and no file, and changes nothing", async () => {
  const before = await people();
  for (const framing of ["Content-Length: 1000", "Transfer-Encoding: chunked"]) {
    const socket = await openSocket(app.url);
    const part = `<users type="array">${person(804)}`;
    const chunk = framing.startsWith("T") ? `${part.length.toString(16)}\r\n${part}\r\n` : part;
    socket.write(`${head(`Content-Type: application/xml\r\n${framing}`)}${chunk}`);
    const id = await underWay();
    socket.destroy();
    const { status, problem } = await outcomeOf(id);
    assert.equal(status, "failed", framing);
    assert.equal(problem.code, "body_incomplete");
  }
  assert.equal(app.log.filter((line) => line.status === "aborted" && line.route === url).length, 2);
  assert.equal(await people(), before);
  assert.deepEqual(await readdir(app.dependencies.spoolDirectory), []);
});

test("a file that was begun with a key that is revoked before it has arrived changes nothing", async () => {
  const before = await people();
  const key = await app.keyWith(["import"], { name: "revoked meanwhile" });
  const { items } = (await app.inject({ url: "/v1/api-keys" })).json;
  const socket = await openSocket(app.url);
  const [begin, end] = [`<users type="array">${person(805)}`, "</users>"];
  socket.write(
    `POST ${url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/xml\r\n` +
      `Content-Length: ${begin.length + end.length}\r\n\r\n${begin}`,
  );
  const importId = await underWay();
  const { id } = items.find(({ name }: { name: string }) => name === "revoked meanwhile");
  assert.equal((await app.inject({ method: "DELETE", url: `/v1/api-keys/${id}` })).status, 204);
  socket.write(end);
  const { status, text } = await readAnswer(socket);
  assert.equal(status, 401, text);
  const { status: outcome, problem } = await outcomeOf(importId);
  assert.deepEqual([outcome, problem.code], ["failed", "unauthenticated"]);
  assert.equal(await people(), before);
});

test("a client that stops sending gets a problem after a while", async () => {
  const { status, text } = await exchange(
    app.url,
    `${head("Content-Type: application/xml\r\nContent-Length: 1000")}<users`,
  );
  assert.equal(status, 400);
  assert.match(text, /<code>body_incomplete<\/code>/);
  assert.match(text, /<importId>/);
});

test("invalid chunks fail the import", async () => {
  const socket = await openSocket(app.url);
  socket.write(`${head("Content-Type: application/xml\r\nTransfer-Encoding: chunked")}5\r\n<user\r\n`);
  const id = await underWay();
  socket.write("zzz\r\n");
  assert.equal((await outcomeOf(id)).problem.code, "body_incomplete");
  socket.destroy();
});

test("a client that sends too much gets to read why, though it sends all before it reads", async () => {
  const socket = await openSocket(app.url);
  const size = 16 * 1024 * 1024;
  socket.write(head("Content-Type: application/xml\r\nTransfer-Encoding: chunked"));
  socket.write(`${size.toString(16)}\r\n`);
  await new Promise((sent) => socket.write(Buffer.alloc(size, "<"), sent));
  const { status, text } = await readAnswer(socket);
  assert.equal(status, 413);
  assert.match(text, /<code>body_too_large<\/code>/);
});
