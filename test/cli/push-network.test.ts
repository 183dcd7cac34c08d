/** `muster push` on a network that fails, and while it is interrupted. */
import assert from "node:assert/strict";
import { mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { csv } from "../support/rosters.ts";
import { startCommand } from "./command.ts";
import { startFaultyNetwork } from "./faulty-network.ts";
import { startPushSetting } from "./push-setting.ts";

const { app, fileOf, folder, importsOf, newSource, push, range, setting } = await startPushSetting();

const answerOf = (status: string, header: string, body = "") =>
  `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${header}\r\n\r\n${body}`;

/** Imports of a source that changed something. */
async function appliedOf(source: string) {
  const imports = (await importsOf(source)) as { status: string }[];
  return imports.map(({ status }) => status).filter((status) => !["receiving", "failed"].includes(status));
}

test("a connection that breaks off while the file is sent: the file is sent again, and applied once", async () => {
  const source = await newSource();
  const network = await startFaultyNetwork(app.url, [
    { breakAfterRequestBytes: 30_000 },
    { breakAfterRequestBytes: 100 },
  ]);
  const pushed = await push([await fileOf(csv(range(1000))), "--source", source], { url: network.url });
  assert.equal(pushed.status, 0, pushed.errorOutput);
  assert.match(pushed.errorOutput, /broke off\. Retrying in .* \(1 of 7\)\.\n.*\(2 of 7\)/);
  assert.deepEqual(await appliedOf(source), ["applied"]);
});

test("an answer that is lost or cut in half: the file is applied once, and the next attempt gets the answer", async () => {
  for (const breakAfterAnswerBytes of [0, 600]) {
    const source = await newSource();
    const network = await startFaultyNetwork(app.url, [{ breakAfterAnswerBytes }]);
    const pushed = await push([await fileOf(csv(range(3))), "--source", source], { url: network.url });
    assert.equal(pushed.status, 0, pushed.errorOutput);
    assert.match(pushed.output, /An earlier attempt had arrived and its answer was lost\./);
    assert.match(pushed.output, /^ {2}added +3$/m);
    assert.equal((await importsOf(source)).length, 1);
    const keys = network.requests.map((text) => /^idempotency-key: (.+)\r$/im.exec(text)?.[1]).filter(Boolean);
    assert.equal(new Set(keys).size, 1);
    assert.ok(keys.length >= 2);
  }
});

test("a file that is applied twice because the service forgot its key: the report says so", async () => {
  const source = await newSource();
  const alter = (request: string) => request.replace(/^idempotency-key: .*$/im, "idempotency-key: forgotten");
  const network = await startFaultyNetwork(app.url, [{ alter, breakAfterAnswerBytes: 0 }]);
  const path = await fileOf(csv(range(3)));
  const args = [path, "--source", source, "--json"];
  const pushed = JSON.parse((await push(args, { url: network.url })).output);
  const [second, first] = await importsOf(source);
  assert.deepEqual([pushed.import.id, pushed.processedBefore], [second.id, first.id]);
  const again = JSON.parse((await push(args)).output);
  assert.equal(again.processedBefore, null, "a second push is meant");
});

test("notes that cannot be read after the import: the report names the reason, and the exit status stays", async () => {
  const source = await newSource();
  const path = await fileOf(csv([{ ...range(1)[0]!, groups: "1" }]));
  const alter = (request: string) => request.replace(/^GET .* HTTP/m, "GET /v1/imports/0/rows HTTP");
  const network = await startFaultyNetwork(app.url, [{ alter }]);
  const pushed = await push([path, "--source", source], { url: network.url });
  assert.equal(pushed.status, 1);
  assert.match(pushed.output, /^Rows to look at could not be read: /m);
});

test("Retry-After of a busy service is waited for", async () => {
  const source = await newSource();
  const network = await startFaultyNetwork(app.url, [
    { answer: answerOf("503 Service Unavailable", "retry-after: 2") },
    { answer: answerOf("507 Insufficient Storage", "retry-after: 1") },
    { answer: answerOf("429 Too Many Requests", "retry-after: 0") },
  ]);
  const begin = performance.now();
  const pushed = await push([await fileOf(csv(range(1))), "--source", source], { url: network.url });
  assert.equal(pushed.status, 0, pushed.errorOutput);
  assert.ok(performance.now() - begin >= 2000);
  assert.match(pushed.errorOutput, /status 503.*Retrying in 2\.\d s \(1 of 7\)/);
});

test("a proxy that stops waiting while the service works: the file may have arrived, and the error says so", async () => {
  const network = await startFaultyNetwork(app.url, [{ answer: answerOf("504 Gateway Timeout", "server: nginx") }]);
  const { status, errorOutput } = await push([await fileOf(csv(range(1))), "--retries", "0"], { url: network.url });
  assert.equal(status, 3);
  assert.match(errorOutput, /stopped waiting for it \(status 504\).* The file may have arrived all the same: GET/);
});

test("an address where nothing listens: 3 after the last attempt", async () => {
  const args = [await fileOf(csv(range(1))), "--retries", "1"];
  const { status, errorOutput } = await push(args, { url: "http://127.0.0.1:1" });
  assert.equal(status, 3);
  const sentence = "Nothing listens at 127.0.0.1:1. Check the address of the service (MUSTER_URL or --url), and";
  assert.match(errorOutput, /^Nothing listens at 127\.0\.0\.1:1\. Retrying in .* \(1 of 1\)\.\n/);
  assert.ok(errorOutput.endsWith(`\nmuster: ${sentence} that the service is running.\n`), errorOutput);
});

test("a signal ends a push with its status, and removes the copy of standard input", async () => {
  for (const [signal, expected] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    const temporary = await mkdtemp(join(folder, "tmp-"));
    const url = "http://127.0.0.1:1";
    const environment = { TMPDIR: temporary };
    const pushed = startCommand(["push", "-"], { ...setting, url, environment, input: csv(range(1)) });
    await pushed.printed(/Retrying/);
    pushed.child.kill(signal);
    assert.equal((await pushed.ended).status, expected);
    assert.deepEqual(await readdir(temporary), []);
  }
});

test("a push that is interrupted while it sends applies nothing", async () => {
  const source = await newSource();
  const whole = csv(range(2000));
  const network = await startFaultyNetwork(app.url, [
    { alter: (request) => (request.startsWith("POST") ? request.slice(0, 10_000) : "") },
  ]);
  const pushed = startCommand(["push", await fileOf(whole), "--source", source], { ...setting, url: network.url });
  while (!network.requests.some((text) => text.length > 10_000))
    await new Promise((resolve) => setTimeout(resolve, 20));
  pushed.child.kill("SIGINT");
  assert.equal((await pushed.ended).status, 130);
  assert.deepEqual(await appliedOf(source), []);
});
