import { isDeepStrictEqual } from "node:util";
import type { Chain, Poll, ToldChange, Violation, ViolationKind } from "./history.ts";

/** A time as the feed writes it: with microseconds, so that text sorts as time does. */
const exactTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Entries shown on each side of a place. */
const margin = 3;

/** The entries around a place of a list. */
export const around = (entries: readonly ToldChange[], index: number) =>
  entries.slice(Math.max(0, index - margin), index + margin + 1);

/** Most violations of a chain: one fault has many. */
const mostOfChain = 5;

/** Checks that the whole log, read at the end, has no gap in its numbers and that its times increase. */
export function checkLog(log: readonly ToldChange[]): Violation[] {
  return checkSteps("the whole log", log, 0);
}

/**
 * Checks that a chain told every change of its scope once, in order, and as the whole log has it.
 * @param log the whole log at the end
 */
export function checkChain(chain: Chain, log: readonly ToldChange[]): Violation[] {
  const told = chain.polls.flatMap((poll) => poll.told);
  const violations: Violation[] = [];
  const bySequence = new Map(log.map((change) => [change.sequence, change]));
  for (const [index, change] of told.entries()) {
    // Equal changes are mostly one object.
    const final = bySequence.get(change.sequence);
    if (final !== change && !isDeepStrictEqual(final, change)) {
      const message = `received change ${change.sequence} differently than it is in the log at the end: ${JSON.stringify(final)}`;
      violations.push({ kind: "differs", where: chain.name, message, around: around(told, index) });
    }
  }
  if (chain.scope.of === "everything") {
    violations.push(...checkSteps(chain.name, told, startOf(chain, told)), ...checkEnd(chain, told, log));
  } else {
    violations.push(...checkFiltered(chain, told, log));
  }
  violations.push(...checkPolls(chain));
  return violations.slice(0, mostOfChain);
}

/** A chain that begins with a listing begins wherever that was; others with the first change. */
const startOf = (chain: Chain, told: readonly ToldChange[]) =>
  chain.listing === undefined ? 0 : (told[0]?.sequence ?? 1) - 1;

function checkSteps(where: string, told: readonly ToldChange[], start: number): Violation[] {
  const violations: Violation[] = [];
  const add = (kind: ViolationKind, index: number, message: string) =>
    violations.push({ kind, where, message, around: around(told, index) });
  let last = start;
  let lastTime = "";
  for (const [index, { sequence, at }] of told.entries()) {
    if (sequence > last + 1) add("missed", index, `after change ${last} came ${sequence}`);
    if (sequence <= last) add("repeated", index, `after change ${last} came ${sequence}, again or out of order`);
    if (!exactTime.test(at)) add("times", index, `change ${sequence} has the time ${at}, without microseconds`);
    else if (at <= lastTime)
      add("times", index, `change ${sequence} is of ${at}, not after ${lastTime} of the one before`);
    last = sequence;
    lastTime = at;
  }
  return violations.slice(0, mostOfChain);
}

function checkEnd(chain: Chain, told: readonly ToldChange[], log: readonly ToldChange[]): Violation[] {
  const end = log.at(-1)?.sequence ?? 0;
  const last = told.at(-1)?.sequence ?? (chain.listing === undefined ? 0 : end);
  if (last === end) return [];
  const message = `ended with change ${last}, and the log with ${end}`;
  return [{ kind: "behind", where: chain.name, message, around: told.slice(-margin) }];
}

/** A filter leaves out; it changes neither order nor number. */
function checkFiltered(chain: Chain, told: readonly ToldChange[], log: readonly ToldChange[]): Violation[] {
  const { scope } = chain;
  const violations: Violation[] = [];
  let last = 0;
  for (const [index, { sequence }] of told.entries()) {
    if (sequence <= last) {
      const message = `after change ${last} came ${sequence}, again or out of order`;
      violations.push({ kind: "repeated", where: chain.name, message, around: around(told, index) });
    }
    last = sequence;
  }
  const isDue = (change: ToldChange) => {
    if (scope.of === "types") return scope.types.includes(change.type);
    if (scope.of !== "group") return false;
    // Other changes of members are told, too: of those who are members when the page is read.
    if (change.type === "group") return change.id === scope.groupId;
    return change.memberships.some(({ groupId }) => groupId === scope.groupId);
  };
  const isAllowed = (change: ToldChange) => isDue(change) || (scope.of === "group" && change.type === "user");
  const known = new Set(told.map(({ sequence }) => sequence));
  for (const [index, change] of log.entries()) {
    const isTold = known.has(change.sequence);
    if (isDue(change) && !isTold) {
      const message = `did not receive change ${change.sequence}`;
      violations.push({ kind: "missed", where: chain.name, message, around: around(log, index) });
    }
    if (isTold && !isAllowed(change)) {
      const message = `received change ${change.sequence}, which its filter leaves out`;
      violations.push({ kind: "differs", where: chain.name, message, around: around(log, index) });
    }
  }
  return violations;
}

/** Checks the promises of answers: no change comes later for a time that an answer called complete. */
function checkPolls(chain: Chain): Violation[] {
  const violations: Violation[] = [];
  const add = (poll: Poll, message: string) =>
    violations.push({
      kind: "window",
      where: `${chain.name} (?${poll.query})`,
      message,
      around: poll.told.slice(-margin),
    });
  let complete = "";
  for (const poll of chain.polls) {
    const { told, until, since = "" } = poll;
    const [first] = told;
    const last = told.at(-1);
    if (!exactTime.test(until)) add(poll, `until is ${until}, without microseconds`);
    if (first && first.at <= complete)
      add(poll, `received a change of ${first.at}, and an answer before it was complete up to ${complete}`);
    if (first && first.at <= since) add(poll, `received a change of ${first.at}, which is not after since`);
    if (last && last.at > until) add(poll, `received a change of ${last.at}, which is after its until ${until}`);
    if (until > complete) complete = until;
  }
  return violations;
}
