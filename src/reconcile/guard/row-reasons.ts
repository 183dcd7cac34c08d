import type { GuardLimits } from "../../organizations/guard-limits.ts";
import { counted, numeral, percentage } from "../numerals.ts";
import type { GuardFigures } from "./figures.ts";
import type { HoldReason } from "./hold.ts";
import { passes, passesFrom } from "./limits.ts";
import { approveAdvice } from "./sentences.ts";

/** A roster with far fewer people than the last one. */
export function peopleMissing(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { isRoster, peopleInFile, peopleInLastRoster: last, sourceName } = figures;
  const { peopleMissing: limit } = limits;
  if (limit === null || !isRoster || last === null || !passesFrom(last - peopleInFile, last, limit)) return undefined;
  const share = `${percentage(last - peopleInFile, last)} fewer (limit ${limit.percent} %)`;
  return {
    code: "people_missing",
    scope: "everything",
    figure: peopleInFile,
    of: last,
    limit: `${limit.percent} %`,
    message: `The file has ${counted(peopleInFile, "person", "people")}, the last roster of ${sourceName} that was applied had ${numeral(last)}: ${share}. The extract is probably incomplete.`,
    advice: approveAdvice,
    examples: [],
  };
}

/** A roster of which many rows fail. */
export function rowsFailed(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { isRoster, rows, rowsFailed: failed } = figures;
  const { rowsFailed: limit } = limits;
  if (limit === null || !isRoster || !passesFrom(failed.count, rows, limit)) return undefined;
  const share = `${percentage(failed.count, rows)}; limit ${limit.percent} %`;
  return {
    code: "rows_failed",
    scope: "everything",
    figure: failed.count,
    of: rows,
    limit: `${limit.percent} %`,
    message: `${counted(failed.count, "row", "rows")} of ${numeral(rows)} (${share}) cannot be applied.`,
    advice: "See the rows of the import for why, correct the export and send the file again; this hold closes itself.",
    examples: failed.examples,
  };
}

/** Memberships in groups that do not exist. */
export function groupsUnknown(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { groupsUnknown: unknown, groupsNamed: named } = figures;
  const { groupsUnknown: limit } = limits;
  if (limit === null || !passes(unknown.count, named, limit)) return undefined;
  const share = `${percentage(unknown.count, named)}; limit ${limit.percent} %`;
  return {
    code: "groups_unknown",
    scope: "everything",
    figure: unknown.count,
    of: named,
    limit: `${limit.percent} %`,
    message: `${numeral(unknown.count)} of ${numeral(named)} memberships that the file names (${share}) are in groups that do not exist.`,
    advice:
      "Create the groups, or let imports create them (createGroups), and send the file again. If those people do not need these groups, approve the plan.",
    examples: unknown.examples,
  };
}
