import type { GuardLimits } from "../../organizations/guard-limits.ts";
import type { AnnouncedChange } from "../../organizations/source-resource.ts";
import type { GuardFigures } from "./figures.ts";
import type { HoldReason, HoldScope } from "./hold.ts";
import { identifiersChanged, peopleOfAnotherSource } from "./identity-reasons.ts";
import { raised } from "./limits.ts";
import {
  contactsRemoved,
  groupMembersRemoved,
  membershipsRemoved,
  peopleRemoved,
  rowsUnidentified,
} from "./removal-reasons.ts";
import { groupsUnknown, peopleMissing, rowsFailed } from "./row-reasons.ts";
import { scopeEmptied } from "./scope-reasons.ts";
import { valuesChanged } from "./value-reasons.ts";

/** The guard's judgement of a plan. */
export type Verdict =
  | {
      readonly outcome: "passes";
      /** The announced change without which the plan would be held; null: no limit needed one. */
      readonly uses: AnnouncedChange | null;
      /** True if the plan would be held, but for values that it only restores. */
      readonly restores?: boolean;
    }
  | { readonly outcome: "held"; readonly scope: HoldScope; readonly reasons: HoldReason[] };

/** The limits, in the order in which a hold tells them. Each returns a reason if the figures are over it. */
const limitChecks: readonly ((figures: GuardFigures, limits: GuardLimits) => HoldReason | undefined)[] = [
  identifiersChanged,
  peopleOfAnotherSource,
  ...valuesChanged,
  peopleMissing,
  rowsFailed,
  groupsUnknown,
  peopleRemoved,
  membershipsRemoved,
  groupMembersRemoved,
  scopeEmptied,
  contactsRemoved,
  rowsUnidentified,
];

/** Finds every limit that the figures are over (docs/guard.md). */
export const findReasons = (figures: GuardFigures, limits: GuardLimits): HoldReason[] =>
  limitChecks.flatMap((check) => check(figures, limits) ?? []);

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
  const unannounced = findReasons(figures, limits);
  const announced = announcedChange && isInForce(announcedChange, at) ? announcedChange : null;
  const reasons = announced === null ? unannounced : findReasons(figures, raised(limits, announced));
  if (reasons.length === 0) return { outcome: "passes", uses: unannounced.length > 0 ? announced : null };
  const isRemovalsOnly = limits.applyAdditions && reasons.every(({ scope }) => scope === "removals");
  return { outcome: "held", scope: isRemovalsOnly ? "removals" : "everything", reasons };
}

const isInForce = ({ from, until, usedBy }: AnnouncedChange, at: Date) =>
  usedBy === null && Date.parse(from) <= at.getTime() && at.getTime() < Date.parse(until);
