/** `muster push` against the service. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startGuardedApp } from "../support/guarded-app.ts";
import { csv } from "../support/rosters.ts";
import { type CommandSetting, runCommand, startCommand } from "./command.ts";
import { startProxy } from "./proxy.ts";

const { app, approver, newSource, range, sendApplied } = await startGuardedApp(after);
const folder = await mkdtemp(join(tmpdir(), "muster-push-test-"));
after(() => rm(folder, { recursive: true, force: true }));

const setting: CommandSetting = { url: app.url, key: app.key };
let files = 0;

async function fileOf(text: string | Uint8Array, extension = ".csv"): Promise<string> {
  files += 1;
  const path = join(folder, `roster-${files}${extension}`);
  await writeFile(path, text);
  return path;
}

const push = (args: readonly string[], more: Partial<CommandSetting> = {}) =>
  runCommand(["push", ...args], { ...setting, ...more });

async function importsOf(source: string) {
  return (await app.inject({ url: `/v1/imports?source=${source}` })).json.items;
}

describe("what became of the file", () => {
  test("a file of which every row is applied: a report, and 0", async () => {
    const source = await newSource();
    const { status, output, complaints } = await push([await fileOf(csv(range(3))), "--source", source]);
    assert.equal(status, 0, complaints);
    assert.match(output, /: applied\.\n3 rows read; 3 added/);
    assert.match(output, /^ {2}added +3$/m);
    assert.equal(complaints, "", "quiet where no terminal is");
    const [done] = await importsOf(source);
    assert.match(output, new RegExp(`^Import ${done.id}$`, "m"));
    assert.match(done.source.fileName, /^roster-\d+\.csv$/);
  });

  test("rows that fail: a table of them, and 1", async () => {
    const source = await newSource();
    const [good, ...bad] = range(3);
    const path = await fileOf(csv([good!, ...bad.map((person) => ({ ...person, groups: "1" }))]));
    const { status, output } = await push([path, "--source", source]);
    assert.equal(status, 1);
    assert.match(output, /^ {2}failed +2$/m);
    assert.match(output, /^ {2}ROW +LINE +OUTCOME +CODE +FIELD +MESSAGE$/m);
    assert.match(output, /^ {4}2 +3 +failed +group_code_damaged +groupID +"1" stands where/m);
    const json = JSON.parse((await push([path, "--source", source, "--json"])).output);
    assert.deepEqual([json.outcome, json.import.counts.failed, json.rows.length], ["rows_failed", 2, 2]);
  });

  test("a file that is refused: why, on standard error, and 2", async () => {
    const path = await fileOf('<users type="array"><user><firstName>Tom', ".xml");
    const { status, output, complaints } = await push([path]);
    assert.deepEqual([status, output], [2, ""]);
    assert.match(complaints, /refused \(xml_cut_off\)\.\nThe file ends inside <firstName>/);
    const json = JSON.parse((await push([path, "--json"])).output);
    assert.deepEqual([json.outcome, json.problem.code], ["refused", "xml_cut_off"]);
  });

  test("a key that is not known: 2, and nothing of the key is shown", async () => {
    const key = "muster_wrong_secret";
    const { status, output, complaints } = await push([await fileOf(csv(range(1)))], { key });
    assert.equal(status, 2);
    assert.match(complaints, /refused \(unauthenticated\)/);
    assert.doesNotMatch(output + complaints, /wrong_secret/);
  });

  test("a roster that takes too much away: the reasons, how to approve, and 4", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const path = await fileOf(csv(roster.slice(25)));
    const planned = await push([path, "--source", source, "--dry-run"]);
    assert.equal(planned.status, 4, "a dry run says what would be");
    assert.match(planned.output, /dry run, nothing was applied/);
    assert.doesNotMatch(planned.output, /\/approve/);
    const { status, output } = await push([path, "--source", source]);
    assert.equal(status, 4);
    assert.match(output, /^ {2}people_removed +\S/m);
    const [held] = await importsOf(source);
    // What the report says to do is what can be done.
    const [, body = "", url = ""] = /-d '(.*)' \\\n +(\S+\/approve)$/m.exec(output) ?? [];
    const approved = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${approver}`, "content-type": "application/json" },
      body: body.replace("YOUR NAME", "Kim Park"),
    });
    assert.equal(approved.status, 200);
    assert.equal(((await approved.json()) as { id: string }).id, held.id);
  });

  test("a dry run applies nothing", async () => {
    const source = await newSource();
    const { status, output } = await push([await fileOf(csv(range(2))), "--source", source, "--dry-run"]);
    assert.equal(status, 0);
    assert.match(output, /would be: 2 added/);
    assert.equal((await app.inject({ url: `/v1/users?source=${source}` })).json.items.length, 0);
  });

  test("files of groups and of locations", async () => {
    const key = await app.keyWith(["groups"]);
    const groups = await fileOf("groupID,name,category\nK1,Kayaking,Coarse\nK2,Karate,1\n");
    const pushed = await push([groups, "--kind", "groups"], { key });
    assert.equal(pushed.status, 1);
    assert.match(pushed.output, /This key may not read which rows these are/);
    assert.equal((await app.inject({ url: "/v1/groups/K2" })).status, 200);
    const locations = await push([await fileOf("name\nQuad\n"), "--kind", "locations"]);
    assert.equal(locations.status, 0, locations.complaints);
    assert.equal((await app.inject({ url: "/v1/locations/Quad" })).status, 200);
  });
});

describe("where the file comes from", () => {
  test("standard input is kept until it has arrived, and then removed", async () => {
    const source = await newSource();
    const temporary = await mkdtemp(join(folder, "tmp-"));
    const proxy = await startProxy(app.url, [{ breakAfterRequestBytes: 20_000 }]);
    const people = range(500);
    const environment = { TMPDIR: temporary };
    const pushed = await push(["-", "--source", source], { input: csv(people), url: proxy.url, environment });
    assert.equal(pushed.status, 0, pushed.complaints);
    assert.match(pushed.output, /^standard input: applied/);
    assert.match(pushed.output, /^ {2}added +500$/m);
    assert.deepEqual(await readdir(temporary), []);
  });

  test("a compressed file is sent as it is", async () => {
    const source = await newSource();
    const path = await fileOf(gzipSync(csv(range(2))), ".csv.gz");
    assert.equal((await push([path, "--source", source])).status, 0);
    const [done] = await importsOf(source);
    assert.match(done.source.fileName, /\.csv$/);
  });

  test("a file that is not there, or is a folder: 64", async () => {
    for (const [path, reason] of [
      [join(folder, "nothing.csv"), /is not there/],
      [folder, /is no file/],
    ] as const) {
      const { status, complaints } = await push([path]);
      assert.equal(status, 64);
      assert.match(complaints, reason);
    }
  });
});

describe("when the network fails", () => {
  test("a connection that breaks off while the file is sent: it is sent again, and applied once", async () => {
    const source = await newSource();
    const proxy = await startProxy(app.url, [{ breakAfterRequestBytes: 30_000 }, { breakAfterRequestBytes: 100 }]);
    const pushed = await push([await fileOf(csv(range(1000))), "--source", source], { url: proxy.url });
    assert.equal(pushed.status, 0, pushed.complaints);
    assert.match(pushed.complaints, /Trying again in .* \(1 of 7\)\.\n.*\(2 of 7\)/);
    const statuses = (await importsOf(source)).map(({ status }: { status: string }) => status);
    assert.deepEqual(
      statuses.filter((status: string) => status !== "failed"),
      ["applied"],
    );
  });

  test("an answer that gets lost: the file is not applied twice, and its answer comes with the next attempt", async () => {
    const source = await newSource();
    const proxy = await startProxy(app.url, [{ dropAnswer: true }]);
    const pushed = await push([await fileOf(csv(range(3))), "--source", source], { url: proxy.url });
    assert.equal(pushed.status, 0, pushed.complaints);
    assert.match(pushed.output, /The file had arrived with an attempt before/);
    assert.match(pushed.output, /^ {2}added +3$/m);
    assert.equal((await importsOf(source)).length, 1);
    const keys = proxy.requests.map((text) => /^idempotency-key: (.+)\r$/im.exec(text)?.[1]).filter(Boolean);
    assert.equal(new Set(keys).size, 1);
    assert.ok(keys.length >= 2);
  });

  test("a file that is applied twice all the same, for its key was forgotten: the report says so", async () => {
    const source = await newSource();
    const alter = (request: string) => request.replace(/^idempotency-key: .*$/im, "idempotency-key: forgotten");
    const proxy = await startProxy(app.url, [{ alter, dropAnswer: true }]);
    const path = await fileOf(csv(range(3)));
    const args = [path, "--source", source, "--json"];
    const pushed = JSON.parse((await push(args, { url: proxy.url })).output);
    const [second, first] = await importsOf(source);
    assert.deepEqual([pushed.import.id, pushed.processedBefore], [second.id, first.id]);
    const again = JSON.parse((await push(args)).output);
    assert.equal(again.processedBefore, null, "who sends a file again means it");
  });

  test("busy services: Retry-After is waited for", async () => {
    const source = await newSource();
    const busy = (status: string, header: string) =>
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n${header}\r\n\r\n`;
    const proxy = await startProxy(app.url, [
      { answer: busy("503 Service Unavailable", "retry-after: 2") },
      { answer: busy("429 Too Many Requests", "retry-after: 0") },
    ]);
    const begin = performance.now();
    const pushed = await push([await fileOf(csv(range(1))), "--source", source], { url: proxy.url });
    assert.equal(pushed.status, 0, pushed.complaints);
    assert.ok(performance.now() - begin >= 2000);
    assert.match(pushed.complaints, /status 503.*Trying again in 2\.\d s \(1 of 7\)/);
  });

  test("nobody who listens: 3 after the last attempt", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const url = `http://127.0.0.1:${port}`;
    const { status, complaints } = await push([await fileOf(csv(range(1))), "--retries", "1"], { url });
    assert.equal(status, 3);
    assert.match(complaints, /Trying again.*\nmuster: Muster cannot be reached: nobody listens there\.\n$/);
  });

  test("a signal ends it as it ends any command", async () => {
    const url = "http://127.0.0.1:1";
    const pushed = startCommand(["push", await fileOf(csv(range(1)))], { ...setting, url });
    await pushed.printed(/Trying again/);
    pushed.child.kill("SIGTERM");
    assert.equal((await pushed.ended).status, 143);
  });
});

describe("address and key", () => {
  test("a key file is used when nobody else may read it, and refused otherwise", async () => {
    const source = await newSource();
    const path = await fileOf(csv(range(1)));
    const keyFile = join(folder, "key");
    await writeFile(keyFile, `${app.key}\n`, { mode: 0o600 });
    const args = ["push", path, "--source", source, "--key-file", keyFile, "--url", app.url];
    assert.equal((await runCommand(args)).status, 0);
    await chmod(keyFile, 0o640);
    const { status, complaints } = await runCommand(args);
    assert.equal(status, 64);
    assert.match(complaints, /Others may use the key file .* \(mode 0640\), so it is not used\. Run: chmod 600 /);
  });

  test("what cannot be used is said in a sentence, with 64", async () => {
    const path = await fileOf(csv(range(1)));
    for (const [args, given, sentence] of [
      [[path], { url: app.url }, /There is no key/],
      [[path], { key: "k" }, /There is no address/],
      [[path], { url: "muster.example.edu", key: "k" }, /is none such as https/],
      [[path], { url: "http://me:secret@localhost", key: "k" }, /holds a user name or password/],
      [[path, "--key", "secret"], setting, /A key does not go on the command line/],
      [[path, "--key=secret"], setting, /A key does not go on the command line/],
      [[path, "--kind", "people"], setting, /--kind is one of users, groups, locations/],
      [[path, path], setting, /one file at a time/],
      [[], setting, /Name the file to push/],
      [[path, "--dry-rum"], setting, /Unknown option '--dry-rum'\. "muster push --help"/],
    ] as const) {
      const { status, output, complaints } = await runCommand(["push", ...args], given);
      assert.deepEqual([status, output], [64, ""]);
      assert.match(complaints, sentence);
      assert.doesNotMatch(complaints, /secret/);
    }
  });
});
