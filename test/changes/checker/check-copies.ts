import { isDeepStrictEqual } from "node:util";
import { blankRecords, type ReplayedRecord, replayRecordChanges, replayUserChanges } from "../../support/replay.ts";
import { applyChanges, comparable } from "../reader.ts";
import type { Chain, FinalState, ToldChange, Violation } from "./history.ts";

type Document = Readonly<Record<string, unknown>>;

/** Returns a document without the properties that the log leaves out. */
const told = ({ version, createdAt, updatedAt, ...document }: Document): Document => document;

/** Checks that the log, replayed from its start, makes exactly what the lists show. */
export function checkReplay(final: FinalState): Violation[] {
  return [
    ...compared("users", final.log, () => ({
      copy: [...replayUserChanges(final.log)].map(([id, user]) => [id, user as unknown as Document]),
      listed: final.users.map((user) => [String(user.id), told(user)]),
    })),
    ...compared("groups and locations", final.log, () => ({
      copy: [...replayRecordChanges(recordsOf(final.log), new Map())].map(([key, record]) => [key, record]),
      listed: listedRecords(final),
    })),
    ...compared("opt-outs", final.log, () => ({
      copy: [...replayOptOuts(final.log)].map((id) => [id, {}]),
      listed: final.optOuts.map(({ id }) => [String(id), {}]),
    })),
    ...compared("settings", final.log, () => ({
      copy: Object.entries(replaySettings(final.log)).map(([name, value]) => [name, { value }]),
      listed: Object.entries(final.settings)
        .filter(([name]) => name in replaySettings(final.log))
        .map(([name, value]) => [name, { value }]),
    })),
  ];
}

/** Checks that a copy that began with a listing and followed from its cursor is what the list shows at the end. */
export function checkListingCopy(chain: Chain, final: FinalState): Violation[] {
  const { listing } = chain;
  if (listing === undefined) return [];
  const changes = chain.polls.flatMap((poll) => poll.told).filter(({ type }) => type === "user");
  return compared(`users, as ${chain.name} knows them`, changes, () => {
    const copy = new Map(listing.users.map((user) => [String(user.id), forCopy(user)]));
    applyChanges(copy, changes);
    const listed = new Map(final.users.map((user) => [String(user.id), forCopy(user)]));
    return {
      copy: comparable(copy) as [string, Document][],
      listed: comparable(listed) as [string, Document][],
    };
  });
}

function forCopy(user: Document): Record<string, unknown> {
  const { id, memberships, ...values } = told(user);
  const roles = (memberships as { groupId: string; role: number }[]).map(({ groupId, role }) => [groupId, role]);
  return { ...values, memberships: Object.fromEntries(roles) };
}

const recordsOf = (log: readonly ToldChange[]) => log.filter(({ type }) => type in blankRecords);

function listedRecords({ groups, locations }: FinalState): [string, ReplayedRecord][] {
  const listed = groups.map(({ groupId, ...group }): [string, ReplayedRecord] => [`group ${groupId}`, told(group)]);
  return [
    ...listed,
    ...locations.map((location): [string, ReplayedRecord] => [`location ${location.name}`, told(location)]),
  ];
}

function replayOptOuts(log: readonly ToldChange[]): Set<string> {
  const ids = new Set<string>();
  for (const { type, action, id } of log) {
    if (type !== "optOut") continue;
    if (action === "created") ids.add(id);
    else ids.delete(id);
  }
  return ids;
}

function replaySettings(log: readonly ToldChange[]): Record<string, unknown> {
  const changes = log.filter(({ type }) => type === "organization");
  return Object.assign({}, ...changes.map(({ changed }) => changed.settings?.to));
}

type Keyed = readonly (readonly [string, unknown])[];

/** Compares a copy with a list, thing by thing. A replay that finds a change impossible ends with its reason. */
function compared(
  what: string,
  changes: readonly ToldChange[],
  make: () => { copy: Keyed; listed: Keyed },
): Violation[] {
  const where = `the copy of ${what}`;
  const violation = (message: string, around: readonly ToldChange[] = []): Violation => ({
    kind: "copy",
    where,
    message,
    around,
  });
  try {
    const { copy, listed } = make();
    const listedByKey = new Map(listed);
    const copyByKey = new Map(copy);
    return [...new Set([...copyByKey.keys(), ...listedByKey.keys()])]
      .filter((key) => !isDeepStrictEqual(copyByKey.get(key), listedByKey.get(key)))
      .slice(0, 3)
      .map((key) => {
        const id = key.replace(/^(group|location) /, "");
        const show = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
        const message = `has of ${key} ${show(copyByKey.get(key))}, and the list shows ${show(listedByKey.get(key))}`;
        return violation(message, changes.filter((change) => change.id === id).slice(-4));
      });
  } catch (error) {
    const message = (error as Error).message;
    const sequence = Number(/change (\d+)/.exec(message)?.[1]);
    const id = changes.find((change) => change.sequence === sequence)?.id;
    return [violation(message.replaceAll(/\s+/g, " "), changes.filter((change) => change.id === id).slice(-4))];
  }
}
