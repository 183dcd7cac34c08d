import assert from "node:assert/strict";
import { test } from "node:test";
import { failureMessage, type StartReport, startMessage } from "../src/start-messages.ts";

const report: StartReport = {
  host: "127.0.0.1",
  isTls: false,
  port: 8080,
  publicUrl: undefined,
  isFirstStart: true,
  organizationName: "University",
  generatedKey: "muster_abc",
  administratorLink: "secret",
  samplePath: "/opt/it's/roster.xml",
};
const place = { host: "127.0.0.1", port: 8080, dataDirectory: "data" };

test("the first start shows the address, the generated key and a command to paste", () => {
  const message = startMessage(report);
  assert.match(
    message,
    /^Muster is ready: http:\/\/127\.0\.0\.1:8080 {2}\(documentation: http:\/\/127\.0\.0\.1:8080\/docs\)$/m,
  );
  assert.match(message, /^ {2}muster_abc$/m);
  assert.match(message, /^ {2}http:\/\/127\.0\.0\.1:8080\/sign-in\/secret$/m);
  assert.match(
    message,
    /^ {2}curl .*'Authorization: Bearer muster_abc'.* --data-binary @'\/opt\/it'\\''s\/roster\.xml'$/m,
  );
});

test("a given key is never shown, and the command takes it from the environment", () => {
  const message = startMessage({ ...report, generatedKey: undefined });
  assert.match(message, /"Authorization: Bearer \$MUSTER_ADMIN_KEY"/);
  assert.match(message, /admin key is the one in MUSTER_ADMIN_KEY/);
});

test("later starts show the address only", () => {
  const message = startMessage({
    ...report,
    isFirstStart: false,
    administratorLink: undefined,
    publicUrl: "https://muster.example.edu",
  });
  assert.equal(
    message,
    "Muster is ready: https://muster.example.edu  (documentation: https://muster.example.edu/docs)\n",
  );
});

test("a service that listens everywhere shows an address that can be opened", () => {
  for (const host of ["0.0.0.0", "::"]) {
    assert.match(startMessage({ ...report, host }), /http:\/\/localhost:8080/);
  }
  assert.match(startMessage({ ...report, host: "::1" }), /http:\/\/\[::1\]:8080/);
});

test("why a start failed is one sentence without a stack", () => {
  const failures: [object, RegExp][] = [
    [
      { code: "EADDRINUSE", syscall: "listen", message: "x" },
      /port 8080 of 127\.0\.0\.1 is taken by another program; .*PORT/,
    ],
    [{ code: "EACCES", syscall: "listen", message: "x" }, /may not listen on port 8080; .*PORT/],
    [{ code: "EEXIST", syscall: "mkdir", message: "x" }, /DATA_DIR is data, which is not a folder/],
    [{ code: "EADDRNOTAVAIL", syscall: "listen", message: "x" }, /HOST is 127\.0\.0\.1, which is no address/],
    [{ code: "ECONNREFUSED", message: "" }, /DATABASE_URL does not answer \(ECONNREFUSED\)/],
    [{ code: "ENOTFOUND", hostname: "db.example.edu", message: "x" }, /DATABASE_URL does not answer \(ENOTFOUND\)/],
    [new Error("The data folder is in use.\n    at somewhere"), /: The data folder is in use\.$/],
    [new Error(""), /: an unknown error/],
  ];
  for (const [error, expected] of failures) {
    const message = failureMessage(error, place);
    assert.match(message.trimEnd(), expected);
    assert.match(message, /^Muster could not start: [^\n]+\n$/);
  }
});
