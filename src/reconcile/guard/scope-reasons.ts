import type { GuardLimits } from "../../organizations/guard-limits.ts";
import { counted, numeral, percentage } from "../numerals.ts";
import type { GuardFigures } from "./figures.ts";
import type { HoldReason } from "./hold.ts";
import { passesFrom } from "./limits.ts";
import { losesTooMany } from "./removal-reasons.ts";
import { approveAdvice, sentences } from "./sentences.ts";

const mostExamples = 10;

/** A group or location that loses too many of its people. */
interface EmptiedScope {
  readonly name: string;
  readonly people: number;
  readonly lost: number;
  /** True if the people who are deleted, or who leave a group, are too many by themselves. */
  readonly isByRemovals: boolean;
}

/**
 * Groups and locations that would lose most of their people. A hold of removals keeps people from being deleted and from
 * leaving groups. It does not keep a location from changing, so such a change holds everything.
 */
export function scopeEmptied(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { scopeEmptied: limit } = limits;
  const scopes = limit === null ? [] : emptiedScopes(figures, limits);
  const [worst] = scopes;
  if (limit === null || worst === undefined) return undefined;
  const { name, lost, people } = worst;
  return {
    code: "scope_emptied",
    scope: scopes.every(({ isByRemovals }) => isByRemovals) ? "removals" : "everything",
    figure: lost,
    of: people,
    limit: `${limit.percent} %`,
    message: sentences(
      `${name} would lose ${numeral(lost)} of its ${counted(people, "person", "people")} (${percentage(lost, people)}; limit ${limit.percent} %).`,
      scopes.length > 1 &&
        `${counted(scopes.length - 1, "other group or location loses", "other groups or locations lose")} too many as well.`,
    ),
    advice: approveAdvice,
    examples: scopes.slice(0, mostExamples).map((scope) => `${scope.name}: ${scope.lost} of ${scope.people}`),
  };
}

/** A group's own limit wins, and a group over the limit of groups has that reason already. */
function emptiedScopes({ groupLosses, locationLosses }: GuardFigures, limits: GuardLimits): EmptiedScope[] {
  const { scopeEmptied: limit } = limits;
  const groups = groupLosses
    .filter((group) => group.guardPercent === null && !losesTooMany(group, limits))
    .map(({ groupId, members, lost }) => ({ name: `Group ${groupId}`, people: members, lost, isByRemovals: true }));
  const locations = locationLosses.map(({ name, people, lost, deleted }) => ({
    name: `Location ${name}`,
    people,
    lost,
    isByRemovals: passesFrom(deleted, people, limit),
  }));
  return [...groups, ...locations]
    .filter(({ people, lost }) => passesFrom(lost, people, limit))
    .sort((one, other) => other.lost - one.lost);
}
