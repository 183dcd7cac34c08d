import type { GuardLimits } from "../../organizations/guard-limits.ts";

/** Whether a figure is over a limit: over its percentage, and over its number. */
export const passes = (figure: number, of: number, limit: { percent: number; above: number } | null): boolean =>
  limit !== null && figure > limit.above && figure * 100 > limit.percent * of;

/** Whether a figure is over a limit's number. If not, statements need not count what it is compared with. */
export const couldPass = (figure: number, limit: { above: number } | null): boolean =>
  limit !== null && figure > limit.above;

/** Whether a figure is over the percentage of a limit that applies from a size on. */
export const passesFrom = (
  figure: number,
  of: number,
  limit: { percent: number; from: number } | null,
  size = of,
): boolean => limit !== null && size >= limit.from && figure * 100 > limit.percent * of;

/** Whether more people would be deleted than the limits allow. */
export const isOverPeople = (removed: number, ofSource: number, limits: GuardLimits): boolean =>
  passes(removed, ofSource, limits.peopleRemoved) || passesFrom(removed, ofSource, limits.peopleRemovedAtOnce);

/** Whether every limit is switched off. */
export const isOff = ({ applyAdditions: _, ...limits }: GuardLimits): boolean =>
  Object.values(limits).every((limit) => limit === null);

/** Raises the limits of removals to the percentage of an announced change. Lower limits stay as they are. */
export function raised(limits: GuardLimits, announced: { readonly percent: number }): GuardLimits {
  const raise = <Limit extends { percent: number }>(limit: Limit | null) =>
    limit && { ...limit, percent: Math.max(limit.percent, announced.percent) };
  return {
    ...limits,
    peopleRemoved: raise(limits.peopleRemoved),
    peopleRemovedAtOnce: raise(limits.peopleRemovedAtOnce),
    membershipsRemoved: raise(limits.membershipsRemoved),
    groupMembersRemoved: raise(limits.groupMembersRemoved),
    peopleMissing: raise(limits.peopleMissing),
  };
}
