/** Figures, losses and limits for tests of the guard: each test names what matters to it. */
import type { GuardLimits } from "../../../src/organizations/guard-limits.ts";
import { type GroupLoss, type GuardFigures, nothingFound } from "../../../src/reconcile/guard/figures.ts";
import { noGuard } from "../../support/organization-store.ts";

export const figure = (count: number, examples: string[] = []) => ({ count, examples });

export const figuresOf = (found: Partial<GuardFigures>): GuardFigures => ({
  ...nothingFound,
  isRoster: true,
  silenceRemoves: true,
  sourceName: "students",
  rows: 100,
  ...found,
});

export const loss = (found: Partial<GroupLoss>): GroupLoss => ({
  groupId: "CRS-1",
  members: 20,
  lost: 1,
  isProtected: false,
  guardPercent: null,
  ...found,
});

export const limitsOf = (limits: Partial<GuardLimits>): GuardLimits => ({ ...noGuard, ...limits });
