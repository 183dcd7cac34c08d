import type { GuardLimits } from "../../organizations/guard-limits.ts";
import type { AnnouncedChange } from "../../organizations/sources.ts";
import { type GuardFigures, type HoldReason, type HoldScope, judge } from "./guard.ts";

/** Why an import is held, and what of it. */
export interface Hold {
  /** `removals`: the rest is applied; `everything`: nothing is. */
  readonly scope: HoldScope;
  readonly reasons: HoldReason[];
  /** What waits; of a dry run, what would. */
  readonly waiting: Waiting;
}

/** What a held plan would take away. */
export interface Waiting {
  readonly peopleRemoved: number;
  /** People whom others still claim, so that they stay. */
  readonly peopleWithdrawn: number;
  readonly membershipsRemoved: number;
  /** People who lose an e-mail or a phone. */
  readonly contactsRemoved: number;
}

/** The guard's judgement of a plan. */
export type Verdict =
  | {
      readonly outcome: "passes";
      /** The announced change without which the plan would be held; null: no limit needed one. */
      readonly uses: AnnouncedChange | null;
    }
  | { readonly outcome: "held"; readonly scope: HoldScope; readonly reasons: HoldReason[] };

/**
 * Judges the figures of a plan by the limits of its source (docs/guard.md).
 * @param announcedChange raises limits between its times, until an import has used it
 */
export function judgeFigures(
  figures: GuardFigures,
  limits: GuardLimits,
  announcedChange: AnnouncedChange | null,
  at: Date,
): Verdict {
  const unannounced = judge(figures, limits, null);
  const announced = announcedChange && isInForce(announcedChange, at) ? announcedChange : null;
  const reasons = announced === null ? unannounced : judge(figures, limits, announced);
  if (reasons.length === 0) return { outcome: "passes", uses: unannounced.length > 0 ? announced : null };
  const isRemovalsOnly = limits.applyAdditions && reasons.every(({ scope }) => scope === "removals");
  return { outcome: "held", scope: isRemovalsOnly ? "removals" : "everything", reasons };
}

/** Whether nothing is limited. */
export const isOff = ({ applyAdditions: _, ...limits }: GuardLimits) =>
  Object.values(limits).every((limit) => limit === null);

const isInForce = ({ from, until, usedBy }: AnnouncedChange, at: Date) =>
  usedBy === null && Date.parse(from) <= at.getTime() && at.getTime() < Date.parse(until);
