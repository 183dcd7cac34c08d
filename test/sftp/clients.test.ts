/** Other clients that campuses use, each as it is usually called. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { createTestDatabase } from "../support/database.ts";
import { csv, missing, startSftpTest } from "./sftp-service.ts";

const run = promisify(execFile);
const database = await createTestDatabase({ after });
const service = await startSftpTest(database);
const { folder, port, login, password, ended, fingerprints } = service;
const timeout = 30_000;
const local = async (name: string) => {
  await writeFile(join(folder, name), csv(name.replace(/\..*/, "")));
  return join(folder, name);
};
const python = "/usr/bin/python3";
const paramiko = await run(python, ["-c", "import paramiko"]).then(
  () => false as const,
  () => "paramiko is not installed",
);

test("lftp sends with a temporary name, lists and fetches", { skip: missing("lftp", ["--version"]) }, async () => {
  const path = await local("lftp.csv");
  const open = `set sftp:auto-confirm yes; set net:max-retries 1; set net:timeout 10; open -u ${login},'${password}' sftp://127.0.0.1:${port}`;
  await run("lftp", ["-c", `${open}; set xfer:use-temp-file yes; put -O upload ${path}; ls; ls upload/Groups`], {
    timeout,
  });
  assert.equal((await ended("lftp.csv")).status, "applied");
  const { stdout } = await run("lftp", ["-c", `${open}; cls -1 responses`], { timeout });
  const [name = ""] = stdout.trim().split("\n");
  await run("lftp", ["-c", `${open}; get responses/${name.replace("responses/", "")} -o ${folder}/lftp.response`], {
    timeout,
  });
  assert.match(await readFile(join(folder, "lftp.response"), "utf8"), /lftp,lftp@example\.edu,lftp,Add,Successful/);
});

test("psftp sends a file", { skip: missing("psftp") }, async () => {
  const path = await local("psftp.csv");
  await writeFile(join(folder, "psftp.batch"), `put ${path} upload/psftp.csv\nls upload\nquit\n`);
  const key = fingerprints[0]?.split(" ")[1] ?? "";
  const options = ["-batch", "-hostkey", key, "-P", String(port), "-pw", password, "-b", join(folder, "psftp.batch")];
  await run("psftp", [...options, `${login}@127.0.0.1`], { timeout });
  assert.equal((await ended("psftp.csv")).status, "applied");
});

test("paramiko sends a file, and finds its size confirmed", { skip: paramiko }, async () => {
  const path = await local("paramiko.csv");
  const script = `
import paramiko, sys
transport = paramiko.Transport(("127.0.0.1", ${port}))
transport.connect(username="${login}", password="${password}")
sftp = paramiko.SFTPClient.from_transport(transport)
sftp.put("${path}", "upload/paramiko.csv.tmp")
sftp.utime("upload/paramiko.csv.tmp", None)
sftp.posix_rename("upload/paramiko.csv.tmp", "upload/paramiko.csv")
sftp.put("${path}", "upload/direct.csv")
sftp.chmod("upload/direct.csv", 0o644)
print(sorted(sftp.listdir(".")), sftp.stat("upload").st_mode)
transport.close()`;
  const { stdout } = await run(python, ["-c", script], { timeout });
  assert.match(stdout, /\['archive', 'responses', 'upload'\]/);
  for (const name of ["paramiko.csv", "direct.csv"]) assert.equal((await ended(name)).status, "applied");
});
