/** Bodies as they come in: forms, compressed, of any type. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { MusterError } from "../../src/errors.ts";
import { receiveFile } from "../../src/http/imports/receive.ts";
import { pieces, property } from "../intake/support.ts";

type Headers = Readonly<Record<string, string>>;

async function receive(headers: Headers, body: Uint8Array, lengths: number[] = []) {
  const fields: string[] = [];
  const file = await receiveFile(headers, pieces(body, lengths), (name, value) => fields.push(`${name}=${value}`));
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.body) chunks.push(chunk);
  return { ...file, text: Buffer.concat(chunks).toString(), fields };
}
async function codeOf(headers: Headers, body: Uint8Array, lengths: number[] = []): Promise<string> {
  const result = await receive(headers, body, lengths).catch((error: unknown) => error);
  if (result instanceof MusterError) return result.code;
  if (result instanceof Error) throw result;
  return "taken";
}

const boundary = "b0undary";
const formHeaders = { "content-type": `multipart/form-data; boundary=${boundary}` };
const part = (disposition: string, content: string, type?: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${type ? `Content-Type: ${type}\r\n` : ""}\r\n${content}\r\n`;
const form = (...parts: string[]) => Buffer.from(`${parts.join("")}--${boundary}--\r\n`);
const filePart = (content: string, type?: string) =>
  part('name="file"; filename="C:\\exports\\roster.csv"', content, type);

describe("content types", () => {
  test("say the format; text and bytes leave it to the content", async () => {
    const types: [string, string | undefined][] = [
      ...(
        [
          ["application/xml", "xml"],
          ["TEXT/XML; charset=x", "xml"],
          ["text/csv", "csv"],
          ["application/csv", "csv"],
        ] as const
      ).map(([a, b]) => [a, b] as [string, string]),
      ["application/json", "json"] as [string, string],
      ["text/tab-separated-values", "csv"] as [string, string],
      ["text/plain", undefined] as [string, undefined],
      ["application/octet-stream", undefined] as [string, undefined],
    ];
    for (const [type, format] of types)
      assert.equal((await receive({ "content-type": type }, Buffer.from("x"))).format, format, type);
    const { charset, announcedBytes, fileName } = await receive(
      {
        "content-type": 'text/csv; charset="Latin1"',
        "content-length": "1",
        "content-disposition": 'x; filename="/a/b.csv"',
      },
      Buffer.from("x"),
    );
    assert.deepEqual([charset, announcedBytes, fileName], ["Latin1", 1, "b.csv"]);
  });

  test("other content types are refused, but types of archives and forms leave the decision to the content", async () => {
    const vague = ["*/*", "text/anytext", "text/x-log", "application/force-download", "application/vnd.api+json"];
    for (const type of ["", "application/zip", "application/x-gzip", ...vague]) {
      assert.equal((await receive({ "content-type": type }, Buffer.from("x"))).format, undefined);
    }
    for (const type of ["application/pdf", "image/png", "text/html", "constructor"]) {
      assert.equal(await codeOf({ "content-type": type }, Buffer.from("x")), "media_type_unsupported");
    }
    const form = await receive({ "content-type": "application/x-www-form-urlencoded" }, Buffer.from("x"));
    assert.deepEqual([form.format, form.mayLackLineEnds], [undefined, true]);
  });
});

describe("forms", () => {
  test("with one file give it, its type and its name; other fields are told", async () => {
    for (const lengths of [[], [1], [7]]) {
      const body = form(part('name="note"', "hello"), filePart("a,b\r\n--b0und\r\n", "text/csv; charset=utf-16"));
      const file = await receive(formHeaders, body, lengths);
      assert.equal(file.text, "a,b\r\n--b0und\r\n");
      assert.deepEqual([file.format, file.charset, file.fileName], ["csv", "utf-16", "roster.csv"]);
      assert.deepEqual(file.fields, ["note=hello"]);
      assert.equal(file.announcedBytes, undefined);
    }
    assert.equal((await receive(formHeaders, form(filePart("x")))).format, undefined);
    assert.equal((await receive(formHeaders, form(filePart("x", "constructor")))).format, undefined);
  });

  test("with a file in base64 or quoted-printable give its own bytes, wherever chunks end", async () => {
    const text = 'firstName,email\nJosé,j@x.edu\n"=""1""",a=b\n';
    const encoded = (name: string, content: string) =>
      form(part(`name="file"; filename="a.csv"\r\nContent-Transfer-Encoding: ${name}`, content));
    const base64 = Buffer.from(text).toString("base64").replace(/.{20}/g, "$&\r\n");
    const quotedPrintable = text
      .replaceAll("=", "=3D")
      .replace("é", "=C3=a9")
      .replace("José", "Jos=  \r\né")
      .replace("é", "=C3=A9");
    for (const lengths of [[], [1], [7], [2, 3]]) {
      assert.equal((await receive(formHeaders, encoded("BASE64", base64), lengths)).text, text);
      assert.equal((await receive(formHeaders, encoded("quoted-printable", quotedPrintable), lengths)).text, text);
      assert.equal((await receive(formHeaders, encoded("8bit", text), lengths)).text, text);
    }
    for (const content of [base64.slice(0, -3), "firstName,email\n", `${base64}=`, "QQ==QQ=="]) {
      assert.equal(await codeOf(formHeaders, encoded("base64", content)), "multipart_invalid", content);
    }
    assert.equal(await codeOf(formHeaders, encoded("x-uuencode", text)), "multipart_invalid");
  });

  test("with no file, with two, or with too much else are refused", async () => {
    assert.equal(await codeOf(formHeaders, form(part('name="a"', "b"))), "multipart_invalid");
    assert.equal(await codeOf(formHeaders, form(filePart("a"), filePart("b"))), "multipart_invalid");
    assert.equal(
      await codeOf(formHeaders, form(filePart("a"), ...Array(30).fill(part('name="a"', "b")))),
      "multipart_invalid",
    );
    assert.equal(await codeOf({ "content-type": "multipart/form-data" }, form(filePart("a"))), "multipart_invalid");
  });

  test("cut off at every byte are never taken", async () => {
    const body = form(part('name="note"', "hello"), filePart("firstName\nAnn\n", "text/csv"));
    const needed = body.lastIndexOf("--\r\n");
    for (let length = 0; length < needed; length += 1) {
      const code = await codeOf(formHeaders, body.subarray(0, length));
      assert.ok(["body_incomplete", "multipart_invalid"].includes(code), `${length}: ${code}`);
    }
  });

  test("of random bytes never give anything but a problem, or a file", async () => {
    const noise = fc.array(
      fc.oneof(
        fc.constantFrom("--b0undary", "\r\n", "--", "\r\n\r\n", ": ", "Content-Disposition: form-data; filename=x"),
        fc.string({ maxLength: 5 }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(noise, fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }), async (parts, lengths) => {
        assert.notEqual(await codeOf(formHeaders, Buffer.from(parts.join("")), lengths), "");
      }),
      property(500),
    );
  });
});

describe("gzip", () => {
  const headers = { "content-type": "text/csv", "content-encoding": "gzip", "content-length": "999" };
  const text = "firstName,email\n".repeat(50);

  test("is decompressed, forms too; the announced length is not the file's", async () => {
    for (const lengths of [[], [1], [13]]) {
      const file = await receive(headers, gzipSync(text), lengths);
      assert.deepEqual([file.text, file.announcedBytes], [text, undefined]);
    }
    const both = { ...formHeaders, "content-encoding": "X-GZIP" };
    assert.equal((await receive(both, gzipSync(form(filePart(text))))).text, text);
    assert.equal((await receive(headers, Buffer.concat([gzipSync("a"), gzipSync("b")]))).text, "ab");
  });

  test("that is cut off at any byte, damaged, or followed by something else is refused", async () => {
    const whole = gzipSync("firstName,email\nAnn,a@x.edu\n");
    for (let length = 1; length < whole.length; length += 1) {
      assert.equal(await codeOf(headers, whole.subarray(0, length)), "body_incomplete", String(length));
    }
    assert.equal(await codeOf(headers, Buffer.from("firstName,email\n")), "compression_invalid");
    assert.equal(await codeOf(headers, Buffer.concat([whole, Buffer.from("garbage")])), "compression_invalid");
    const damaged = Buffer.from(whole);
    damaged[15] = damaged[15]! ^ 0xff;
    assert.notEqual(await codeOf(headers, damaged), "taken");
  });

  test("other encodings are refused", async () => {
    for (const encoding of ["br", "deflate", "gzip, gzip", "zstd"]) {
      assert.equal(
        await codeOf({ ...headers, "content-encoding": encoding }, Buffer.from("x")),
        "media_type_unsupported",
      );
    }
  });

  test("a bomb does not run ahead of its reader, who may stop", async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    let taken = 0;
    const chunks = async function* () {
      for await (const chunk of pieces(bomb, [1024])) {
        taken += chunk.length;
        yield chunk;
      }
    };
    const file = await receiveFile(headers, chunks());
    let read = 0;
    for await (const chunk of file.body) {
      read += chunk.length;
      if (read > 64_000) break;
    }
    assert.ok(taken < bomb.length / 2, `${taken} of ${bomb.length}`);
  });
});

test("what goes wrong in the body itself comes out as it is", async () => {
  const reason = new MusterError("body_incomplete", "The connection broke off.");
  const failing = (first: Uint8Array) =>
    async function* () {
      yield first;
      throw reason;
    };
  const bodies: [Headers, Uint8Array][] = [
    [{ "content-type": "text/csv" }, Buffer.from("a")],
    [{ "content-type": "text/csv", "content-encoding": "gzip" }, gzipSync("a".repeat(1000)).subarray(0, 20)],
    [formHeaders, form(filePart("abc")).subarray(0, 110)],
    [formHeaders, Buffer.from("--b0")],
  ];
  for (const [headers, first] of bodies) {
    await assert.rejects(
      async () => {
        const file = await receiveFile(headers, failing(first)());
        for await (const _ of file.body);
      },
      (error) => error === reason,
    );
  }
});
