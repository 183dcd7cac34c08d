import assert from "node:assert/strict";
import { test } from "node:test";
import { fileNameOf } from "../../src/http/imports/file-name.ts";
import { reportText } from "../../src/http/imports/report-text.ts";
import type { ImportResource, ImportRow } from "../../src/reconcile/attempts/import-resource.ts";

const resource: ImportResource = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  kind: "users",
  style: "normal",
  dryRun: false,
  status: "applied",
  summary: "12 rows read; 11 added, 0 updated, 0 unchanged.",
  actor: "api-key:nightly",
  problem: null,
  hold: null,
  decision: null,
  planHash: null,
  source: { name: "default", channel: "api", format: "xml", fileName: null, bytes: 1, sha256: "", reading: null },
  counts: {
    rows: 12,
    people: 12,
    added: 11,
    updated: 0,
    unchanged: 0,
    removed: 0,
    failed: 1,
    notAdded: 1,
    warnings: 0,
    withdrawn: 0,
    kept: 0,
    merged: 0,
    returned: 0,
    membershipsAdded: 19,
    membershipsRemoved: 2,
    groupsCreated: 6,
    locationsCreated: 2,
  },
  firstSequence: 1,
  lastSequence: 19,
  createdAt: "",
  finishedAt: "",
};
const row: ImportRow = {
  row: 9,
  line: 83,
  outcome: "failed",
  code: "value_invalid",
  field: "email",
  message: "Not an address.",
};

test("a report begins with what happened, and lists the rows to look at", () => {
  assert.equal(
    reportText(resource, [row], true),
    `Import of users: applied.
12 rows read; 11 added, 0 updated, 0 unchanged.
Memberships: 19 added, 2 removed. Locations created: 2.

Rows to look at:
  row 9 (line 83), failed, value_invalid: Not an address.
  … and more: GET /v1/imports/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a/rows

Import 0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a
`,
  );
});

test("a dry run says that nothing was applied; a refused file says where", () => {
  assert.match(
    reportText({ ...resource, dryRun: true, status: "planned" }, [], false),
    /dry run, nothing was applied\.[\s\S]*would be 19 added/,
  );
  const problem = { code: "xml_cut_off", detail: "The XML ends too early.", line: 7, column: 3 } as const;
  const refused = reportText({ ...resource, status: "failed", counts: null, problem }, [], false);
  assert.match(refused, /^Import of users: failed\.\n.* Line 7, column 3\.\n\nImport /);
});

test("a place that the detail names is not told again", () => {
  const problem = { code: "xml_cut_off", detail: "It ends at line 7, in an element.", line: 7, column: 3 } as const;
  assert.doesNotMatch(reportText({ ...resource, counts: null, problem }, [], false), /Line 7/);
  const other = { ...problem, detail: "It began at line 71." };
  assert.match(reportText({ ...resource, counts: null, problem: other }, [], false), / Line 7, column 3\.$/m);
});

test("a sender's text cannot control the reader's terminal", () => {
  const text = reportText(resource, [{ ...row, message: "\u001B[2J\u0007\r\nforged line\u202E\u2028" }], false);
  assert.match(text, /value_invalid: \uFFFD\[2J\uFFFD\uFFFD\uFFFDforged line\uFFFD\uFFFD$/m);
});

test("a file's name is read from Content-Disposition, without folders and control characters", () => {
  const names: [string | undefined, string | null][] = [
    [undefined, null],
    ["attachment", null],
    ['attachment; filename="roster.xml"', "roster.xml"],
    ["attachment; filename=roster.xml; x=y", "roster.xml"],
    ['attachment; filename="a\\"b.xml"', 'a"b.xml'],
    ['attachment; filename="C:\\\\exports\\\\..\\\\roster.xml"', "roster.xml"],
    ['attachment; filename="../../etc/passwd"', "passwd"],
    ["attachment; filename=x.xml; filename*=UTF-8''M%C3%BCller.xml", "Müller.xml"],
    ["attachment; filename*=UTF-8''%ff; filename=x.xml", "x.xml"],
    ['attachment; filename="a\u0000\u0007b.xml"', "ab.xml"],
    ['attachment; filename=""', null],
    ['attachment; filename="/"', null],
    [`attachment; filename="${"x".repeat(999)}"`, "x".repeat(255)],
  ];
  for (const [header, expected] of names) assert.equal(fileNameOf(header), expected, header);
});

test("a report shows some of many rows with the same code", () => {
  const rows = Array.from({ length: 12 }, (_, index) => ({ ...row, row: index + 1, line: index + 2 }));
  const text = reportText(resource, [...rows, { ...row, row: 99, code: "required_missing" }], false);
  assert.equal(text.match(/value_invalid:/g)?.length, 5);
  assert.match(text, /required_missing: .*\n {2}… and 7 more: failed, value_invalid of email\n/);
});
