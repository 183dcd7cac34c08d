/** The edits of the checker: what a request changes, and the entries of the change log that have to show it. */
import type { FleetRequest, KnownAnswer } from "./client.ts";
import type { Effect, ToldChange } from "./history.ts";
import type { Random } from "./random.ts";

/** One decision of a writer: what it asks for, and what is to come of it. */
export interface Edit {
  readonly what: string;
  readonly request: Omit<FleetRequest, "key">;
  /** Statuses of success. */
  readonly succeeds: readonly number[];
  /** Status of a repeat whose first attempt was done, although no answer came. */
  readonly isDoneAlready?: number;
  /** Status of a refusal that is right: somebody else has made it impossible. */
  readonly isRefused?: number;
  /** Called when it is done. */
  done(answer: KnownAnswer): void;
  /** Returns its effect on the log; called before `done`. */
  effect(answer: KnownAnswer): Effect;
}

/** Things that several writers change. */
export interface SharedThings {
  readonly userIds: readonly string[];
  readonly groupIds: readonly string[];
  /** Groups that imports fill. */
  readonly importedGroupIds: readonly string[];
}

/** Records that a writer made, and knows exactly since nobody else changes them. */
export interface Belongings {
  readonly name: string;
  /** Roles by group, of people by their id. */
  readonly users: Map<string, Map<string, number>>;
  readonly groups: Set<string>;
  readonly locations: Map<string, readonly string[]>;
  readonly optOuts: Set<string>;
  /** Numbers what is made. */
  next(): number;
}

/** A writer begins with nothing. */
export function createBelongings(name: string): Belongings {
  let number = 0;
  return {
    name,
    users: new Map(),
    groups: new Set(),
    locations: new Map(),
    optOuts: new Set(),
    next: () => {
      number += 1;
      return number;
    },
  };
}

export const roles = [0, 1, 3, 4];

export const one = (matches: (change: ToldChange) => boolean): Effect => ({ count: 1, matches });
export const says = (type: string, marker: string) =>
  one((change) => change.type === type && JSON.stringify(change.changed).includes(`"${marker}"`));
export const isOf = (change: ToldChange, type: string, id: string) => change.type === type && change.id === id;
export const leaves = (change: ToldChange, groupId: string) =>
  change.type === "user" &&
  change.memberships.length === 1 &&
  change.memberships[0]!.groupId === groupId &&
  change.memberships[0]!.role.to === null;

export type Plan = (random: Random, mine: Belongings, shared: SharedThings) => Edit | undefined;
