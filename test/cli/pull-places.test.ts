/** Places and permissions of copies, and places that `muster pull` refuses. */
import assert from "node:assert/strict";
import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { steps } from "./campus.ts";
import { runCommand, startCommand } from "./command.ts";
import { assertCopied } from "./copies.ts";
import { type Format, formats, startPullSetting } from "./pull-setting.ts";

const { app, folder, newPlace, pull, pullWell, setting } = await startPullSetting();

/** Permissions of all files of a copy, by name. */
async function modesOf(place: string, format: Format): Promise<Record<string, string>> {
  const directory = format === "csv" ? place : dirname(place);
  const names = await readdir(directory);
  const own = format === "csv" ? names : names.filter((name) => name.startsWith(basename(place)));
  const modes = own.map(async (name) => {
    const { mode } = await stat(join(directory, name));
    return [name, (mode & 0o777).toString(8)];
  });
  return Object.fromEntries(await Promise.all(modes));
}

for (const format of formats) {
  describe(`a copy as ${format}`, () => {
    test("only its owner may read it, whatever the umask is", async () => {
      const before = process.umask(0o022);
      try {
        const place = format === "csv" ? newPlace(format) : join(newPlace("csv"), "nested", "copy.sqlite");
        await pullWell(place);
        const made = format === "csv" ? place : dirname(place);
        assert.equal((await stat(made)).mode & 0o777, 0o700);
        const existing = newPlace("csv");
        await mkdir(existing);
        await chmod(existing, 0o755);
        const shared = format === "csv" ? existing : join(existing, "copy.sqlite");
        const follower = startCommand(["pull", "--to", shared, "--follow"], setting);
        await follower.printed(/is up to date|read from the start/);
        await steps.addUser!(app, 1, 1);
        await follower.printed(/change of users/);
        const modes = await modesOf(shared, format);
        assert.ok(Object.keys(modes).length >= (format === "csv" ? 6 : 4), "the lock and the journals, too");
        assert.deepEqual(new Set(Object.values(modes)), new Set(["600"]), JSON.stringify(modes));
        follower.child.kill("SIGTERM");
        assert.equal((await follower.ended).status, 0);
      } finally {
        process.umask(before);
      }
    });

    test("a copy that others may read is closed to them, unless --mode opens it", async () => {
      const place = newPlace(format);
      await pullWell(place);
      for (const name of Object.keys(await modesOf(place, format))) {
        await chmod(join(format === "csv" ? place : dirname(place), name), 0o644);
      }
      await pullWell(place);
      assert.deepEqual(new Set(Object.values(await modesOf(place, format))), new Set(["600"]));
      await pullWell(place, ["--mode", "640"]);
      assert.deepEqual(new Set(Object.values(await modesOf(place, format))), new Set(["640"]));
      const { status, errorOutput } = await pull(place, ["--mode", "666"]);
      assert.deepEqual([status, errorOutput], [64, 'muster: --mode is one of 600, 640, 644, not "666".\n']);
    });

    test("a copy of another service is left alone", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const { status, errorOutput } = await pull(place, [], { url: app.url.replace("127.0.0.1", "localhost") });
      assert.equal(status, 5);
      assert.match(errorOutput, /is a copy of .*, not of http:\/\/localhost/);
    });
  });
}

test("a changed or missing CSV file is noticed, and the copy rebuilt", async () => {
  const place = newPlace("csv");
  await pullWell(place);
  await appendFile(join(place, "users.csv"), "999,Eve\r\n");
  assert.match((await pullWell(place)).errorOutput, /Somebody has changed ".*users\.csv"\. Everything is read again\./);
  await assertCopied(app, place);
  await rm(join(place, "memberships.csv"));
  await pullWell(place);
  await assertCopied(app, place);
});

test("a database or file of another program is left alone", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  const place = newPlace("sqlite");
  const other = new DatabaseSync(place);
  other.exec("create table users (name text); insert into users values ('mine')");
  other.close();
  await chmod(place, 0o644);
  const before = await readFile(place);
  const { status, errorOutput } = await pull(place);
  const sentence = `muster: "${place}" cannot be used: it is a database of another program. Pull to another place.\n`;
  assert.deepEqual([status, errorOutput], [5, sentence]);
  assert.deepEqual([await readFile(place), (await stat(place)).mode & 0o777], [before, 0o644]);
  const text = newPlace("sqlite");
  await writeFile(text, "notes\n".repeat(100));
  assert.match((await pull(text)).errorOutput, /cannot be used: file is not a database\. Pull to another place\.\n$/);
  assert.equal(await readFile(text, "utf8"), "notes\n".repeat(100));
});

test("a Node.js without SQLite names the version that has it", async () => {
  const { status, errorOutput } = await pull(newPlace("sqlite"), [], { nodeOptions: ["--no-experimental-sqlite"] });
  assert.equal(status, 64);
  assert.match(errorOutput, /needs Node\.js 22\.13 or later.*a copy as CSV works here/);
});

test("a refused key or an unreachable service leaves the copy as it is", async () => {
  const place = newPlace("csv");
  await pullWell(place);
  const before = await readFile(join(place, "users.csv"));
  const wrong = await pull(place, [], { key: "muster_wrong_secret" });
  assert.equal(wrong.status, 2);
  assert.doesNotMatch(wrong.output + wrong.errorOutput, /wrong_secret/);
  const forbidden = await pull(place, [], { key: await app.keyWith(["import"]) });
  assert.equal(forbidden.status, 2);
  assert.deepEqual(await readFile(join(place, "users.csv")), before);
  const unreached = await pull(newPlace("csv"), ["--retries", "0"], { url: "http://127.0.0.1:1" });
  assert.equal(unreached.status, 3);
  assert.match(unreached.errorOutput, /^muster: Nothing listens at 127\.0\.0\.1:1\. Check the address/);
});

test("a place that cannot be used: 5, or 64 when the command line does not name one", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  const inFile = await pull(join(file, "copy"));
  assert.deepEqual([inFile.status, /cannot be made: not a directory/.test(inFile.errorOutput)], [5, true]);
  const onFile = await pull(file);
  assert.deepEqual([onFile.status, /is a file\. A copy as CSV needs a directory/.test(onFile.errorOutput)], [5, true]);
  assert.equal((await pull(folder, ["--format", "sqlite"])).status, 5);
  const unnamed = await runCommand(["pull"], setting);
  assert.deepEqual([unnamed.status, /Name the place of the copy: --to/.test(unnamed.errorOutput)], [64, true]);
  const stray = await runCommand(["pull", "copy"], setting);
  assert.deepEqual([stray.status, /"copy" is one argument too many/.test(stray.errorOutput)], [64, true]);
});
