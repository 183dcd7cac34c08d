/** `muster organization` against the service. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { fillOrganization } from "../support/filled-organization.ts";
import { type CommandSetting, runCommand } from "./command.ts";

const app = await startTestApp(await createTestDatabase({ after }));
const folder = await mkdtemp(join(tmpdir(), "muster-organization-test-"));
after(() => rm(folder, { recursive: true, force: true }));

const organization = (args: readonly string[], setting: CommandSetting = {}) =>
  runCommand(["organization", ...args], { url: app.url, key: app.operatorKey, ...setting });
const names = async () => {
  const { json } = await app.inject({ url: "/v1/organizations", key: app.operatorKey });
  return json.items.map(({ name }: { name: string }) => name);
};
let files = 0;
function newFile(): string {
  files += 1;
  return join(folder, `${files}.key`);
}
const statusWith = async (key: string) => (await app.inject({ url: "/v1/organization", key })).status;

/** Creates an organization; returns its id and key. */
async function create(name: string) {
  const { output } = await organization(["create", name, "--show-key", "--json"]);
  const { id, adminKey } = JSON.parse(output);
  return { id: id as string, key: adminKey.key as string };
}

test("create writes the key into a file that only its owner may read, and prints it nowhere", async () => {
  const path = newFile();
  const { status, output, errorOutput } = await organization(["create", "North", "--key-output", path]);
  assert.equal(status, 0, errorOutput);
  assert.match(output, /^Organization \d+ was created: North\.\nIts admin key is in .*1\.key\.\n$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const key = (await readFile(path, "utf8")).trim();
  assert(!(output + errorOutput).includes(key));
  assert.equal(await statusWith(key), 200);
  const json = await organization(["create", "North 2", "--key-output", newFile(), "--json"]);
  assert.deepEqual(Object.keys(JSON.parse(json.output).adminKey), ["id", "name", "createdAt"]);
});

test("--show-key prints the key, and --json one line for scripts", async () => {
  const { status, output } = await organization(["create", "South", "--show-key"]);
  assert.equal(status, 0);
  const [key = "", created] = output.split("\n");
  assert.equal(await statusWith(key), 200);
  assert.match(created ?? "", /^Organization \d+ was created: South\.$/);
  const json = await organization(["create", "South 2", "--show-key", "--json"]);
  assert.equal(json.output.trim().split("\n").length, 1);
  assert.equal(await statusWith(JSON.parse(json.output).adminKey.key), 200);
});

test("nothing is created without a place for the key, or with one that cannot be used", async () => {
  const before = await names();
  const taken = newFile();
  await writeFile(taken, "mine");
  for (const [args, complaint] of [
    [[], /Choose where it goes: --key-output FILE, or --show-key/],
    [["--show-key", "--key-output", newFile()], /Choose where it goes: --key-output FILE, or --show-key/],
    [["--key-output", taken], /The file ".*" exists\. A key does not replace it; name another file\./],
    [["--key-output", join(folder, "none", "x.key")], /cannot be created: no such file or directory\./],
  ] as const) {
    const { status, errorOutput } = await organization(["create", "Never", ...args]);
    assert.equal(status, 64);
    assert.match(errorOutput, complaint);
  }
  assert.deepEqual(await names(), before);
  assert.equal(await readFile(taken, "utf8"), "mine");
});

test("a refusal leaves no file behind", async () => {
  const before = await readdir(folder);
  const { status, errorOutput } = await organization(["create", "Test University", "--key-output", newFile()]);
  assert.equal(status, 2);
  assert.match(errorOutput, /^muster: There is an organization named Test University already\./);
  assert.deepEqual(await readdir(folder), before);
});

test("list and show print organizations, for people and for scripts", async () => {
  const { id, key } = await create("Listed");
  await fillOrganization((request) => app.inject({ key, ...request }), "listed");
  const { output } = await organization(["list"]);
  assert.match(output, /^ID +USERS +GROUPS +CREATED +LAST IMPORT +NAME$/m);
  assert.match(output, new RegExp(`^ *${id} +11 +4 +2026-11-22 +2026-11-22 held +Listed$`, "m"));
  assert.match(output, /^ *1 +0 +0 +2026-11-22 +none +Test University$/m);
  const { organizations } = JSON.parse((await organization(["list", "--json"])).output);
  assert.deepEqual(organizations, (await app.inject({ url: "/v1/organizations", key: app.operatorKey })).json.items);
  const shown = await organization(["show", id]);
  assert.match(
    shown.output,
    /^Organization \d+: Listed\n\n {2}users {14}11\n {2}groups {13}4\n {2}identity provider {2}none\n {2}last import {8}2026-11-22 02:00 UTC, users, held\n/,
  );
  assert.equal(JSON.parse((await organization(["show", id, "--json"])).output).users, 11);
});

test("rename gives another name, and control characters in it do not reach the terminal", async () => {
  const { id } = await create("Before");
  assert.equal((await organization(["rename", id, "After"])).output, `Organization ${id} is now named After.\n`);
  const { status, errorOutput } = await organization(["rename", id, "A\u001b[2JB"]);
  assert.equal(status, 2);
  assert(!errorOutput.includes("\u001b"));
  assert((await names()).includes("After"));
});

test("identity-provider sets or removes the provider whose tokens sign people in", async () => {
  const { id } = await create("Signing in");
  const command = ["identity-provider", id];
  const provider = { issuer: "https://login.example.edu/north", audience: "north" };
  const set = await organization([...command, "--issuer", provider.issuer, "--audience", provider.audience]);
  const line = "https://login.example.edu/north, audience north";
  assert.deepEqual([set.status, set.output], [0, `Tokens sign the people of organization ${id} in: ${line}.\n`]);
  assert.match((await organization(["show", id])).output, new RegExp(`^  identity provider  ${line}$`, "m"));
  assert.deepEqual(JSON.parse((await organization(["show", id, "--json"])).output).identityProvider, provider);
  const refused = await organization([...command, "--issuer", "http://login.example.edu", "--audience", "north"]);
  assert.equal(refused.status, 2);
  assert.match(refused.errorOutput, /issuer: is an https address/);
  for (const args of [[], ["--issuer", "https://x.edu"], ["--audience", "north"], ["--none", "--audience", "north"]]) {
    const { status, errorOutput } = await organization([...command, ...args]);
    assert.deepEqual(
      [status, /--issuer URL --audience NAME\. --none alone removes it/.test(errorOutput)],
      [64, true],
      errorOutput,
    );
  }
  const none = await organization([...command, "--none", "--json"]);
  assert.deepEqual([none.status, JSON.parse(none.output)], [0, { id, identityProvider: null }]);
  assert.equal(JSON.parse((await organization(["show", id, "--json"])).output).identityProvider, null);
});

test("admin-key issues another key, and --revoke-others revokes the other ones", async () => {
  const { id, key } = await create("Lost");
  const path = newFile();
  const first = await organization(["admin-key", id, "--key-output", path]);
  assert.match(first.output, /is named "admin 2"; it is in .*\nThe other keys keep working\.\n$/);
  assert.equal(await statusWith(key), 200);
  const second = await organization(["admin-key", id, "--show-key", "--revoke-others"]);
  assert.match(second.output, /\n2 other admin keys were revoked\.\n$/);
  assert.deepEqual([await statusWith(key), await statusWith((await readFile(path, "utf8")).trim())], [401, 401]);
  assert.equal(await statusWith(second.output.split("\n")[0]!), 200);
});

test("delete shows what would be deleted, and deletes only with --apply and the right number", async () => {
  const { id, key } = await create("Leaving");
  await fillOrganization((request) => app.inject({ key, ...request }), "leaving");
  const shown = await organization(["delete", id]);
  assert.equal(shown.status, 0);
  assert.match(shown.output, /\(Leaving\) would be deleted with 11 users, 4 groups,/);
  assert.match(shown.output, new RegExp(`^  muster organization delete ${id} --expected-users 11 --apply$`, "m"));
  const wrong = await organization(["delete", id, "--expected-users", "3"]);
  assert.deepEqual([wrong.status, /has 11 users, not 3/.test(wrong.errorOutput)], [2, true]);
  assert.equal((await organization(["delete", id, "--apply"])).status, 64);
  const refused = await organization(["delete", id, "--apply", "--expected-users", "3"]);
  assert.deepEqual([refused.status, /has 11 users, not 3/.test(refused.errorOutput)], [2, true]);
  assert.equal(JSON.parse((await organization(["delete", id, "--json"])).output).deleted, false);
  assert((await names()).includes("Leaving"));
  const done = await organization(["delete", id, "--apply", "--expected-users", "11"]);
  assert.deepEqual([done.status, done.output], [0, `Organization ${id} (Leaving) was deleted.\n`]);
  assert(!(await names()).includes("Leaving"));
  const gone = await organization(["delete", id]);
  assert.equal(gone.status, 2);
  assert.match(
    gone.errorOutput,
    new RegExp(`There is no organization "${id}"\\. "muster organization list" lists them`),
  );
});

test("a mistake on the command line is refused, and so is a key", async () => {
  for (const [args, complaint] of [
    [[], /Name an action\. The actions are list, show, create, rename, identity-provider, admin-key, delete\./],
    [["toString"], /"toString" is not an action on organizations/],
    [["show"], /Usage: muster organization show ID\./],
    [["rename", "1", "New", "Name"], /Usage: muster organization rename ID NAME\..*quotation marks/],
    [["list", "--apply"], /"list" does not take --apply/],
    [["show", "1", "--key", "x"], /A key does not belong on the command line/],
    [["delete", "1", "--expected-users", "many"], /--expected-users is a number/],
  ] as const) {
    const { status, errorOutput } = await organization(args);
    assert.equal(status, 64, errorOutput);
    assert.match(errorOutput, complaint);
  }
});

test("the key of an organization ends with 2, and a broken connection with 3", async () => {
  const refused = await organization(["list"], { key: app.key });
  assert.deepEqual([refused.status, refused.output], [2, ""]);
  assert.match(refused.errorOutput, /^muster: That is not the operator's key\./);
  assert(!refused.errorOutput.includes(app.key));
  const silent = createServer((socket) => void socket.on("data", () => socket.destroy()));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const broken = await organization(["create", "Never", "--key-output", newFile()], {
    url: `http://127.0.0.1:${port}`,
  });
  assert.equal(broken.status, 3);
  assert.match(
    broken.errorOutput,
    /broke off\..* It may have been done all the same: check with "muster organization list"\.\n$/,
  );
  await new Promise((resolve) => silent.close(resolve));
});
