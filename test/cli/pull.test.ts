/** `muster pull` against the service. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { openCsvCopy } from "../../src/cli/pull/csv-copy.ts";
import { type Feed, openFeed } from "../../src/cli/pull/feed.ts";
import { openSqliteCopy } from "../../src/cli/pull/sqlite-copy.ts";
import { synchronize } from "../../src/cli/pull/synchronize.ts";
import { openApi } from "../../src/cli/service/api.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { fillCampus, steps } from "./campus.ts";
import { type CommandSetting, runCommand, startCommand } from "./command.ts";
import { assertCopied } from "./copies.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const key = await app.keyWith(["retrieve"]);
const folder = await mkdtemp(join(tmpdir(), "muster-pull-test-"));
after(() => rm(folder, { recursive: true, force: true }));
await fillCampus(app);

const setting: CommandSetting = { url: app.url, key };
const formats = ["csv", "sqlite"] as const;
let places = 0;

function newPlace(format: (typeof formats)[number]): string {
  places += 1;
  return join(folder, format === "csv" ? `copy-${places}` : `copy-${places}.sqlite`);
}

const pull = (place: string, args: readonly string[] = [], more: Partial<CommandSetting> = {}) =>
  runCommand(["pull", "--to", place, ...args], { ...setting, ...more });

async function pullWell(place: string) {
  const result = await pull(place);
  assert.equal(result.status, 0, result.complaints);
  return result;
}

/** Forgets all changes, as the log does of those that have been kept long enough. */
async function pruneLog(): Promise<void> {
  await database.owner.query(
    `with pruned as (delete from changes where organization_id = $1 returning sequence, at)
     update feed_heads set pruned_sequence = last_sequence, pruned_at = last_at where organization_id = $1`,
    [app.organizationId],
  );
}

const seed = process.env.FAST_CHECK_SEED;

for (const format of formats) {
  describe(`a copy as ${format}`, () => {
    test("the first pull copies what the API lists, the next ones what changed", async () => {
      const place = newPlace(format);
      const first = await pullWell(place);
      assert.match(
        first.output,
        /read from the start\.\n.* is up to date: \d+ users, \d+ groups, \d+ memberships, \d+ loc/,
      );
      await assertCopied(app, place);
      await steps.addUser!(app, 2, 1);
      const second = await pullWell(place);
      assert.match(second.output, /: \d changes? of users\.\n/);
      await assertCopied(app, place);
      assert.doesNotMatch((await pullWell(place)).output, /change/);
    });

    test("takes over what is created, changed and deleted, whatever it is", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const { body } = await app.inject({
        method: "POST",
        url: "/v1/users",
        body: { firstName: "Mo", emails: ["lee@x.edu"] },
      });
      const user = `/v1/users/${JSON.parse(body).id}`;
      const rounds = [
        ["POST /v1/groups", { groupId: "Chess", category: 2 }],
        ["POST /v1/locations", { name: "Attic" }],
        [`PATCH ${user}`, { lastName: "Lee", location: "Attic", emails: ["mo@x.edu", "lee@x.edu"] }],
        [`PUT /v1/groups/Chess/members/${user.split("/").at(-1)}`, { role: 1 }],
        ["PATCH /v1/groups/Chess", { guardPercent: 0, description: "Blitz" }],
        ["PATCH /v1/locations/Attic", { name: "Roof" }],
        ["PATCH /v1/locations/Roof", { groups: ["Chess"] }],
        ["DELETE /v1/groups/Chess", undefined],
        [`PATCH ${user}`, { lastName: null }],
        ["DELETE /v1/locations/Roof", undefined],
        [`DELETE ${user}`, undefined],
      ] as const;
      for (const [address, change] of rounds) {
        const [method, url] = address.split(" ") as ["POST", string];
        const { status } = await app.inject({ method, url, ...(change ? { body: change } : {}) });
        assert.ok(status < 300, `${address}: ${status}`);
        assert.match((await pullWell(place)).output, /changes? of/, address);
        await assertCopied(app, place);
      }
    });

    test("after whatever changes it holds what the API lists", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const series = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(30), fc.nat(30)), {
        minLength: 10,
        maxLength: 40,
      });
      const follow = async (taken: readonly (readonly [string, number, number])[]) => {
        for (const [name, one, other] of taken) await steps[name]!(app, one, other);
        await pullWell(place);
        await assertCopied(app, place);
      };
      const parameters = { numRuns: 5, endOnFailure: true, ...(seed ? { seed: Number(seed) } : {}) };
      await fc.assert(fc.asyncProperty(series, follow), parameters);
    });

    test("a copy that is begun while everything changes holds what the API lists in the end", async () => {
      const place = newPlace(format);
      const api = openApi({ url: new URL(app.url), key }, "test");
      const { signal } = new AbortController();
      const feed = openFeed({ api, signal, random: () => 0.5, retries: 0, onRetry: assert.fail });
      let turn = 0;
      const changing: Feed = {
        ...feed,
        list: async (list, cursor) => {
          const page = await feed.list(list, cursor);
          for (const step of Object.values(steps)) {
            turn += 1;
            await step(app, turn, turn * 7);
          }
          return page;
        },
      };
      const copy = await (format === "csv" ? openCsvCopy(place, app.url, assert.fail) : openSqliteCopy(place, app.url));
      const listener = { reading: () => {}, startsAgain: assert.fail, committed: () => {} };
      await synchronize(copy, changing, false, listener).finally(copy.close);
      api.close();
      await assertCopied(app, place);
    });

    test("a place that the log has forgotten: it begins anew by itself, and says so", async () => {
      const place = newPlace(format);
      await pullWell(place);
      await steps.deleteUser!(app, 1, 0);
      await steps.addUser!(app, 3, 1);
      await pruneLog();
      const { output, complaints } = await pullWell(place);
      assert.match(complaints, /Everything is read anew; until then the copy stays as it is\./);
      assert.match(output, /read from the start/);
      await assertCopied(app, place);
      await steps.addUser!(app, 3, 1);
      assert.equal((await pullWell(place)).complaints, "");
      await assertCopied(app, place);
    });

    test("--follow takes over changes as they are made, until a signal ends it well", async () => {
      const place = newPlace(format);
      const follower = startCommand(["pull", "--to", place, "--follow"], setting);
      await follower.printed(/read from the start/);
      await steps.addUser!(app, 4, 1);
      await follower.printed(/1 change of users/);
      await assertCopied(app, place);
      const { rows } = await database.owner.query("select name from locations order by name limit 1");
      await app.inject({ method: "DELETE", url: `/v1/locations/${encodeURIComponent(rows[0].name)}` });
      await follower.printed(/change of locations/);
      await assertCopied(app, place);
      follower.child.kill("SIGTERM");
      const { status, complaints } = await follower.ended;
      assert.equal(status, 0);
      assert.match(complaints, /^Stopped\. The next pull goes on from here\.$/m);
      await app.inject({ method: "POST", url: "/v1/locations", body: { name: rows[0].name } });
      await pullWell(place);
      await assertCopied(app, place);
    });

    test("killed at any step of writing, it goes on exactly where it was", async () => {
      const place = newPlace(format);
      const preload = join(folder, "kill.mjs");
      await writeFile(preload, killAt);
      let kills = 0;
      /** Has a pull be killed at its first step, the next at its second, until one comes through. */
      const killOneAfterTheOther = async (prepare: (step: number) => Promise<unknown>) => {
        for (let step = 1, isKilled = true; isKilled; step += 1) {
          await prepare(step);
          const environment = { KILL_AT: String(step) };
          const { status, complaints } = await pull(place, [], { nodeOptions: ["--import", preload], environment });
          isKilled = status === null;
          if (isKilled) kills += 1;
          else assert.equal(status, 0, complaints);
          assert.equal((await pullWell(place)).complaints, "", "nothing is damaged, and nothing read anew");
          await assertCopied(app, place);
        }
      };
      await killOneAfterTheOther(async () => {
        const written = (await readdir(folder)).map((name) => join(folder, name));
        for (const path of written.filter((one) => one.startsWith(place))) await rm(path, { recursive: true });
      });
      await killOneAfterTheOther(async (step) => {
        for (const name of ["patchUser", "join", "patchGroup", "patchLocation"])
          await steps[name]!(app, step, step + 1);
      });
      assert.ok(kills >= (format === "csv" ? 15 : 6), `killed ${kills} times`);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.endsWith(".lock")),
        [],
      );
      if (format === "csv") assert.equal((await readdir(place)).length, 5, "nothing is left over");
    });

    test("two at a time: the second is refused, and a lock that a killed one left is taken over", async () => {
      const place = newPlace(format);
      const follower = startCommand(["pull", "--to", place, "--follow"], setting);
      await follower.printed(/read from the start/);
      const { status, complaints } = await pull(place);
      assert.equal(status, 5);
      assert.match(complaints, new RegExp(`Process ${follower.child.pid} is changing this copy`));
      follower.child.kill("SIGKILL");
      await follower.ended;
      await pullWell(place);
    });

    test("a copy of another service is left alone", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const { status, complaints } = await pull(place, [], { url: app.url.replace("127.0.0.1", "localhost") });
      assert.equal(status, 5);
      assert.match(complaints, /is a copy of .*, not of http:\/\/localhost/);
    });
  });
}

/** Ends the process before it changes a file for the n-th time. */
const killAt = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
let left = Number(process.env.KILL_AT);
const die = () => { if (--left === 0) process.kill(process.pid, "SIGKILL"); };
for (const name of ["open", "rename", "rm"]) {
  const original = fs.promises[name];
  fs.promises[name] = async (...args) => {
    if (String(args[0]).endsWith(".lock")) return original(...args);
    die();
    return original(...args);
  };
}
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (text) { die(); exec.call(this, text); };
syncBuiltinESMExports();
`;

describe("what else can be", () => {
  test("a file that somebody changed is found out, and everything read anew", async () => {
    const place = newPlace("csv");
    await pullWell(place);
    await appendFile(join(place, "users.csv"), "999,Eve\r\n");
    assert.match((await pullWell(place)).complaints, /users\.csv is not as it was written\. Everything is read anew\./);
    await assertCopied(app, place);
    await rm(join(place, "memberships.csv"));
    await pullWell(place);
    await assertCopied(app, place);
  });

  test("a database of something else is left alone", async () => {
    const { DatabaseSync } = await import("node:sqlite");
    const place = newPlace("sqlite");
    const other = new DatabaseSync(place);
    other.exec("create table users (name text); insert into users values ('mine')");
    other.close();
    const { status, complaints } = await pull(place);
    assert.deepEqual(
      [status, complaints],
      [5, `muster: ${place} cannot be used: it is a database of something else.\n`],
    );
  });

  test("a Node.js without SQLite says which one has it", async () => {
    const place = newPlace("sqlite");
    const { status, complaints } = await pull(place, [], { nodeOptions: ["--no-experimental-sqlite"] });
    assert.equal(status, 64);
    assert.match(complaints, /needs Node\.js 22\.13 or later.*a copy as CSV works here/);
  });

  test("refused keys, and nobody who answers, leave the copy as it is", async () => {
    const place = newPlace("csv");
    await pullWell(place);
    const before = await readFile(join(place, "users.csv"));
    const wrong = await pull(place, [], { key: "muster_wrong_secret" });
    assert.equal(wrong.status, 2);
    assert.doesNotMatch(wrong.output + wrong.complaints, /wrong_secret/);
    const forbidden = await pull(place, [], { key: await app.keyWith(["import"]) });
    assert.equal(forbidden.status, 2);
    assert.deepEqual(await readFile(join(place, "users.csv")), before);
    const unreached = await pull(newPlace("csv"), ["--retries", "0"], { url: "http://127.0.0.1:1" });
    assert.equal(unreached.status, 3);
    assert.match(unreached.complaints, /Muster cannot be reached: nobody listens there/);
  });

  test("a place that cannot be written: 5", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    assert.equal((await pull(join(file, "copy"))).status, 5);
    assert.equal((await runCommand(["pull"], setting)).status, 64);
  });
});
