/** Bodies that are not what their content type says, or not a roster at all. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MusterError } from "../../src/errors.ts";
import { chooseFormat } from "../../src/intake/detect.ts";
import { failureIn, refuseForeign } from "../../src/intake/foreign-files.ts";
import type { FileFormat } from "../../src/intake/reading.ts";

const csv = "firstName,lastName,email\nAnn,Ash,a@x.edu\n";
const xml = '<?xml version="1.0"?>\n<users type="array"/>';
const json = '{"users":[]}';

const problemOf = (run: () => unknown): MusterError => {
  try {
    run();
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
  return assert.fail("it was taken");
};

describe("a content type that the content contradicts", () => {
  const choose = (text: string | Buffer, format: FileFormat | undefined) => chooseFormat(Buffer.from(text), { format });

  test("does not count if the content leaves no doubt", () => {
    for (const declared of ["csv", "xml", "json", undefined] as const) {
      assert.equal(choose(csv, declared), "csv");
      assert.equal(choose(xml, declared), "xml");
      assert.equal(choose(json, declared), "json");
      assert.equal(choose('\n [ {"firstName":"A"}]', declared), "json");
      assert.equal(choose("<p:users>", declared), "xml");
      assert.equal(choose(Buffer.from(`\ufeff${xml}`, "utf16le"), declared), "xml");
    }
    assert.equal(choose('"a","b"\n"1","2"\n', "json"), "csv");
  });

  test("counts for anything else", () => {
    for (const text of ["hello", "", "null", '"x"']) {
      for (const declared of ["csv", "xml", "json"] as const) assert.equal(choose(text, declared), declared, text);
    }
    assert.equal(choose("[1] Ann,Ash,a@x.edu", "csv"), "csv");
    assert.equal(choose("{1},Ash,a@x.edu", "csv"), "csv");
    assert.equal(choose("< 5,Ash,a@x.edu", "csv"), "csv");
    assert.equal(choose(`a, b <users type="array">`, "xml"), "xml");
  });
});

describe("data of a form, as curl --data sends it", () => {
  const choose = (text: string) => chooseFormat(Buffer.from(text), { format: undefined, mayLackLineEnds: true });

  test("is XML, JSON, or CSV that kept its line ends", () => {
    assert.deepEqual([choose(xml), choose(json), choose(csv)], ["xml", "json", "csv"]);
  });

  test("is refused if it is CSV in one line, or the field of a form, with advice that works", () => {
    const texts = [
      csv.replaceAll("\n", ""),
      `users=${xml}`,
      encodeURIComponent(xml),
      `users=${encodeURIComponent(json)}`,
    ];
    for (const text of texts) {
      const { code, detail } = problemOf(() => choose(text));
      assert.equal(code, "media_type_unsupported");
      assert.match(detail, /--data-binary @FILE and Content-Type: text\/csv/);
    }
  });
});

/** The beginning of a file, and what the message says. */
const foreign: readonly (readonly [text: string | readonly number[], message: RegExp])[] = [
  [
    "<!DOCTYPE html>\n<html><head><title>Sign in</title>",
    /an HTML page, such as a login page .*: "Sign in"\. Check the step/,
  ],
  ['<?xml version="1.0"?><!-- a --><!-- b -->\n<!DOCTYPE html PUBLIC "x"><html>', /an HTML page/],
  ["<br />\n<b>Warning</b>: x", /an HTML page/],
  ["<table><tr>", /an HTML table/],
  ["<s:Envelope><s:Body><s:Fault><faultstring>No entry</faultstring>", /a SOAP fault\): "No entry"/],
  [`<?xml version="1.0"?><e:Envelope xmlns:e="x"><e:Body>${xml}`, /a SOAP envelope/],
  ['<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="x">', /an Excel workbook in XML/],
  ["ORA-01017: invalid username/password; logon denied\n", /an error of a database: "ORA-01017: invalid/],
  ["\nERROR:\nORA-12154: TNS:could not resolve\n", /an error of a database: "ORA-12154/],
  ["Msg 208, Level 16, State 1, Server S, Line 1\n", /an error of a database/],
  ["ERROR 1045 (28000): Access denied for user 'x'\n", /an error of a database/],
  ['ERROR:  relation "students" does not exist\n', /an error of a database/],
  ["java.sql.SQLException: No suitable driver\n\tat a.b", /an error of a database/],
  ['Exception in thread "main" a.b.C\n\tat a.b', /an error of a program/],
  ["Traceback (most recent call last):\n", /an error of a program/],
  ["System.NullReferenceException: Object\n   at X.Main()", /an error of a program/],
  ["-----BEGIN PGP MESSAGE-----\n", /a PGP message\. Decrypt it/],
  [[0x85, 0x01, 0x0c, 0x03, 0x61], /a PGP message\. Decrypt it/],
  ["-----BEGIN RSA PRIVATE KEY-----\n", /a key or a certificate.*replace the key/],
  [`${Buffer.from(csv.repeat(3)).toString("base64").replace(/.{76}/g, "$&\r\n")}\n`, /text in base64\. Decode it/],
  ["{\\rtf1\\ansi Ann", /a word processor/],
  ["HTTP/1.1 401 Unauthorized\r\nServer: x\r\n", /an HTTP response.*"HTTP\/1\.1 401 Unauthorized"/],
  ["502 Bad Gateway\n", /an error message: "502 Bad Gateway"/],
  ["bash: sqlplus: command not found\n", /the error message of a command/],
  ['--XX\r\nContent-Disposition: form-data; name="file"\r\n', /a form, but its Content-Type does not say so/],
  ["From: a@x.edu\nSubject: roster\n\n", /an e-mail message\. Send the file that is attached/],
  ["dn: uid=ann,ou=people\n", /an LDIF file/],
  ["-- export\nINSERT INTO students VALUES (1);", /SQL: "INSERT INTO/],
  ["no rows selected\n", /the output of a query that found nothing/],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27], /a 7z archive/],
];

describe("a file of another kind", () => {
  test("is refused by its name, with what to do", () => {
    for (const [text, message] of foreign) {
      const bytes = typeof text === "string" ? Buffer.from(text) : Buffer.from(text);
      const { detail } = problemOf(() => refuseForeign(bytes));
      assert.match(detail, message);
      assert.match(detail, /Nothing was changed\.$/);
      if (typeof text !== "string") continue;
      assert.match(problemOf(() => refuseForeign(Buffer.from(`\ufeff${text}`, "utf16le"))).detail, message);
    }
  });

  test("shows invisible characters by their names, and no more than a line", () => {
    const { detail } = problemOf(() => refuseForeign(Buffer.from(`ORA-01017: \u001b[2J${"x".repeat(500)}\nsecret`)));
    assert.match(detail, /\[U\+001B\]/);
    assert.ok(detail.length < 400 && !detail.includes("secret"));
  });

  test("is not seen in rosters", () => {
    const rosters = [csv, xml, json, "<p:users>", "<b:users>", "Error,Error,e@x.edu\n", `Warning: read only\n${csv}`];
    for (const text of [...rosters, "Anne,Not Found,a@x.edu\n", "From,To,email\n", "null\n", ""]) {
      refuseForeign(Buffer.from(text));
    }
    assert.equal(failureIn("at home"), undefined);
  });

  test("is recognized in little time, whatever is in it", () => {
    const hostile = ["<!-- -->", "-- -- ", "<?a?>", "QUJD", "<title", "a.b.", "<a:", "/* */", "dn: ", "SQL"];
    const begin = process.cpuUsage().user;
    for (const text of hostile) {
      for (const before of ["", "<html>", "<Envelope>", "--"]) {
        try {
          refuseForeign(Buffer.from(before + text.repeat(4096)));
        } catch (error) {
          assert.ok(error instanceof MusterError);
        }
      }
    }
    assert.ok(process.cpuUsage(undefined).user - begin < 5e6);
  });
});

describe("a body that is not text", () => {
  const problem = (bytes: Uint8Array) => problemOf(() => refuseForeign(bytes));

  test("is refused with its first bytes", () => {
    for (const start of ["PAR1\u0015\u0004", "Obj\u0001\u0004", "\u007fELF\u0002\u0001"]) {
      assert.match(problem(Buffer.from(start)).detail, /is not text: its first bytes are [0-9A-F ]+\. Export CSV/);
    }
    for (const text of ["\u0000\u0000,a@x.edu\n", "\u001a", "\tAnn,Ash\n", "\fAnn"]) refuseForeign(Buffer.from(text));
    refuseForeign(Buffer.from("\u0105\u0106,a\n", "utf16le"));
  });

  test("is EBCDIC if nearly all of it is letters there", () => {
    const ebcdic = Buffer.from("8689999aa2a3d58194856b938081a2a3d58194856b8594818993".repeat(3), "hex");
    assert.match(problem(ebcdic).detail, /EBCDIC.*iconv -f CP037/);
    refuseForeign(Buffer.from("имя,фамилия,почта\nИван,Петров,i@x.edu\n"));
    refuseForeign(Buffer.from("姓,名,email\n王,小明,w@x.edu\n"));
  });

  test("but the output of a command, or of a service that failed, is quoted", () => {
    for (const [text, detail] of [
      ["curl: (6) Could not resolve host: sis.example.edu\n", /output of a command: "curl: \(6\)/],
      [
        '<?xml version="1.0"?><Error><Message>Access Denied</Message></Error>',
        /error of a web service: "Access Denied"/,
      ],
      ["version https://git-lfs.github.com/spec/v1\n", /git lfs pull/],
      ["<pre>firstName,email</pre>", /an HTML page/],
    ] as const)
      assert.match(problem(Buffer.from(text)).detail, detail);
  });
});
