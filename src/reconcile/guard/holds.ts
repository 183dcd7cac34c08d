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

/** What the guard says of a plan. */
export interface Verdict {
  /** null: nothing is over a limit. */
  readonly scope: HoldScope | null;
  readonly reasons: HoldReason[];
  /** The announced change without which it would be held. */
  readonly uses: AnnouncedChange | null;
}

/** The same of figures that were gathered. */
export function judgeFigures(
  figures: GuardFigures,
  limits: GuardLimits,
  announcedChange: AnnouncedChange | null,
  at: Date,
): Verdict {
  const unannounced = judge(figures, limits, null);
  const announced = announcedChange && isInForce(announcedChange, at) ? announcedChange : null;
  const reasons = announced === null ? unannounced : judge(figures, limits, announced);
  const uses = reasons.length < unannounced.length ? announced : null;
  if (reasons.length === 0) return { scope: null, reasons, uses };
  const isRemovalsOnly = limits.applyAdditions && reasons.every(({ scope }) => scope === "removals");
  return { scope: isRemovalsOnly ? "removals" : "everything", reasons, uses: null };
}

/** Whether nothing is limited. */
export const isOff = ({ applyAdditions: _, ...limits }: GuardLimits) =>
  Object.values(limits).every((limit) => limit === null);

const isInForce = ({ from, until, usedBy }: AnnouncedChange, at: Date) =>
  usedBy === null && Date.parse(from) <= at.getTime() && at.getTime() < Date.parse(until);
