import assert from "node:assert/strict";
import { after, test } from "node:test";
import { problems } from "../../src/errors.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { exchange, openSocket, readAnswer, readToEnd } from "../support/raw-http.ts";

const app = await startTestApp(await createTestDatabase({ after }), { bodyWhole: 300, bodyPause: 300 });
const authorization = `Authorization: Bearer ${app.key}`;

/** Every refusal is a problem that the closed list knows, and none is a fault of the service. */
function assertProblem(status: number, body: string, label: string): string {
  const problem = JSON.parse(body);
  assert(Object.hasOwn(problems, problem.code), `${label}: ${body}`);
  assert.equal(problem.status, problems[problem.code as keyof typeof problems].status, label);
  assert.equal(problem.status, status, label);
  assert.equal(problem.type, `/problems/${problem.code}`);
  assert(status < 500, `${label} answered ${status}: ${body}`);
  assert.match(problem.requestId, /^[0-9a-f-]{36}$/);
  return problem.code;
}

/** The body of a raw answer. */
const bodyOf = (text: string) => text.slice(text.indexOf("\r\n\r\n") + 4);

async function refuseRaw(request: string, expected: keyof typeof problems): Promise<void> {
  const { status, text } = await exchange(app.url, request);
  assert.equal(assertProblem(status, bodyOf(text), request.slice(0, 100)), expected, text);
}

test("what is no HTTP, or more than is taken of it, gets a problem and a closed connection", async () => {
  await refuseRaw("hello\r\n\r\n", "request_invalid");
  await refuseRaw("GET / HTTP/9.9\r\n\r\n", "request_invalid");
  await refuseRaw("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "request_invalid");
  await refuseRaw("GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n", "request_invalid");
  await refuseRaw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "headers_too_large");
  await refuseRaw(`GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, "headers_too_large");
  await refuseRaw(
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "request_invalid",
  );
  await refuseRaw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "request_invalid");
});

test("a request with two Host headers is refused, even if they are the same", async () => {
  await refuseRaw(`GET /v1/groups HTTP/1.1\r\nHost: x\r\nHost: y\r\n${authorization}\r\n\r\n`, "request_invalid");
  await refuseRaw(`GET /healthz HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n`, "request_invalid");
});

test("a request whose end can be read in two ways is refused, and nothing behind it is answered", async () => {
  const smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const headers of [
    "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 4",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\r\n chunked",
    "Content-Length: 2\r\nContent-Length: 3",
    "Content-Length: +2",
    "Content-Length: 0x2",
  ]) {
    const head = `POST /v1/groups HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json`;
    const socket = await openSocket(app.url);
    const read = readToEnd(socket);
    socket.write(`${head}\r\n${headers}\r\n\r\n0\r\n\r\n${smuggled}`);
    const text = await read;
    assert.match(text, /^HTTP\/1\.1 400 /, headers);
    assert.equal(text.split(/^HTTP\/1\.1 /m).length - 1, 1, `${headers}: ${text}`);
  }
});

test("garbage after a whole request does not take its answer", async () => {
  const head = `POST /v1/imports/users?dryRun=true HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/xml\r\nAccept: application/json`;
  const people = "<user><firstName>Ann</firstName><email>ann@example.edu</email></user>".repeat(200);
  const file = `<users type="array">${people}</users>`;
  for (const [length, status, code] of [
    [file.length, 201, ""],
    [1000, 400, "xml_cut_off"],
  ] as const) {
    const socket = await openSocket(app.url);
    const read = readToEnd(socket);
    socket.write(`${head}\r\nContent-Length: ${length}\r\n\r\n${file.slice(0, length)}`);
    await new Promise((passed) => setTimeout(passed, 5));
    socket.write(length === file.length ? "junk junk\r\n\r\n" : file.slice(length));
    socket.write("and more\r\n\r\n");
    const text = await read;
    const [first = "", second = "", ...others] = text.split(/(?=HTTP\/1\.1 \d)/);
    assert.match(first, new RegExp(`^HTTP/1\\.1 ${status} `));
    if (code !== "") {
      assert.equal(JSON.parse(bodyOf(first)).code, code);
      assert.match(JSON.parse(bodyOf(first)).importId, /^[0-9a-f-]{36}$/);
    }
    assert.equal(assertProblem(400, bodyOf(second), "what follows"), "request_invalid");
    assert.equal(others.length, 0);
  }
});

test("a JSON body that drips in is given up after its time", async () => {
  const head = `PATCH /v1/organization HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
  const { status, text } = await exchange(app.url, `${head}{"sett`);
  assert.equal(assertProblem(status, bodyOf(text), "drip"), "request_timeout");
});

test("a body for an address without one, or before the key was checked, is not waited for", async () => {
  const body = "Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{";
  const unauthenticated = await exchange(app.url, `PATCH /v1/organization HTTP/1.1\r\nHost: x\r\n${body}`);
  assert.equal(unauthenticated.status, 401);
  const tooLarge = await exchange(app.url, `PATCH /v1/organization HTTP/1.1\r\nHost: x\r\n${authorization}\r\n${body}`);
  assert.equal(tooLarge.status, 413);
});

test("a client that sends all before it reads gets the reason of an early refusal", async () => {
  const socket = await openSocket(app.url);
  const size = 8 * 1024 * 1024;
  socket.write(
    `PATCH /v1/organization HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
  );
  await new Promise((sent) => socket.write(Buffer.alloc(size, 0x20), sent));
  const { status, text } = await readAnswer(socket);
  assert.equal(assertProblem(status, bodyOf(text), "early refusal"), "body_too_large");
});
