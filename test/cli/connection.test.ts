/** Address and key of the service, and mistakes on the command line. */
import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { csv } from "../support/rosters.ts";
import { type CommandSetting, runCommand } from "./command.ts";
import { startPushSetting } from "./push-setting.ts";

const { app, fileOf, folder, newSource, range, setting } = await startPushSetting();

async function assertRefused(args: readonly string[], given: CommandSetting, sentence: RegExp): Promise<void> {
  const { status, output, errorOutput } = await runCommand(args, given);
  assert.deepEqual([status, output], [64, ""], errorOutput);
  assert.match(errorOutput, sentence);
  assert.doesNotMatch(errorOutput, /secret/);
}

test("a key file is used when only its owner may read it, and refused otherwise", async () => {
  const source = await newSource();
  const path = await fileOf(csv(range(1)));
  const keyFile = join(folder, "key");
  await writeFile(keyFile, `${app.key}\n`, { mode: 0o600 });
  const args = ["push", path, "--source", source, "--key-file", keyFile, "--url", app.url];
  assert.equal((await runCommand(args)).status, 0);
  await chmod(keyFile, 0o640);
  await assertRefused(args, {}, /Others may use the key file .* \(mode 0640\), so muster does not\. Run: chmod 600 /);
});

test("a key file without a key: the message says what it is instead", async () => {
  const path = await fileOf(csv(range(1)));
  const files = { empty: "", words: "the secret key" };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await mkdir(join(folder, "folder"), { mode: 0o700 });
  for (const [name, sentence] of [
    ["empty", /The key file ".*empty" is empty\. Put the API key into it\./],
    ["words", /The key file ".*words" does not hold an API key\. A key is one word/],
    ["folder", /"..*folder" is a directory\. --key-file takes the file/],
    ["nothing", /The key file ".*nothing" cannot be read: no such file or directory\./],
  ] as const) {
    await assertRefused(["push", path, "--key-file", join(folder, name)], { url: app.url }, sentence);
  }
});

test("a mistake on the command line: a message with the way out, and 64", async () => {
  const path = await fileOf(csv(range(1)));
  for (const [args, given, sentence] of [
    [[path], { url: app.url }, /The API key is missing\. Put it into the environment variable MUSTER_KEY/],
    [[path], { url: app.url, key: "secret words" }, /MUSTER_KEY does not hold an API key/],
    [[path], { key: "k" }, /The address of the service is missing\. Set MUSTER_URL/],
    [[path], { url: "muster.example.edu", key: "k" }, /"muster\.example\.edu" is not an address of a service\./],
    [[path], { url: "me:secret@muster.edu", key: "k" }, /"…@muster\.edu" is not an address of a service\./],
    [[path], { url: "http://me:secret@localhost", key: "k" }, /contains a user name or password/],
    [[path], { url: `${app.url}/v1/`, key: "k" }, /contains a path of the API\. Use http:\/\/127\.0\.0\.1:\d+\n$/],
    [[path], { url: "https://x.edu/m?api_key=secret", key: "k" }, /a query or a fragment\. Use https:\/\/x\.edu\/m\n$/],
    [[path, "--key", "secret"], setting, /A key does not belong on the command line/],
    [[path, "--key=secret"], setting, /A key does not belong on the command line/],
    [[path, "--kind", "people"], setting, /--kind is one of users, groups, locations, not "people"\./],
    [[path, "--source", ""], setting, /--source is empty\. Give it a value, or leave it out\./],
    [[path, "--retries", "-1"], setting, /: --retries needs a value\. "muster push --help"/],
    [[path, "--retries", "1\u200b0"], setting, /--retries is a number from 0 to 100, not "1\[U\+200B\]0"\./],
    [[path, "--json=yes"], setting, /: --json takes no value\. "muster push --help"/],
    [[path, path], setting, /one file at a time/],
    [[], setting, /Name the file to push/],
    [[path, "--dry-rum"], setting, /There is no option --dry-rum\. "muster push --help" lists the options\./],
  ] as const) {
    await assertRefused(["push", ...args], given, sentence);
  }
  await assertRefused(
    ["pu\u001b[2Jsh"],
    setting,
    /"pu\[U\+001B\]\[2Jsh" is not a command\. The commands are push, pull/,
  );
});
