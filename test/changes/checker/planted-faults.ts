/**
 * Shows that the checks of the change feed find faults planted in the service. Each takes a process of its own
 * for some ten seconds, so that it is a step of the gate and not part of every run:
 * `npm test -- test/changes/checker/planted-faults.ts`.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTestDatabase } from "../../support/database.ts";
import type { ViolationKind } from "./history.ts";
import { type plants, runPlanted } from "./plants.ts";
import { reportText } from "./report.ts";
import type { SessionReport } from "./session.ts";

const seed = 7;
const short = { processes: 1, decisions: 16, seconds: 0, crashes: 0, largestFile: 400 } as const;

const kindsOf = ({ violations }: Pick<SessionReport, "violations">) => new Set(violations.map(({ kind }) => kind));

const planted: readonly [keyof typeof plants, readonly ViolationKind[], object?][] = [
  ["numbers-before-lock", ["missed"]],
  ["now-for-at", ["times", "missed"]],
  ["milliseconds", ["times", "answer"]],
  ["end-remembered", ["stale"]],
  ["append-outside", ["write"], { crashes: 2 }],
];
describe("the change feed", { concurrency: 2 }, () => {
  for (const [name, kinds, options] of planted) {
    test(`with the fault ${name} is not what it has to be`, async (t) => {
      const reports: SessionReport[] = [];
      // When a process is killed depends on time: what one seed has missed, the next one finds.
      for (const attempt of [seed, seed + 1, seed + 2]) {
        const database = await createTestDatabase(t);
        const report = await runPlanted(name, { ...short, seed: attempt, database, ...options });
        if (kinds.every((kind) => kindsOf(report).has(kind))) return;
        reports.push(report);
      }
      assert.fail(`${kinds.join(", ")}: not found\n${reports.map((report) => reportText(seed, report)).join("")}`);
    });
  }
});
