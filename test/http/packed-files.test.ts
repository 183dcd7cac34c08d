/** Files that come packed, wrapped, or under another content type, through the addresses that take files. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { zip } from "../support/zip.ts";

const app = await startTestApp(await createTestDatabase({ after }));
const csv = "firstName,email,groupID,databaseID\nAnn,a@x.edu,G,1\n";

async function send(path: string, contentType: string, body: Buffer) {
  const headers = { authorization: `Bearer ${app.key}`, "content-type": contentType, accept: "application/json" };
  const answer = await fetch(`${app.url}${path}`, { method: "POST", headers, body: new Uint8Array(body) });
  return { status: answer.status, json: JSON.parse(await answer.text()) };
}

test("an archive is the file in it, under every address and in a form", async () => {
  const archive = zip([{ name: "roster.csv", content: csv }]);
  const part =
    '--X\r\nContent-Disposition: form-data; name="f"; filename="r.zip"\r\nContent-Type: application/zip\r\n\r\n';
  const form = Buffer.concat([Buffer.from(part), archive, Buffer.from("\r\n--X--\r\n")]);
  for (const [type, body] of [
    ["application/zip", archive],
    ["text/csv", archive],
    ["application/gzip", gzipSync(csv)],
    ["multipart/form-data; boundary=X", form],
    ["application/xml", Buffer.from(csv)],
  ] as const) {
    const { json, status } = await send("/v1/imports/users", type, body);
    assert.equal(status, 201, JSON.stringify(json));
    assert.deepEqual([json.counts.people, json.source.format, json.source.bytes], [1, "csv", csv.length]);
  }
  const groups = zip([{ name: "groups.csv", content: "groupID,name\nBIO,Biology\n" }]);
  assert.equal((await send("/v1/imports/groups", "application/zip", groups)).status, 201);
});

test("an archive that is refused is an attempt with a reason", async () => {
  const archive = zip([
    { name: "a.csv", content: csv },
    { name: "b.csv", content: csv },
  ]);
  const { status, json } = await send("/v1/imports/users", "application/zip", archive);
  assert.deepEqual([status, json.code], [400, "compression_invalid"]);
  const twice = zip([{ name: "roster.csv.gz", content: gzipSync(csv) }]);
  for (const [body, detail] of [
    [twice, /packed twice: gzip in a ZIP archive\. Pack it once/],
    [gzipSync(zip([{ name: "a.csv", content: csv }])), /packed twice: a ZIP archive in gzip\./],
  ] as const) {
    const answer = await send("/v1/imports/users", "application/zip", body);
    assert.deepEqual([answer.status, answer.json.code], [400, "compression_invalid"]);
    assert.match(answer.json.detail, detail);
  }
  const { json: attempt } = await app.inject({ url: `/v1/imports/${json.importId}` });
  assert.deepEqual([attempt.status, attempt.problem.code], ["failed", "compression_invalid"]);
});
