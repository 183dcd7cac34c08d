import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImportDocument, RowDocument } from "../../src/cli/push/documents.ts";
import type { Report } from "../../src/cli/push/outcome.ts";
import { statusOf, toJson } from "../../src/cli/push/outcome.ts";
import { reportLines } from "../../src/cli/push/report.ts";

const document: ImportDocument = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  kind: "users",
  dryRun: false,
  status: "applied",
  summary: "3 rows read; 2 added, 0 updated, 0 unchanged.",
  source: { name: "default", fileName: "roster.csv", sha256: null },
  counts: { rows: 3, people: 2, added: 2, updated: 0, unchanged: 0, failed: 0, merged: 1 },
  hold: null,
  planHash: null,
  createdAt: "2026-11-22T02:00:01Z",
};
const page = { name: "roster.csv", width: Number.POSITIVE_INFINITY, address: "https://muster.example.edu" };
const noteOf = (row: number, outcome: string, code: string, message: string): RowDocument => ({
  row,
  line: row + 1,
  outcome,
  code,
  field: null,
  message,
});

const reportOf = (changes: Partial<Report>): Report => ({
  document,
  notes: { kind: "read", rows: [], hasMore: false },
  isReplay: false,
  processedBefore: null,
  ...changes,
});

test("merged rows and people who returned are listed like failed rows, and control characters are shown", () => {
  const rows = [
    noteOf(2, "added", "merged", "Merged into row 1."),
    noteOf(3, "added", "returned", "Ann\u001b[2J was deleted before."),
    noteOf(0, "removed", "kept", "Bo is protected."),
  ];
  const lines = reportLines(reportOf({ notes: { kind: "read", rows, hasMore: true } }), page);
  assert.deepEqual(lines.slice(lines.indexOf("Rows to look at:") + 2, -2), [
    "  ROW  LINE  OUTCOME  CODE      FIELD  MESSAGE",
    "    2     3  added    merged           Merged into row 1.",
    "    3     4  added    returned         Ann[U+001B][2J was deleted before.",
    "    –     –  removed  kept             (not in the file) Bo is protected.",
    "  … and more: https://muster.example.edu/v1/imports/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a/rows",
  ]);
});

test("notes that could not be read: people get the reason if there are notes, and scripts get null", () => {
  const notes = { kind: "unread", reason: "Rows to look at could not be read: no." } as const;
  assert.ok(reportLines(reportOf({ notes }), page).includes(notes.reason));
  const counts = { ...document.counts!, merged: 0 };
  assert.ok(!reportLines(reportOf({ notes, document: { ...document, counts } }), page).includes(notes.reason));
  const { outcome, rows, hasMoreRows } = toJson(reportOf({ notes }));
  assert.deepEqual([outcome, rows, hasMoreRows], ["done", null, true]);
});

test("the exit status of a held import is 4, also when rows failed", () => {
  const counts = { ...document.counts!, failed: 1 };
  assert.equal(statusOf({ ...document, counts }), 1);
  assert.equal(statusOf({ ...document, counts, status: "held" }), 4);
});
