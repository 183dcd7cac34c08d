import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";

const { app, owner } = await startDirectoryTest();
const rows = Array.from({ length: 30 }, (_, at) => `${1000 + at},First${at},user${at}@campus.edu`);
const whole = `${["databaseID,firstName,email", ...rows].join("\n")}\n`;
const digestOf = (algorithm: string, body: string | Buffer) =>
  `${algorithm}=:${createHash(algorithm.replace("-", "")).update(body).digest("base64")}:`;

async function post(body: string | Buffer, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`${app.url}/v1/imports/users`, {
    method: "POST",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "text/csv", accept: "application/json", ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: {}, body: text, json: JSON.parse(text) };
}

const countPeople = async () => Number((await owner.query("select count(*) from users")).rows[0].count);

test("a file that was cut between two rows differs from its digest, and nothing of it is applied", async () => {
  const cut = whole.slice(0, whole.lastIndexOf("\n", whole.length / 2) + 1);
  for (const prefer of ["", "respond-async"]) {
    const answer = await post(cut, { "content-digest": digestOf("sha-256", whole), prefer });
    assertProblem(answer, 400, "body_incomplete");
    assert.match(answer.json.detail, /Content-Digest.*Send the whole file again/);
  }
  assert.equal(await countPeople(), 0);
});

test("the digest is of the body as it is sent, and the strongest one counts", async () => {
  const packed = gzipSync(whole);
  const gzip = { "content-encoding": "gzip" };
  const wrong = await post(packed, { ...gzip, "content-digest": digestOf("sha-256", whole) });
  assertProblem(wrong, 400, "body_incomplete");
  const weak = `${digestOf("sha-256", packed)}, ${digestOf("sha-512", whole)}`;
  assertProblem(await post(packed, { ...gzip, "content-digest": weak }), 400, "body_incomplete");
  const right = await post(packed, { ...gzip, "content-digest": `md5=:AAAA:, ${digestOf("sha-512", packed)}` });
  assert.equal(right.status, 201, right.body);
  assert.equal(await countPeople(), 30);
});

test("a digest that cannot be checked is refused instead of ignored", async () => {
  for (const header of ["md5=:AAAA:", "sha-256=abc", "nonsense"]) {
    const answer = await post(whole, { "content-digest": header });
    assertProblem(answer, 400, "request_invalid");
    assert.equal(answer.json.field, "Content-Digest");
  }
});
