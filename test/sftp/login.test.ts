/** Logins that are accepted, refused, audited and limited. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import ssh2, { type ConnectConfig } from "ssh2";
import { createTestDatabase } from "../support/database.ts";
import { missing, startSftpTest } from "./sftp-service.ts";

const run = promisify(execFile);
const database = await createTestDatabase({ after });
const service = await startSftpTest(database);
const { app, port, publicKey, privateKey, login, password } = service;

/** Logs in and out again; rejects if the login is refused. */
function logIn(options: ConnectConfig): Promise<void> {
  const client = new ssh2.Client();
  return new Promise<void>((resolve, reject) => {
    client
      .on("ready", () => resolve())
      .on("error", reject)
      .on("close", () => reject(new Error("closed")));
    client.connect({ host: "127.0.0.1", port, username: login, readyTimeout: 10_000, ...options });
  }).finally(() => client.end());
}
const audit = async () => (await app.inject({ url: "/v1/audit?action=sftp_account.login_refused" })).json.items;

test("a key or the password opens an account, which notes its use", async () => {
  await logIn({ privateKey });
  await logIn({ password });
  const { json } = await app.inject({ url: "/v1/sftp-accounts" });
  assert.match(json.items[0].lastUsedAt, /:00\.000000Z$/);
});

test("other keys, wrong passwords and unknown accounts are refused alike, and known accounts' failures audited", async () => {
  const { private: other } = ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 });
  const messages = new Set<string>();
  for (const options of [
    { privateKey: other },
    { password: "wrong password" },
    { username: "nobody", password },
    { username: "nobody", privateKey },
  ]) {
    await assert.rejects(logIn(options), (error: Error) => messages.add(error.message) !== undefined);
  }
  assert.equal(messages.size, 1);
  await sleep(200);
  const entries = await audit();
  assert(entries.length >= 1);
  assert.deepEqual(entries[0].details, { name: login, address: "127.0.0.1" });
});

test("an expired, revoked or foreign account is refused", async () => {
  const later = new Date(app.dependencies.clock().getTime() + 60_000).toISOString();
  await service.account({ name: "expiring", publicKeys: [publicKey], expiresAt: later });
  await service.account({ name: "elsewhere", publicKeys: [publicKey], allowedAddresses: ["192.0.2.0/24"] });
  const revoked = await service.account({ name: "revoked", publicKeys: [publicKey] });
  await app.inject({ method: "DELETE", url: `/v1/sftp-accounts/${revoked}` });
  await logIn({ username: "expiring", privateKey });
  app.advanceClock(61_000);
  for (const username of ["expiring", "elsewhere", "revoked"])
    await assert.rejects(logIn({ username, privateKey }), username);
});

test("old algorithms are offered only where an account allows them, and to that account alone", async () => {
  const algorithms = {
    serverHostKey: ["ssh-rsa"],
    cipher: ["aes128-cbc"],
    hmac: ["hmac-sha1"],
    kex: ["diffie-hellman-group14-sha1"],
  } as const;
  const old = { privateKey, algorithms: algorithms as unknown as NonNullable<ConnectConfig["algorithms"]> };
  await assert.rejects(logIn(old), /no matching/);
  await service.account({
    name: "old",
    publicKeys: [publicKey],
    legacyAlgorithms: true,
    allowedAddresses: ["127.0.0.0/8"],
  });
  await logIn({ ...old, username: "old" });
  await assert.rejects(logIn(old), /authentication methods failed/);
  await app.inject({ method: "GET", url: "/v1/sftp-accounts" });
});

test("after too many failures of an address, nobody gets in from there for a while", async () => {
  for (let tries = 0; tries < 20; tries += 1) await logIn({ password: "wrong password" }).catch(() => undefined);
  await assert.rejects(logIn({ password }));
  app.advanceClock(60_000);
  await logIn({ password });
});

test("ssh-audit finds no algorithm that fails", { skip: missing("ssh-audit", ["--help"]) }, async () => {
  const { json } = await app.inject({ url: "/v1/sftp-accounts" });
  for (const { id, legacyAlgorithms } of json.items) {
    if (legacyAlgorithms) await app.inject({ method: "DELETE", url: `/v1/sftp-accounts/${id}` });
  }
  const { stdout } = await run("ssh-audit", ["-n", "-p", String(port), "127.0.0.1"]).catch((error) => error);
  assert.match(stdout, /curve25519-sha256/);
  assert.doesNotMatch(stdout, /\[fail\]/);
});
