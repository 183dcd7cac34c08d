import type { GuardLimits } from "../../organizations/guard-limits.ts";
import { numeral, percentage } from "../numerals.ts";
import type { GuardFigures } from "./figures.ts";
import type { HoldReason } from "./hold.ts";
import { passedLimit, passes } from "./limits.ts";
import { sentences } from "./sentences.ts";

/** People who arrive under another databaseID or userID. */
export function identifiersChanged(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { identifiersChanged: changed, peopleInFile, peopleOfSource: ofSource, sourceName } = figures;
  const { identifiersChanged: own, changedAtOnce } = limits;
  const limit = passedLimit(changed.count, peopleInFile, own, { ofSource, changedAtOnce });
  if (limit === null) return undefined;
  const share = `${percentage(changed.count, limit.of)}; limit ${limit.percent} %`;
  const lostZeros = changed.zerosLost * 2 > changed.count;
  const example = lostZeros && changed.lostZero ? `, e.g. ${changed.lostZero}` : "";
  return {
    code: "identifiers_changed",
    scope: "everything",
    figure: changed.count,
    of: limit.of,
    limit: `${limit.percent} %`,
    message: sentences(
      `${numeral(changed.count)} of ${numeral(limit.of)} people (${share}) arrive under another databaseID or userID${example}.`,
      lostZeros && "Leading zeros look lost, as when a spreadsheet saves the file.",
    ),
    advice: lostZeros
      ? "Export again as text. Do not approve unless everybody was renumbered."
      : `If everybody was renumbered, or the file is not of ${sourceName}, see to that first. Approve the plan only if these are other people, or are to be taken for others.`,
    examples: changed.examples,
  };
}

/** People whom another source knows and this one does not. */
export function peopleOfAnotherSource(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { peopleOfAnotherSource: others, peopleOfSource, peopleInFile, sourceName } = figures;
  const { peopleOfAnotherSource: limit } = limits;
  if (limit === null || peopleOfSource === 0 || !passes(others.count, peopleInFile, limit)) return undefined;
  const share = `${percentage(others.count, peopleInFile)}; limit ${limit.percent} %`;
  return {
    code: "people_of_another_source",
    scope: "everything",
    figure: others.count,
    of: peopleInFile,
    limit: `${limit.percent} %`,
    message: `${numeral(others.count)} of ${numeral(peopleInFile)} people (${share}) are known from ${others.source ?? "another source"} and not from ${sourceName}: probably the file of another source was sent.`,
    advice: `Send it again as ${others.source ?? "the source that it is of"}, and the file of ${sourceName} here; this hold closes itself. If these people are new in ${sourceName}, approve the plan.`,
    examples: others.examples,
  };
}
