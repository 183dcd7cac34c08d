import type { GuardLimits } from "../../organizations/guard-limits.ts";

/** Tells whether a figure is over both the percentage and the number of a limit. */
export const passes = (figure: number, of: number, limit: { percent: number; above: number } | null): boolean =>
  limit !== null && figure > limit.above && figure * 100 > limit.percent * of;

/** Tells whether a figure is over a limit's number. If not, no statement needs to count the total. */
export const couldPass = (figure: number, limit: { above: number } | null): boolean =>
  limit !== null && figure > limit.above;

/** Tells whether a figure is over the percentage of a limit that applies from a certain size. */
export const passesFrom = (
  figure: number,
  of: number,
  limit: { percent: number; from: number } | null,
  size = of,
): boolean => limit !== null && size >= limit.from && figure * 100 > limit.percent * of;

/**
 * Finds the limit of changed values that a figure is over: the figure's own, or the one of all such figures, which also
 * judges small sources. Returns null if it is over neither, or if its own limit is off.
 * @param of the number with which the figure's own limit compares it
 */
export function passedLimit(
  figure: number,
  of: number,
  own: { percent: number; above: number } | null,
  { ofSource, changedAtOnce }: { readonly ofSource: number; readonly changedAtOnce: GuardLimits["changedAtOnce"] },
): { readonly percent: number; readonly of: number } | null {
  if (own === null) return null;
  if (passes(figure, of, own)) return { percent: own.percent, of };
  if (changedAtOnce !== null && passes(figure, ofSource, changedAtOnce))
    return { percent: changedAtOnce.percent, of: ofSource };
  return null;
}

/** Tells whether more people would be deleted than the limits allow. */
export const isOverPeople = (removed: number, ofSource: number, limits: GuardLimits): boolean =>
  passes(removed, ofSource, limits.peopleRemoved) || passesFrom(removed, ofSource, limits.peopleRemovedAtOnce);

/** Tells whether every limit is switched off. */
export const isOff = ({ applyAdditions: _, removalDays: __, ...limits }: GuardLimits): boolean =>
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
    scopeEmptied: raise(limits.scopeEmptied),
    peopleMissing: raise(limits.peopleMissing),
  };
}
