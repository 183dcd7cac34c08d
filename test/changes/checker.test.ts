/**
 * The change feed, looked at from outside through crashes; and that what looks at it finds the faults it is there for.
 * Longer sessions: `node test/changes/checker/run.ts`; faults of the service itself: `checker/planted-faults.ts`, a step of the
 * gate (see CONTRIBUTING.md).
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTestDatabase } from "../support/database.ts";
import type { FinalState, History, ToldChange } from "./checker/history.ts";
import { runInterfered } from "./checker/plants.ts";
import { reportText } from "./checker/report.ts";
import { check, runSession, type SessionReport } from "./checker/session.ts";

const seed = 7;
const short = { seed, processes: 1, decisions: 16, seconds: 0, crashes: 0, largestFile: 400 } as const;

const kindsOf = ({ violations }: Pick<SessionReport, "violations">) => new Set(violations.map(({ kind }) => kind));

describe("the change feed", { concurrency: 2 }, () => {
  test("is told exactly once and in order to every reader, through kill -9 of two processes", async (t) => {
    const database = await createTestDatabase(t);
    const report = await runSession({ ...short, database, processes: 2, decisions: 32, crashes: 2 });
    assert.deepEqual(report.violations, [], reportText(seed, report));
    assert.ok(report.writes >= 64 && report.imports >= 4 && report.crashes > 0, reportText(seed, report));
    findsChangedHistory(report);
  });

  test("passes, and readers behind something that gets it wrong do not", async (t) => {
    const database = await createTestDatabase(t);
    const interferences = ["cursor-skips", "stale-end", "until-now", "milliseconds"] as const;
    const report = await runInterfered(interferences, { ...short, database });
    const faulty = (name: string) => report.violations.filter(({ where }) => where.startsWith(name));
    assert.ok(faulty("cursor-skips").some(({ kind }) => kind === "missed"));
    assert.ok(faulty("stale-end").some(({ kind }) => kind === "stale"));
    assert.ok(faulty("until-now").some(({ kind }) => kind === "missed"));
    assert.ok(faulty("milliseconds").some(({ kind }) => kind === "repeated"));
    const others = report.violations.filter(({ where }) => !interferences.some((name) => where.startsWith(name)));
    assert.deepEqual(others, [], reportText(seed, report));
  });
});

/** Covers errors that no planted fault makes: the checks must find a change in one place of a good session's history. */
function findsChangedHistory({ history, final }: SessionReport): void {
  assert.deepEqual(check(history, final), []);
  const found = (changed: Partial<FinalState>, other: Partial<History> = {}) =>
    kindsOf({ violations: check({ ...history, ...other }, { ...final, ...changed }) });
  const without = (isGone: (change: ToldChange) => boolean) => {
    const index = final.log.findLastIndex(isGone);
    return final.log
      .toSpliced(index, 1)
      .map((change) =>
        change.sequence > final.log[index]!.sequence ? { ...change, sequence: change.sequence - 1 } : change,
      );
  };
  // A row of an import is in neither the log nor the lists.
  const ofImport = without(({ importId, action }) => importId !== null && action === "created");
  assert.ok(found({ log: ofImport }).has("import"));
  assert.ok(found({ imports: final.imports.map((one) => ({ ...one, status: "planning" })) }).has("import"));
  assert.ok(found({ imports: final.imports.map((one) => ({ ...one, problem: {} })) }).has("import"));
  assert.ok(found({ imports: final.imports.slice(1) }).has("import"));
  // A write that was acknowledged is gone, or was done twice.
  const isEdit = ({ actor, action }: ToldChange) => actor === "api-key:edits-1" && action === "created";
  assert.ok(found({ log: without(isEdit) }).has("write"));
  assert.ok(found({}, { writes: history.writes.slice(1) }).has("write"));
  assert.ok(found({ users: final.users.slice(1) }).has("copy"));
  assert.ok(found({ settings: { ...final.settings, announceTo: [] } }).has("copy"));
  // One chain was told something else than the others.
  const chains = history.chains.map((chain, index) =>
    index > 0 ? chain : { ...chain, polls: chain.polls.map((poll) => ({ ...poll, told: poll.told.toReversed() })) },
  );
  assert.ok(found({}, { chains }).has("repeated"));
}
