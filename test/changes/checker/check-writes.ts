import { around } from "./check-chains.ts";
import type {
  AcknowledgedImport,
  Chain,
  Effect,
  FinalState,
  ImportResource,
  ToldChange,
  Violation,
  Write,
} from "./history.ts";

/** An acknowledged write, and the last number that the log has of it. */
export interface LocatedWrite {
  readonly what: string;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly process: number;
}

/**
 * Checks that the log has of each writer exactly what was acknowledged, in its order: every entry once, and no other.
 * @returns also the place of each write in the log
 */
export function checkWrites(
  writes: readonly Write[],
  log: readonly ToldChange[],
): { readonly violations: Violation[]; readonly located: LocatedWrite[] } {
  const violations: Violation[] = [];
  const located: LocatedWrite[] = [];
  for (const actor of new Set(writes.map((write) => write.actor))) {
    const entries = log.filter((change) => change.actor === actor && change.importId === null);
    let index = 0;
    for (const { what, effect, acknowledged, process } of writes.filter((write) => write.actor === actor)) {
      const found = entriesOf(effect, entries, index);
      const expected = effect.count ?? (effect.ends === undefined ? found : "its last");
      const isEnded = effect.ends === undefined || (found > 0 && effect.ends(entries[index + found - 1]!));
      const isCounted =
        effect.count === undefined || (effect.mayRepeat ? found >= effect.count : found === effect.count);
      if (!isEnded || !isCounted) {
        const message = `was acknowledged for "${what}", of which the log has ${found} entries instead of ${expected}`;
        violations.push({ kind: "write", where: actor, message, around: around(entries, index + found) });
        // Later entries can no longer be told apart.
        index = entries.length;
        break;
      }
      index += found;
      if (found > 0) located.push({ what, sequence: entries[index - 1]!.sequence, acknowledged, process });
    }
    if (index < entries.length) {
      const message = `has an entry in the log, ${entries[index]!.sequence}, that belongs to no write`;
      violations.push({ kind: "write", where: actor, message, around: around(entries, index) });
    }
  }
  return { violations, located };
}

/** How many entries from a place on are an effect's. */
function entriesOf(
  { count = Number.POSITIVE_INFINITY, matches, ends, mayRepeat }: Effect,
  entries: readonly ToldChange[],
  begin: number,
): number {
  const most = mayRepeat ? Number.POSITIVE_INFINITY : count;
  let end = begin;
  while (end < entries.length && end - begin < most && matches(entries[end]!)) {
    end += 1;
    if (ends?.(entries[end - 1]!)) break;
  }
  return end - begin;
}

const unfinished = ["receiving", "planning"];

/** Checks that each import was applied whole or not at all, and that the log has of it what its report says. */
export function checkImports(
  { imports, log }: Pick<FinalState, "imports" | "log">,
  acknowledged: readonly AcknowledgedImport[],
): Violation[] {
  const violations: Violation[] = [];
  const byImport = Map.groupBy(
    // That an import is held, and what became of it, is told beside what it changed.
    log.filter(({ importId, type }) => importId !== null && type !== "import"),
    ({ importId }) => importId!,
  );
  const add = (id: string, message: string, entries: readonly ToldChange[] = []) =>
    violations.push({ kind: "import", where: `import ${id}`, message, around: around(entries, 0) });
  for (const resource of imports) {
    const entries = byImport.get(resource.id) ?? [];
    byImport.delete(resource.id);
    for (const message of faultsOf(resource, entries)) add(resource.id, message, entries);
  }
  for (const [id, entries] of byImport) add(id, "is in the log, but not in the list of imports", entries);
  const statuses = new Map(
    log.filter(({ type }) => type === "import").map((entry) => [entry.id, entry.changed.status?.to]),
  );
  for (const { id, status, hold } of imports) {
    const toldStatus = statuses.get(id);
    if (hold !== null && toldStatus !== status) add(id, `is ${status}, and the log tells that it is ${toldStatus}`);
  }
  const byId = new Map(imports.map((resource) => [resource.id, resource]));
  for (const { answer } of acknowledged) {
    const final = byId.get(answer.id);
    const follows = answer.status === "held" ? ["held", "applied", "discarded"] : [answer.status];
    if (!final || !follows.includes(final.status)) {
      add(answer.id, `was acknowledged as ${answer.status}, and is ${final?.status ?? "in no list"} at the end`);
    } else if (final.status === answer.status && final.lastSequence !== answer.lastSequence) {
      add(answer.id, `was acknowledged up to change ${answer.lastSequence}, and says ${final.lastSequence} at the end`);
    }
  }
  return violations;
}

function faultsOf(
  { status, counts, problem, hold, firstSequence, lastSequence }: ImportResource,
  entries: readonly ToldChange[],
): string[] {
  if (unfinished.includes(status)) return [`is still ${status} after the last start`];
  const first = entries[0]?.sequence ?? null;
  const last = entries.at(-1)?.sequence ?? null;
  const faults: string[] = [];
  if (status === "failed" && entries.length > 0) faults.push(`failed, and has ${entries.length} entries in the log`);
  if (firstSequence !== first || lastSequence !== last) {
    faults.push(`says ${firstSequence} to ${lastSequence}, and its entries are ${first} to ${last}`);
  }
  if (status === "applied" && problem !== null)
    faults.push(`is applied, and has the problem ${JSON.stringify(problem)}`);
  // A held import is applied in two parts, with others between them.
  if (hold === null && first !== null && last! - first + 1 !== entries.length) {
    faults.push(`has ${entries.length} entries between ${first} and ${last}`);
  }
  if (status !== "applied") return faults;
  const users = entries.filter(({ type }) => type === "user");
  const roles = users.flatMap(({ memberships }) => memberships.map(({ role }) => role));
  const found = {
    added: users.filter(({ action }) => action === "created").length,
    removed: users.filter(({ action }) => action === "deleted").length,
    membershipsAdded: roles.filter(({ from }) => from === null).length,
    membershipsRemoved: roles.filter(({ to }) => to === null).length,
    groupsCreated: entries.filter(({ type, action }) => type === "group" && action === "created").length,
    locationsCreated: entries.filter(({ type, action }) => type === "location" && action === "created").length,
  };
  for (const [name, count] of Object.entries(found)) {
    if (counts[name] !== count) faults.push(`counts ${counts[name]} as ${name}, and the log has ${count}`);
  }
  return faults;
}

/** Milliseconds after which what one process acknowledged has to be told by the others. */
const patience = 1_500;

/** Finds the furthest write that was acknowledged before a time. */
type Due = (time: number) => LocatedWrite | undefined;

function furthestBefore(writes: readonly LocatedWrite[]): Due {
  const byTime = [...writes].sort((one, other) => one.acknowledged - other.acknowledged);
  const furthest: LocatedWrite[] = [];
  for (const write of byTime) {
    const before = furthest.at(-1);
    furthest.push(before !== undefined && before.sequence > write.sequence ? before : write);
  }
  return (time) => {
    let [low, high] = [0, byTime.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byTime[middle]!.acknowledged < time) low = middle + 1;
      else high = middle;
    }
    return furthest[low - 1];
  };
}

/**
 * Checks that readers see a write after its acknowledgement: at once in the process that gave it, soon in the others;
 * and that nobody waits through a change.
 */
export function checkFreshness(chains: readonly Chain[], located: readonly LocatedWrite[]): Violation[] {
  const ofAll = furthestBefore(located);
  const byProcess = Map.groupBy(located, ({ process }) => process);
  const ofProcess = new Map([...byProcess].map(([process, writes]) => [process, furthestBefore(writes)]));
  return chains
    .filter(({ scope }) => scope.of === "everything")
    .flatMap((chain) => {
      const violations: Violation[] = [];
      let told = 0;
      for (const poll of chain.polls) {
        told = poll.told.at(-1)?.sequence ?? told;
        // A chain that began with a listing is somewhere that only its cursor knows until it is told something.
        if (poll.hasMore || poll.complete !== undefined || (told === 0 && chain.listing !== undefined)) continue;
        const isWaiting = poll.query.includes("wait=") && poll.told.length === 0;
        const due = [
          ofProcess.get(poll.process)?.(poll.began),
          ofAll((isWaiting ? Math.max(poll.began, poll.ended) : poll.began) - patience),
        ].find((write) => write !== undefined && write.sequence > told);
        if (due === undefined) continue;
        const late = Math.round(poll.ended - due.acknowledged);
        const message = `was told that nothing comes after change ${told}, ${late} ms after "${due.what}" was acknowledged, which is change ${due.sequence}`;
        violations.push({
          kind: "stale",
          where: `${chain.name} (?${poll.query})`,
          message,
          around: poll.told.slice(-3),
        });
      }
      return violations.slice(0, 3);
    });
}
