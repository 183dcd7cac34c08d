/** OpenSSH's clients, and what becomes of their files. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { createTestDatabase } from "../support/database.ts";
import { csv, missing, sshOptions, startSftpTest } from "./sftp-service.ts";

const run = promisify(execFile);
const database = await createTestDatabase({ after });
const service = await startSftpTest(database);
const { folder, sftp, ended, app } = service;
const skip = missing("sftp");
const local = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};

test("a file is imported as if it came by HTTP, and its response and its original appear", { skip }, async () => {
  const path = await local("roster.csv", csv("ann", "ben"));
  await sftp([`put ${path} upload/roster.csv`]);
  const { id, kind, status, source, actor, counts } = await ended("roster.csv");
  assert.deepEqual([kind, status, actor, counts.added], ["users", "applied", "sftp-account:campus", 2]);
  assert.deepEqual([source.channel, source.name], ["sftp", "default"]);
  const { stdout } = await sftp(["ls -1 responses", "ls -1 archive", "ls -1 upload"]);
  const [, name = ""] = /responses\/(Test_University_Membership_Response_\d{8}_\d{6}\.csv)/.exec(stdout) ?? [];
  assert.notEqual(name, "", stdout);
  const [, day = ""] = /archive\/(\d{4}-\d\d-\d\d)/.exec(stdout) ?? [];
  assert(!stdout.includes("roster.csv"), "the file has left upload");
  await sftp([`get responses/${name} ${folder}/response`, `get archive/${day}/${id}-roster.csv ${folder}/original`]);
  assert.equal(
    await readFile(join(folder, "response"), "utf8"),
    (await app.inject({ url: `/v1/imports/${id}/response` })).body,
  );
  assert.equal(await readFile(join(folder, "original"), "utf8"), csv("ann", "ben"));
});

test("folders decide the kind, and their names are in any case", { skip }, async () => {
  const groups = await local("g.csv", "groupID,name,category,type,privacy,description\nCLUB,Chess,8,1,1,\n");
  const places = await local("l.csv", "name\nNorth\n");
  await sftp([
    `put ${groups} UPLOAD/gROUPS/g.csv`,
    `put ${places} Upload/Locations/l1.csv`,
    `put ${places} upload/campuses/l2.csv`,
  ]);
  for (const [name, kind] of [
    ["g.csv", "groups"],
    ["l1.csv", "locations"],
    ["l2.csv", "locations"],
  ] as const) {
    const done = await ended(name);
    assert.deepEqual([done.kind, done.status], [kind, "applied"], JSON.stringify(done.problem));
  }
});

test("a folder of an account has its own source and style", { skip }, async () => {
  await app.inject({ method: "PUT", url: "/v1/sources/staff", body: {} });
  const folders = [{ folder: "Staff", source: "staff", style: "active-roster" }];
  await service.account({ name: "staff", publicKeys: [service.publicKey], folders, style: "purge" });
  const path = await local("staff.csv", csv("cid"));
  await sftp([`put ${path} upload/staff/staff.csv`, `put ${path} upload/other.csv`], "staff");
  const [staff, other] = [await ended("staff.csv"), await ended("other.csv")];
  assert.deepEqual([staff.source.name, staff.style], ["staff", "active-roster"]);
  assert.deepEqual([other.source.name, other.style], ["default", "purge"]);
});

test("packed files are unpacked; a file that cannot be read is in archive/rejected, with the reason", {
  skip,
}, async () => {
  const packed = await local("p.csv.gz", gzipSync(csv("dee")));
  const broken = await local("b.csv.gz", gzipSync(csv("eve")).subarray(0, 30));
  await sftp([`put ${packed} upload/p.csv.gz`, `put ${broken} upload/b.csv.gz`]);
  assert.equal((await ended("p.csv.gz")).status, "applied");
  const { id, problem } = await ended("b.csv.gz");
  assert.equal(problem.code, "body_incomplete");
  const place = `archive/rejected/${id}-b.csv.gz`;
  await sftp([`get ${place} ${folder}/back.gz`, `get ${place}.reason.txt ${folder}/reason`]);
  assert.deepEqual(await readFile(join(folder, "back.gz")), gzipSync(csv("eve")).subarray(0, 30));
  assert.match(
    await readFile(join(folder, "reason"), "utf8"),
    /^b\.csv\.gz was refused: body_incomplete\r\nThe gzip data end too early/,
  );
});

test("a temporary name is not taken until it is renamed, also over a file", { skip }, async () => {
  const path = await local("t.csv", csv("flo"));
  await sftp([`put ${path} upload/t.csv.part`, `put ${path} upload/.hidden`]);
  const { stdout } = await sftp(["ls -1a upload"]);
  assert.match(stdout, /t\.csv\.part[\s\S]*|\.hidden/);
  assert.equal(
    (await app.inject({ url: "/v1/imports?limit=1" })).json.items[0].source.fileName === "t.csv.part",
    false,
  );
  await sftp(["rename upload/t.csv.part upload/t.csv", "rm upload/.hidden"]);
  assert.equal((await ended("t.csv")).status, "applied");
});

test("nothing leaves the account's tree, and nothing but files in upload can be changed", { skip }, async () => {
  const { stdout } = await sftp(["cd ../../../../..", "pwd", "ls -1"]);
  assert.match(stdout, /Remote working directory: \/\n/);
  assert.deepEqual(stdout.trim().split("\n").slice(-3).sort(), ["archive", "responses", "upload"]);
  const path = await local("no.csv", csv("gus"));
  for (const command of [
    `put ${path} responses/no.csv`,
    `put ${path} no.csv`,
    `put ${path} upload/new/no.csv`,
    "ln -s /etc/passwd upload/link",
    "mkdir upload/new",
    "rmdir upload/Groups",
    "rm archive/rejected",
    "get /etc/passwd",
    "rename upload/Groups upload/Other",
  ]) {
    await assert.rejects(sftp([command]), command);
  }
});

test("there is no shell, no command, and no forwarding", { skip: missing("ssh") }, async () => {
  const to = [...sshOptions(service.keyFile), "-p", String(service.port), `${service.login}@127.0.0.1`];
  await assert.rejects(run("ssh", [...to, "id"]));
  await assert.rejects(
    run("ssh", ["-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:1", ...to], { timeout: 5000 }),
  );
  await assert.rejects(run("ssh", ["-W", "127.0.0.1:1", ...to], { timeout: 5000 }));
});

test("scp sends a file", { skip: missing("scp") }, async () => {
  const path = await local("scp.csv", csv("hal"));
  await run("scp", [
    ...sshOptions(service.keyFile),
    "-P",
    String(service.port),
    path,
    `${service.login}@127.0.0.1:upload/`,
  ]);
  assert.equal((await ended("scp.csv")).status, "applied");
});

test("the host keys are for the service alone, and stay the same", { skip }, async () => {
  for (const name of ["host_ed25519", "host_rsa"]) {
    assert.equal((await stat(join(folder, "keys", name))).mode & 0o777, 0o600);
  }
  assert.match(service.fingerprints.join(" "), /^ED25519 SHA256:\S{43} RSA SHA256:\S{43}$/);
  const { stdout } = await run("ssh-keyscan", ["-p", String(service.port), "-t", "ed25519", "127.0.0.1"]);
  await writeFile(join(folder, "scanned"), stdout);
  const shown = await run("ssh-keygen", ["-l", "-f", join(folder, "scanned")]);
  assert(shown.stdout.includes(service.fingerprints[0]?.split(" ")[1] ?? ""), shown.stdout);
});
