import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isPassword } from "../../src/organizations/sftp-credentials.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const create = (body: object) => app.inject({ method: "POST", url: "/v1/sftp-accounts", body });
const patch = (id: string, body: object) => app.inject({ method: "PATCH", url: `/v1/sftp-accounts/${id}`, body });

test("an account has keys by their fingerprints, and its password as a hash alone", async () => {
  const answer = await create({
    name: "hr",
    publicKeys: [`${publicKey}  hr@jobs `],
    password: "correct horse battery",
  });
  assert.equal(answer.status, 201, answer.body);
  const { id, publicKeys, hasPassword, source } = answer.json;
  assert.deepEqual(publicKeys, [
    { type: "ssh-ed25519", fingerprint: "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU", comment: "hr@jobs" },
  ]);
  assert.deepEqual([hasPassword, source], [true, null]);
  const { rows } = await database.owner.query("select * from sftp_accounts where id = $1", [id]);
  assert.match(rows[0].password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert(await isPassword("correct horse battery", rows[0].password_hash));
  assert(!(await isPassword("correct horse batterz", rows[0].password_hash)));
  assert(!(await isPassword("", null)));
  assert(!JSON.stringify(rows[0]).includes("horse"));
});

test("names are unique over the service, until the account is revoked", async () => {
  const { json } = await create({ name: "once", publicKeys: [publicKey] });
  assert.deepEqual([(await create({ name: "once", publicKeys: [publicKey] })).json.code], ["conflict"]);
  assert.equal((await app.inject({ method: "DELETE", url: `/v1/sftp-accounts/${json.id}` })).status, 204);
  assert.equal((await create({ name: "once", publicKeys: [publicKey] })).status, 201);
  assert.equal((await patch(json.id, { style: "purge" })).json.code, "conflict", "it is revoked for good");
  const { json: list } = await app.inject({ url: "/v1/sftp-accounts" });
  assert.equal(list.items.filter(({ name }: { name: string }) => name === "once").length, 2);
});

test("values that nobody could use are refused, with the field", async () => {
  const refused: [object, string][] = [
    [{ name: "none" }, "publicKeys"],
    [{ name: "Upper Case", publicKeys: [publicKey] }, "name"],
    [{ name: "bad-key", publicKeys: ["ssh-ed25519 AAAA"] }, "publicKeys.0"],
    [{ name: "private", publicKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] }, "publicKeys.0"],
    [{ name: "weak", password: "short" }, "password"],
    [{ name: "network", publicKeys: [publicKey], allowedAddresses: ["nowhere"] }, "allowedAddresses.0"],
    [{ name: "old", publicKeys: [publicKey], legacyAlgorithms: true }, "allowedAddresses"],
    [{ name: "source", publicKeys: [publicKey], source: "unknown" }, "source"],
    [{ name: "folder", publicKeys: [publicKey], folders: [{ folder: "Groups" }] }, "folders.0.folder"],
    [{ name: "twice", publicKeys: [publicKey], folders: [{ folder: "a" }, { folder: "A" }] }, "folders"],
    [{ name: "past", publicKeys: [publicKey], expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
  ];
  for (const [body, field] of refused) {
    const { status, json } = await create(body);
    assert.deepEqual([status, json.field], [400, field], JSON.stringify(body));
  }
});

test("a change keeps what it does not name, needs a way to log in, and is audited", async () => {
  const { json } = await create({ name: "changing", publicKeys: [publicKey], allowedAddresses: ["192.0.2.7/24"] });
  const { json: after, headers } = await patch(json.id, { style: "active-roster", expiresAt: "2027-01-01T00:00:00Z" });
  assert.deepEqual([after.style, after.allowedAddresses], ["active-roster", ["192.0.2.0/24"]]);
  assert.equal((await patch(json.id, { publicKeys: [] })).json.field, "publicKeys");
  const stale = await app.inject({
    method: "PATCH",
    url: `/v1/sftp-accounts/${json.id}`,
    body: { style: null },
    headers: { "if-match": '"0000000000000000"' },
  });
  assert.equal(stale.status, 412);
  const read = await app.inject({ url: `/v1/sftp-accounts/${json.id}` });
  assert.equal(read.headers.etag, headers.etag);
  const { json: audit } = await app.inject({ url: "/v1/audit?action=sftp_account.changed" });
  assert.deepEqual(audit.items[0].details, { name: "changing", properties: ["style", "expiresAt"] });
});
