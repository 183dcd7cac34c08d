import type { GuardLimits } from "../../organizations/guard-limits.ts";
import { counted, numeral, percentage } from "../numerals.ts";
import type { GroupLoss, GuardFigures } from "./figures.ts";
import type { HoldReason } from "./hold.ts";
import { couldPass, isOverPeople, passes, passesFrom } from "./limits.ts";
import { approveAdvice, sentences } from "./sentences.ts";

const mostExamples = 10;

/** People who would be deleted. */
export function peopleRemoved(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { peopleRemoved: removed, peopleOfSource, sourceName, emptiedGroup } = figures;
  if (removed.count === 0) return undefined;
  const before = isOverPeople(removed.count, peopleOfSource, limits) ? 0 : figures.peopleRemovedBefore;
  const [count, of] = [removed.count + before, peopleOfSource + before];
  if (!isOverPeople(count, of, limits)) return undefined;
  const { peopleRemoved: ordinary, peopleRemovedAtOnce: atOnce } = limits;
  const limit = `${(passes(count, of, ordinary) ? ordinary : atOnce)?.percent} %`;
  const together =
    before > 0 &&
    `With the ${numeral(before)} of the last ${counted(limits.removalDays ?? 0, "day", "days")}, these are ${percentage(count, of)} of the ${numeral(of)} of ${sourceName} (limit ${limit}).`;
  return {
    code: "people_removed",
    scope: "removals",
    figure: count,
    of,
    limit,
    message: sentences(
      before > 0
        ? `${counted(removed.count, "person", "people")} would be deleted.`
        : `${counted(removed.count, "person", "people")} would be deleted: ${percentage(count, of)} of the ${numeral(of)} of ${sourceName} (limit ${limit}).`,
      together,
      emptiedGroup &&
        `${numeral(emptiedGroup.people)} of them are in ${emptiedGroup.groupId}, which this file names nowhere: probably a missing part of the extract.`,
    ),
    advice: approveAdvice,
    examples: removed.examples,
  };
}

/** Memberships of the source that would end. */
export function membershipsRemoved(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { membershipsRemoved: removed, membershipsOfSource: of, sourceName, groupLosses } = figures;
  const { membershipsRemoved: limit } = limits;
  if (limit === null || !passes(removed, of, limit)) return undefined;
  return {
    code: "memberships_removed",
    scope: "removals",
    figure: removed,
    of,
    limit: `${limit.percent} %`,
    message: `${counted(removed, "membership", "memberships")} would end: ${percentage(removed, of)} of the ${numeral(of)} of ${sourceName} (limit ${limit.percent} %).`,
    advice: approveAdvice,
    examples: examplesOf(groupLosses),
  };
}

/** A group that would lose many of its members. */
export function groupMembersRemoved(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const losing = figures.groupLosses.filter((group) => losesTooMany(group, limits));
  const [worst] = losing;
  if (worst === undefined) return undefined;
  const { groupId, lost, members } = worst;
  const limit = `${worst.guardPercent ?? limits.groupMembersRemoved?.percent} %`;
  return {
    code: "group_members_removed",
    scope: "removals",
    figure: lost,
    of: members,
    limit,
    message: sentences(
      `${groupId} would lose ${numeral(lost)} of its ${counted(members, "member", "members")} (${percentage(lost, members)}; limit ${limit}).`,
      losing.length > 1 && `So would ${counted(losing.length - 1, "other group", "other groups")} lose too many.`,
    ),
    advice: approveAdvice,
    examples: examplesOf(losing),
  };
}

const examplesOf = (losses: readonly GroupLoss[]) =>
  losses.slice(0, mostExamples).map(({ groupId, lost, members }) => `${groupId}: ${lost} of ${members}`);

/** The group's own limit wins. Protected groups have the source's limit whatever their size. */
export function losesTooMany({ members, lost, isProtected, guardPercent }: GroupLoss, limits: GuardLimits): boolean {
  if (guardPercent !== null) return lost * 100 > guardPercent * members;
  return passesFrom(lost, members, limits.groupMembersRemoved, isProtected ? Number.POSITIVE_INFINITY : members);
}

/** People who would lose an e-mail or a phone. */
export function contactsRemoved(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { contactsRemoved: removed, peopleOfSource: of, sourceName } = figures;
  const { contactsRemoved: limit } = limits;
  if (limit === null || !passes(removed.count, of, limit)) return undefined;
  return {
    code: "contacts_removed",
    scope: "removals",
    figure: removed.count,
    of,
    limit: `${limit.percent} %`,
    message: `${counted(removed.count, "person", "people")} would lose an e-mail or a phone: ${percentage(removed.count, of)} of the ${numeral(of)} of ${sourceName} (limit ${limit.percent} %). Probably a column is missing values.`,
    advice: approveAdvice,
    examples: removed.examples,
  };
}

/** Rows of a roster in which no person can be read, while the roster would remove something. */
export function rowsUnidentified(figures: GuardFigures, limits: GuardLimits): HoldReason | undefined {
  const { silenceRemoves, rows, rowsUnidentified: unidentified } = figures;
  const { rowsUnidentified: limit } = limits;
  const removesAnything =
    figures.peopleRemoved.count > 0 || figures.membershipsRemoved > 0 || figures.contactsRemoved.count > 0;
  if (!silenceRemoves || !removesAnything || !couldPass(unidentified.count, limit)) return undefined;
  const { count, examples } = unidentified;
  return {
    code: "rows_unidentified",
    scope: "removals",
    figure: count,
    of: rows,
    limit: String(limit?.above),
    message: `${counted(count, "row has", "rows have")} no readable identifier, so it is unclear whom the file leaves out.`,
    advice: "Correct those rows and send the file again; this hold closes itself.",
    examples,
  };
}
