/** Bodies that come packed: a ZIP archive with one file, and gzip. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { MusterError } from "../../src/errors.ts";
import { spoolBody } from "../../src/reconcile/receive/spool.ts";
import { unpackBody } from "../../src/reconcile/receive/unpack.ts";
import { pieces } from "../intake/support.ts";
import { zip } from "../support/zip.ts";

const directory = mkdtempSync(join(tmpdir(), "muster-unpack-"));
after(() => rmSync(directory, { recursive: true }));

const csv = "firstName,email\nAnn,a@x.edu\n";
const roster = { name: "roster.csv", content: csv };

async function unpack(bytes: Uint8Array, maximumBytes = 1e9): Promise<string> {
  const packed = await spoolBody(pieces(bytes, []), { directory, name: "packed", maximumBytes: 1e9 });
  const body = await unpackBody(packed, { directory, name: "unpacked", maximumBytes });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  await body.discard();
  assert.equal(body.bytes, Buffer.concat(chunks).length);
  return Buffer.concat(chunks).toString();
}

async function refusal(bytes: Uint8Array, maximumBytes?: number): Promise<string> {
  const error = await unpack(bytes, maximumBytes).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof MusterError, String(error));
  assert.deepEqual(readdirSync(directory), [], "nothing stays in the spool");
  return `${error.code}: ${error.detail}`;
}

describe("a body that is packed", () => {
  test("is unpacked: ZIP with one file, stored or deflated, and gzip", async () => {
    assert.equal(await unpack(zip([roster])), csv);
    assert.equal(await unpack(zip([{ ...roster, method: 0 }])), csv);
    assert.equal(await unpack(gzipSync(csv)), csv);
    const large = csv.repeat(100_000);
    assert.equal(await unpack(zip([{ name: "a", content: large }])), large);
  });

  test("may have what macOS and Windows add to archives", async () => {
    const files = [
      { name: "export/", content: "" },
      { name: "__MACOSX/._roster.csv", content: "x" },
    ];
    assert.equal(await unpack(zip([...files, { name: ".DS_Store", content: "x" }, roster])), csv);
  });

  test("is left alone if it is something else", async () => {
    for (const text of [csv, "", "P", "PK,x\n"].filter((text) => text !== ""))
      assert.equal(await unpack(Buffer.from(text)), text);
  });
});

describe("an archive is refused, and says why,", () => {
  test("with several files, or none", async () => {
    assert.match(
      await refusal(zip([roster, { ...roster, name: "b.csv" }])),
      /several files: "roster\.csv", "b\.csv"\./,
    );
    const many = Array.from({ length: 1001 }, (_, index) => ({ name: `f${index}`, content: "x" }));
    assert.match(await refusal(zip(many.slice(0, 9))), /"f3" …/);
    assert.match(await refusal(zip(many)), /has 1,001 files/);
    assert.match(await refusal(zip([{ name: "a/", content: "" }])), /has no file/);
  });

  test("that is encrypted, or packed in another way", async () => {
    assert.match(await refusal(zip([{ ...roster, isEncrypted: true }])), /is encrypted\. Send it without a password/);
    assert.match(await refusal(zip([{ ...roster, method: 12 }])), /other than deflate/);
  });

  test("that is an office document", async () => {
    const sheet = [
      { name: "[Content_Types].xml", content: "x" },
      { name: "xl/workbook.xml", content: "x" },
    ];
    assert.match(await refusal(zip(sheet)), /^media_type_unsupported: The file is an Excel workbook/);
  });

  test("that is cut off at any byte, or damaged", async () => {
    const whole = zip([{ ...roster, method: 0 }]);
    for (let length = 4; length < whole.length; length += 1) {
      assert.match(await refusal(whole.subarray(0, length)), /^compression_invalid: The ZIP archive is damaged/);
    }
    const damaged = Buffer.from(whole);
    damaged[whole.indexOf("Ann")]! ^= 1;
    assert.match(await refusal(damaged), /archive is damaged/);
    assert.match(await refusal(zip([{ ...roster, claimedSize: 5 }])), /archive is damaged/);
  });

  test("with gzip of millions of empty records", async () => {
    const bomb = gzipSync(`[${"{},".repeat(5_000_000)}{}]`);
    assert.ok(bomb.length < 20_000);
    assert.match(
      await refusal(bomb),
      /^compression_invalid: The file is more than 300 times as large as its gzip data\. Send the file without/,
    );
  });

  test("that would fill the disk", async () => {
    const zeros = Buffer.alloc(17 * 1024 * 1024);
    assert.match(await refusal(zip([{ name: "a", content: zeros }])), /more than 300 times as large/);
    assert.match(await refusal(zip([{ name: "a", content: zeros, claimedSize: 9 }])), /archive is damaged/);
    assert.match(await refusal(zip([{ name: "a", content: csv.repeat(9) }]), 20), /^body_too_large/);
    assert.match(await refusal(gzipSync(csv.repeat(9)), 20), /^body_too_large/);
  });
});
