/** `muster pull` that is killed, runs twice at once, or loses its disk. */
import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { steps } from "./campus.ts";
import { type CommandResult, startCommand } from "./command.ts";
import { assertCopied } from "./copies.ts";
import { formats, startPullSetting } from "./pull-setting.ts";

const { app, folder, newPlace, pull, pullWell, setting } = await startPullSetting();

/** Kills the process before it changes a file for the n-th time. */
const killAt = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
let left = Number(process.env.KILL_AT);
const die = () => { if (--left === 0) process.kill(process.pid, "SIGKILL"); };
for (const name of ["open", "rename", "rm"]) {
  const original = fs.promises[name];
  fs.promises[name] = async (...args) => {
    if (/\\.lock(\\.\\d+)?$/.test(String(args[0]))) return original(...args);
    die();
    return original(...args);
  };
}
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (text) { die(); exec.call(this, text); };
syncBuiltinESMExports();
`;

/** Lets no file take more than some bytes, as a full disk does. */
const fullDisk = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const { open } = fs.promises;
fs.promises.open = async (path, ...args) => {
  const file = await open(path, ...args);
  if (!/staged$/.test(String(path))) return file;
  file.writeFile = async () => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28, syscall: "write" });
  };
  return file;
};
syncBuiltinESMExports();
`;

async function preload(name: string, script: string): Promise<readonly string[]> {
  const path = join(folder, name);
  await writeFile(path, script);
  return ["--import", path];
}

for (const format of formats) {
  describe(`a copy as ${format}`, () => {
    test("killed at any step of writing, the next pull continues exactly there", async () => {
      const place = newPlace(format);
      const nodeOptions = await preload("kill.mjs", killAt);
      let kills = 0;
      /** Kills one pull at its first step, the next at its second, until one comes through. */
      const killOneAfterTheOther = async (prepare: (step: number) => Promise<unknown>) => {
        for (let step = 1, isKilled = true; isKilled; step += 1) {
          await prepare(step);
          const { status, errorOutput } = await pull(place, [], { nodeOptions, environment: { KILL_AT: `${step}` } });
          isKilled = status === null;
          if (isKilled) kills += 1;
          else assert.equal(status, 0, errorOutput);
          assert.equal((await pullWell(place)).errorOutput, "", "nothing is damaged, and nothing read again");
          await assertCopied(app, place);
        }
      };
      await killOneAfterTheOther(async () => {
        const written = (await readdir(folder)).map((name) => join(folder, name));
        for (const path of written.filter((one) => one.startsWith(place))) await rm(path, { recursive: true });
      });
      await killOneAfterTheOther(async (step) => {
        for (const name of ["patchUser", "join", "patchGroup", "patchLocation"]) {
          await steps[name]!(app, step, step + 1);
        }
      });
      assert.ok(kills >= (format === "csv" ? 15 : 6), `killed ${kills} times`);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.includes(".lock")),
        [],
      );
      if (format === "csv") assert.equal((await readdir(place)).length, 5, "nothing is left over");
    });

    test("a second pull into the same place is refused while the first one runs", async () => {
      const place = newPlace(format);
      const follower = startCommand(["pull", "--to", place, "--follow"], setting);
      await follower.printed(/read from the start/);
      const { status, errorOutput } = await pull(place);
      assert.equal(status, 5);
      assert.match(errorOutput, new RegExp(`Process ${follower.child.pid} is changing this copy`));
      follower.child.kill("SIGKILL");
      await follower.ended;
      await pullWell(place);
    });

    test("of many pulls that begin at once beside the lock of a killed one, at least one makes the copy", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const dead = startCommand(["--version"]);
      await dead.ended;
      await writeFile(format === "csv" ? join(place, ".muster-pull.lock") : `${place}.lock`, `${dead.child.pid}\n`);
      await steps.addUser!(app, 5, 1);
      const results = await Promise.all(Array.from({ length: 4 }, () => pull(place)));
      const statuses = new Set(results.map(({ status }) => status));
      assert.ok(statuses.has(0), JSON.stringify(results));
      assert.deepEqual(
        [...statuses].filter((status) => status !== 0 && status !== 5),
        [],
      );
      assert.equal((await pullWell(place)).errorOutput, "", "nothing is damaged");
      await assertCopied(app, place);
    });
  });
}

test("a full disk ends a pull with 5, and leaves the copy as it was", async () => {
  const place = newPlace("csv");
  await pullWell(place);
  const before = await readFile(join(place, "users.csv"));
  await steps.addUser!(app, 6, 1);
  const full: CommandResult = await pull(place, [], { nodeOptions: await preload("full.mjs", fullDisk) });
  assert.equal(full.status, 5);
  assert.match(full.errorOutput, /cannot be written: no space left on device\. It is as it was after the last commit/);
  assert.deepEqual(await readFile(join(place, "users.csv")), before);
  assert.equal((await readdir(place)).length, 5, "nothing is left over");
  assert.equal((await pullWell(place)).errorOutput, "");
  await assertCopied(app, place);
});
