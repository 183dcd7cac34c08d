/** The summary of an import, as mails and reports show it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ImportCounts } from "../../../src/reconcile/attempts/import-resource.ts";
import { clockTime, summarize } from "../../../src/reconcile/attempts/summary.ts";
import type { Hold, HoldReason } from "../../../src/reconcile/guard/hold.ts";

type Summarized = Parameters<typeof summarize>[0];

const noCounts: ImportCounts = {
  rows: 0,
  people: 0,
  added: 0,
  updated: 0,
  unchanged: 0,
  removed: 0,
  withdrawn: 0,
  kept: 0,
  failed: 0,
  notAdded: 0,
  warnings: 0,
  merged: 0,
  returned: 0,
  membershipsAdded: 0,
  membershipsRemoved: 0,
  groupsCreated: 0,
  locationsCreated: 0,
};
const counts = { ...noCounts, rows: 12, people: 12, added: 2, updated: 3, unchanged: 7 };

const summaryOf = (found: Partial<Summarized>, timeZone = "UTC") =>
  summarize(
    {
      kind: "users",
      status: "applied",
      dryRun: false,
      counts,
      problem: null,
      source: {
        name: "students",
        channel: "api",
        format: "csv",
        fileName: "roster.csv",
        bytes: 1,
        sha256: null,
        reading: null,
      },
      hold: null,
      decision: null,
      planHash: null,
      createdAt: "2026-11-22T02:00:00.000000Z",
      ...found,
    },
    timeZone,
  );

const reason: HoldReason = {
  code: "people_removed",
  scope: "removals",
  figure: 20,
  of: 100,
  limit: "5 %",
  message: "20 people would be deleted.",
  advice: "Approve the plan.",
  examples: [],
};
const waiting = { peopleRemoved: 20, peopleWithdrawn: 0, membershipsRemoved: 0, contactsRemoved: 0 };
const planHash = "7c1e".padEnd(64, "0");

describe("an import that was applied", () => {
  test("counts its rows", () => {
    assert.equal(summaryOf({}), "12 rows read; 2 added, 3 updated, 7 unchanged.");
    assert.equal(
      summaryOf({ counts: { ...noCounts, rows: 41_870, unchanged: 41_870, removed: 1_200 } }),
      "41,870 rows read; 0 added, 0 updated, 41,870 unchanged, 1,200 removed.",
    );
  });

  test("begins with people who get no alerts", () => {
    assert.equal(
      summaryOf({ counts: { ...noCounts, rows: 1, failed: 1, notAdded: 1 } }),
      "1 person was NOT added and gets no alerts. 1 row read; 0 added, 0 updated, 0 unchanged. 1 row failed.",
    );
    assert.match(
      summaryOf({ counts: { ...counts, notAdded: 2 }, dryRun: true }),
      /^2 people would NOT be added and would get no alerts\. 12 rows read; would be: 2 added/,
    );
  });

  test("says nothing of alerts in a file of groups or locations", () => {
    assert.match(summaryOf({ kind: "groups", counts: { ...counts, notAdded: 2 } }), /^2 groups were NOT added\. /);
    assert.match(summaryOf({ kind: "locations", counts: { ...counts, notAdded: 1 } }), /^1 location was NOT added\. /);
  });

  test("names people who are not in the file and stay, warnings, and new groups", () => {
    const found = { ...counts, withdrawn: 1, kept: 2, failed: 3, warnings: 1, groupsCreated: 2 };
    assert.equal(
      summaryOf({ counts: found }),
      [
        "12 rows read; 2 added, 3 updated, 7 unchanged.",
        "1 person who is not in the file has lost what this source brought and stays, since others have them.",
        "2 people who are not in the file are protected and stay.",
        "3 rows failed.",
        "1 row has warnings.",
        "2 groups created.",
      ].join(" "),
    );
  });
});

describe("an import that was held", () => {
  const held = { status: "held" as const, planHash, hold: { scope: "removals" as const, reasons: [reason], waiting } };

  test("says what is live and what waits", () => {
    assert.equal(
      summaryOf(held, "America/New_York"),
      "HELD, removals only: students, 21 Nov 21:00. 12 people read; 2 added and 3 updated are live. What this file takes away waits: 20 people would be deleted. Nobody was deleted. If wrong: fix and send again; this hold closes itself. If right: approve plan 7c1e.",
    );
  });

  test("of groups names rows, and says that nothing was deleted or emptied", () => {
    assert.match(
      summaryOf({ ...held, kind: "groups" }),
      /^HELD, removals only: groups, 22 Nov 02:00\. 12 rows read; .* Nothing was deleted or emptied\./,
    );
  });

  test("as a whole gives each advice once", () => {
    const whole = { scope: "everything" as const, reasons: [reason, { ...reason, message: "So it is." }], waiting };
    assert.equal(
      summaryOf({ ...held, hold: whole }),
      "HELD, nothing applied: roster.csv. 20 people would be deleted. So it is. Approve the plan. It is plan 7c1e.",
    );
  });

  test("in a dry run would be held", () => {
    assert.equal(
      summaryOf({ ...held, status: "planned", dryRun: true }),
      "12 rows read; would be: 2 added, 3 updated, 7 unchanged. It would be held (removals): 20 people would be deleted.",
    );
  });

  test("tells how it was decided, and what is applied", () => {
    const decided = { outcome: "approved" as const, decidedBy: "Kim Park", actor: "api-key:approvals", reason: null };
    const at = "2026-11-22T07:12:40.000000Z";
    const after = (outcome: "approved" | "discarded" | "superseded", scope: "removals" | "everything") =>
      summaryOf({
        planHash,
        hold: { scope, reasons: [reason], waiting },
        decision: { ...decided, outcome, supersededBy: null, at },
      });
    const done = "12 rows read; 2 added, 3 updated, 7 unchanged.";
    assert.equal(after("approved", "removals"), `${done} What was held was approved by Kim Park, 22 Nov 07:12.`);
    assert.equal(
      after("discarded", "everything"),
      "DISCARDED by Kim Park, 22 Nov 07:12: what was held is not applied. Nothing was applied.",
    );
    assert.equal(
      after("discarded", "removals"),
      `DISCARDED by Kim Park, 22 Nov 07:12: what was held is not applied. ${done}`,
    );
    assert.equal(
      after("superseded", "everything"),
      "SUPERSEDED by a later import of students: what was held is not applied. Nothing was applied.",
    );
  });
});

describe("an import that was refused", () => {
  const problem = { code: "csv_cut_off" as const, detail: "The file ends in the middle of a row." };

  test("says so, and which roster still counts", () => {
    assert.equal(
      summaryOf({ status: "failed", counts: null, problem }),
      "REFUSED, nothing changed: roster.csv. The file ends in the middle of a row.",
    );
    const lastRoster = { people: 1, at: "2026-11-21T02:00:00.000000Z" };
    assert.match(
      summaryOf({ status: "failed", counts: null, problem: { ...problem, lastRoster } }),
      / Alerts still use the roster of 21 Nov 02:00 \(1 person\)\.$/,
    );
  });
});

test("an import under way has its state", () => {
  assert.equal(summaryOf({ status: "planning", counts: null }), "roster.csv: planning.");
});

test("a time zone that does not exist is UTC", () => {
  assert.equal(clockTime("2026-11-22T02:04:00Z", "Nowhere/Land"), "22 Nov 02:04 UTC");
});

describe("a summary names what was not read", () => {
  const source = { name: "students", channel: "api", fileName: "roster.csv", bytes: 1, sha256: null } as const;
  const reading = { encoding: "utf-8", ignored: ["Shoe Size", "X[U+200B]"] } as const;
  const read = (found: Partial<NonNullable<Summarized["source"]["reading"]>>, more: Partial<Summarized> = {}) => {
    const whole = { format: "csv" as const, ...reading, ignored: [...reading.ignored], ...found };
    return summaryOf({ source: { ...source, format: whole.format, reading: whole }, ...more });
  };

  test("columns, elements and members, by their names", () => {
    assert.match(read({}), /unchanged\. Columns that were not read: "Shoe Size", "X\[U\+200B\]"\.$/);
    assert.match(read({ format: "xml" }), / Elements that were not read: "Shoe Size"/);
    assert.match(read({ format: "json" }), / Members that were not read: "Shoe Size"/);
    assert.doesNotMatch(read({ ignored: [] }), /not read/);
  });

  test("lines that were passed over, with their text", () => {
    const passedOver = [
      { line: 1, text: "sep=;" },
      { line: 1042, text: "(40 rows affected)" },
    ];
    assert.match(
      read({ passedOver }),
      / Lines that were passed over: 1 \("sep=;"\), 1,042 \("\(40 rows affected\)"\)\.$/,
    );
  });

  test("of a held file, too", () => {
    const hold: Hold = { scope: "everything", reasons: [reason], waiting: {} as Hold["waiting"] };
    assert.match(read({}, { status: "held", hold }), /^HELD.*Columns that were not read: "Shoe Size"/);
  });
});

describe("a summary names the one cause of many failures", () => {
  const commonFailure = { code: "required_missing", details: { field: "firstName" } } as const;
  const failed = { ...noCounts, rows: 40, failed: 40, notAdded: 40 };

  test("with the message of the first row, and where to look", () => {
    const all = summaryOf({ counts: failed, commonFailure });
    assert.match(
      all,
      /40 rows failed\. Every row failed for one reason\. The first: firstName is missing\. .*again\.$/,
    );
    const some = summaryOf({ counts: { ...failed, rows: 50 }, commonFailure });
    assert.match(some, / All failed rows have one reason\./);
    const reading = { format: "csv", encoding: "utf-8", ignored: ["Vorname"] } as const;
    const source = { name: "s", channel: "api", format: "csv", fileName: null, bytes: 1, sha256: null } as const;
    const unread = summaryOf({
      counts: failed,
      commonFailure,
      source: { ...source, reading: { ...reading, ignored: ["Vorname"] } },
    });
    assert.match(
      unread,
      /Check if a name that was not read holds firstName\. Columns that were not read: "Vorname"\.$/,
    );
  });

  test("and not a cause that is not there", () => {
    assert.doesNotMatch(summaryOf({ counts: failed }), /one reason/);
    assert.doesNotMatch(summaryOf({ counts: failed, commonFailure: null }), /one reason/);
  });
});

test("a first file in which hardly two people share a group is noted", () => {
  const first = { ...noCounts, rows: 40, people: 40, added: 40, groupsCreated: 40, membershipsAdded: 40 };
  assert.match(
    summaryOf({ counts: first }),
    / 40 new groups have 40 memberships in all, .* Check groupID: it may be a list/,
  );
  for (const usual of [
    { groupsCreated: 4 },
    { membershipsAdded: 90 },
    { added: 39 },
    { groupsCreated: 19, membershipsAdded: 19 },
  ]) {
    assert.doesNotMatch(summaryOf({ counts: { ...first, ...usual } }), /Check groupID/);
  }
});
