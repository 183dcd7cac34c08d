import type { GuardLimits } from "../../organizations/guard-limits.ts";
import { counted, numeral, percentage } from "../numerals.ts";

/** Why an import is held; a closed list (docs/guard.md). */
export const holdCodes = [
  "people_removed",
  "memberships_removed",
  "group_members_removed",
  "contacts_removed",
  "people_missing",
  "rows_failed",
  "rows_unidentified",
  "groups_unknown",
  "identifiers_changed",
  "people_of_another_source",
] as const;
export type HoldCode = (typeof holdCodes)[number];

/** What a hold keeps from being applied. */
export type HoldScope = "removals" | "everything";

/** One limit that an import is over. */
export interface HoldReason {
  readonly code: HoldCode;
  readonly scope: HoldScope;
  readonly figure: number;
  /** What the figure is compared with; null where there is nothing. */
  readonly of: number | null;
  /** The limit, for a person: `5 %`. */
  readonly limit: string;
  /** What was found, and what it looks like. */
  readonly message: string;
  /** What to do next. */
  readonly advice: string;
  /** Up to ten of what was counted. */
  readonly examples: string[];
}

/** Something counted, with up to ten examples of it. */
export interface Figure {
  readonly count: number;
  readonly examples: string[];
}

/** A group that would lose members. */
export interface GroupLoss {
  readonly groupId: string;
  readonly members: number;
  readonly lost: number;
  /** Emergency alerts, or marked as protected. */
  readonly isProtected: boolean;
  /** Its own limit. */
  readonly guardPercent: number | null;
}

/** What an import would do, as far as its limits ask for it. */
export interface GuardFigures {
  readonly isRoster: boolean;
  /** Whether the file takes away by its silence: it is a roster, or members leave groups that are. */
  readonly silenceRemoves: boolean;
  readonly sourceName: string;
  /** People whom the source claims before the import. */
  readonly peopleOfSource: number;
  readonly membershipsOfSource: number;
  readonly peopleRemoved: Figure;
  readonly membershipsRemoved: number;
  readonly groupLosses: readonly GroupLoss[];
  /** The group that most of the removed people are in, if none of its people of this source is left. */
  readonly emptiedGroup: { readonly groupId: string; readonly people: number } | null;
  readonly contactsRemoved: Figure;
  readonly peopleInFile: number;
  /** In the last roster of the source that was applied; null when there is none. */
  readonly peopleInLastRoster: number | null;
  readonly rows: number;
  readonly rowsFailed: Figure;
  readonly rowsUnidentified: Figure;
  readonly groupsNamed: number;
  readonly groupsUnknown: Figure;
  readonly identifiersChanged: Figure & {
    /** Of those that changed: the old one has zeros in front that the new one lacks. */
    readonly zerosLost: number;
    /** The first of them, `00123456 → 123456`, and its line. */
    readonly lostZero: string | null;
  };
  readonly peopleOfAnotherSource: Figure & { readonly source: string | null };
}

const nothing: Figure = { count: 0, examples: [] };

/** The figures of an import that takes nothing away and at which nothing is wrong. */
export const nothingFound: Omit<GuardFigures, "isRoster" | "sourceName" | "rows"> = {
  ...{ silenceRemoves: false, peopleOfSource: 0, membershipsOfSource: 0, membershipsRemoved: 0, groupLosses: [] },
  ...{ peopleRemoved: nothing, contactsRemoved: nothing, rowsFailed: nothing, rowsUnidentified: nothing },
  ...{ emptiedGroup: null, peopleInFile: 0, peopleInLastRoster: null, groupsNamed: 0, groupsUnknown: nothing },
  identifiersChanged: { ...nothing, zerosLost: 0, lostZero: null },
  peopleOfAnotherSource: { ...nothing, source: null },
};

/** A change that somebody announced: more may go than the limits say. */
export interface AnnouncedChange {
  readonly percent: number;
}

const approveAdvice =
  "If the file is wrong, correct it and send it again; this hold closes itself. If it is right, approve the plan.";

/** Whether a figure is over a limit. */
export const passes = (figure: number, of: number, limit: { percent: number; above: number } | null): boolean =>
  limit !== null && figure > limit.above && figure * 100 > limit.percent * of;

/** Whether a figure is over a limit by as little as one: what the statements may leave out when it isn't. */
export const couldPass = (figure: number, limit: { above: number } | null): boolean =>
  limit !== null && figure > limit.above;

/**
 * Every limit that the figures are over (docs/guard.md). Pure: the same figures have the same reasons.
 * @param announced raises the limits of what may go
 */
export function judge(figures: GuardFigures, limits: GuardLimits, announced: AnnouncedChange | null): HoldReason[] {
  return [
    ...identity(figures, limits),
    ...rows(figures, raised(limits, announced)),
    ...removals(figures, raised(limits, announced)),
  ];
}

function raised(limits: GuardLimits, announced: AnnouncedChange | null): GuardLimits {
  if (!announced) return limits;
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

/** Whether more people would go than any limit lets. */
export function isOverPeople(removed: number, ofSource: number, limits: GuardLimits): boolean {
  return passes(removed, ofSource, limits.peopleRemoved) || isOverAtOnce(removed, ofSource, limits);
}

function isOverAtOnce(removed: number, ofSource: number, { peopleRemovedAtOnce: limit }: GuardLimits): boolean {
  return limit !== null && ofSource >= limit.from && removed * 100 > limit.percent * ofSource;
}

function removals(figures: GuardFigures, limits: GuardLimits): HoldReason[] {
  const { peopleRemoved, peopleOfSource, sourceName, membershipsRemoved, membershipsOfSource } = figures;
  const { contactsRemoved, rowsUnidentified, emptiedGroup, groupLosses } = figures;
  const found: HoldReason[] = [];
  const isOver = passes(peopleRemoved.count, peopleOfSource, limits.peopleRemoved);
  if (isOverPeople(peopleRemoved.count, peopleOfSource, limits)) {
    const limit = `${(isOver ? limits.peopleRemoved : limits.peopleRemovedAtOnce)?.percent} %`;
    found.push({
      ...{ code: "people_removed", scope: "removals", figure: peopleRemoved.count, of: peopleOfSource, limit },
      message: sentences(
        `${counted(peopleRemoved.count, "person", "people")} would be deleted: ${percentage(peopleRemoved.count, peopleOfSource)} of the ${numeral(peopleOfSource)} of ${sourceName} (limit ${limit}).`,
        emptiedGroup &&
          `${numeral(emptiedGroup.people)} of them are in ${emptiedGroup.groupId}, which this file names nowhere: probably a missing part of the extract.`,
      ),
      advice: approveAdvice,
      examples: peopleRemoved.examples,
    });
  }
  if (passes(membershipsRemoved, membershipsOfSource, limits.membershipsRemoved)) {
    const limit = `${limits.membershipsRemoved?.percent} %`;
    found.push({
      ...{ code: "memberships_removed", scope: "removals", figure: membershipsRemoved, of: membershipsOfSource, limit },
      message: `${counted(membershipsRemoved, "membership", "memberships")} would end: ${percentage(membershipsRemoved, membershipsOfSource)} of the ${numeral(membershipsOfSource)} of ${sourceName} (limit ${limit}).`,
      advice: approveAdvice,
      examples: groupLosses.slice(0, 10).map(({ groupId, lost, members }) => `${groupId}: ${lost} of ${members}`),
    });
  }
  const losing = groupLosses.filter((group) => losesTooMany(group, limits));
  const [worst] = losing;
  if (worst) {
    const limit = `${worst.guardPercent ?? limits.groupMembersRemoved?.percent} %`;
    found.push({
      ...{ code: "group_members_removed", scope: "removals", figure: worst.lost, of: worst.members, limit },
      message: sentences(
        `${worst.groupId} would lose ${numeral(worst.lost)} of its ${counted(worst.members, "member", "members")} (${percentage(worst.lost, worst.members)}; limit ${limit}).`,
        losing.length > 1 && `So would ${counted(losing.length - 1, "other group", "other groups")} lose too many.`,
      ),
      advice: approveAdvice,
      examples: losing.slice(0, 10).map(({ groupId, lost, members }) => `${groupId}: ${lost} of ${members}`),
    });
  }
  if (passes(contactsRemoved.count, peopleOfSource, limits.contactsRemoved)) {
    const limit = `${limits.contactsRemoved?.percent} %`;
    found.push({
      ...{ code: "contacts_removed", scope: "removals", figure: contactsRemoved.count, of: peopleOfSource, limit },
      message: `${counted(contactsRemoved.count, "person", "people")} would lose an e-mail or a phone: ${percentage(contactsRemoved.count, peopleOfSource)} of the ${numeral(peopleOfSource)} of ${sourceName} (limit ${limit}). Probably a column is missing values.`,
      advice: approveAdvice,
      examples: contactsRemoved.examples,
    });
  }
  const removesAnything = peopleRemoved.count > 0 || membershipsRemoved > 0 || contactsRemoved.count > 0;
  if (figures.silenceRemoves && removesAnything && couldPass(rowsUnidentified.count, limits.rowsUnidentified)) {
    const { count } = rowsUnidentified;
    found.push({
      ...{ code: "rows_unidentified", scope: "removals", figure: count, of: figures.rows },
      limit: String(limits.rowsUnidentified?.above),
      message: `${counted(count, "row names", "rows name")} nobody who could be read, so that nobody can say whom the file leaves out.`,
      advice: "Correct those rows and send the file again; this hold closes itself.",
      examples: rowsUnidentified.examples,
    });
  }
  return found;
}

function losesTooMany({ members, lost, isProtected, guardPercent }: GroupLoss, limits: GuardLimits): boolean {
  const { groupMembersRemoved: limit } = limits;
  if (guardPercent !== null) return lost * 100 > guardPercent * members;
  return limit !== null && (isProtected || members >= limit.from) && lost * 100 > limit.percent * members;
}

function rows(figures: GuardFigures, limits: GuardLimits): HoldReason[] {
  const { isRoster, peopleInFile, peopleInLastRoster: last, sourceName, rowsFailed, groupsUnknown } = figures;
  const found: HoldReason[] = [];
  const { peopleMissing, rowsFailed: failedLimit } = limits;
  if (isRoster && last !== null && peopleMissing && last >= peopleMissing.from) {
    if ((last - peopleInFile) * 100 > peopleMissing.percent * last) {
      found.push({
        ...{ code: "people_missing", scope: "everything", figure: peopleInFile, of: last },
        limit: `${peopleMissing.percent} %`,
        message: `The file has ${counted(peopleInFile, "person", "people")}, the last roster of ${sourceName} that was applied had ${numeral(last)}: ${percentage(last - peopleInFile, last)} fewer (limit ${peopleMissing.percent} %). The extract is probably incomplete.`,
        advice: approveAdvice,
        examples: [],
      });
    }
  }
  if (isRoster && failedLimit && figures.rows >= failedLimit.from) {
    if (rowsFailed.count * 100 > failedLimit.percent * figures.rows) {
      found.push({
        ...{ code: "rows_failed", scope: "everything", figure: rowsFailed.count, of: figures.rows },
        limit: `${failedLimit.percent} %`,
        message: `${counted(rowsFailed.count, "row", "rows")} of ${numeral(figures.rows)} (${percentage(rowsFailed.count, figures.rows)}; limit ${failedLimit.percent} %) cannot be applied.`,
        advice:
          "See the rows of the import for why, correct the export and send the file again; this hold closes itself.",
        examples: rowsFailed.examples,
      });
    }
  }
  if (passes(groupsUnknown.count, figures.groupsNamed, limits.groupsUnknown)) {
    const limit = `${limits.groupsUnknown?.percent} %`;
    found.push({
      ...{ code: "groups_unknown", scope: "everything", figure: groupsUnknown.count, of: figures.groupsNamed, limit },
      message: `${numeral(groupsUnknown.count)} of ${numeral(figures.groupsNamed)} memberships that the file names (${percentage(groupsUnknown.count, figures.groupsNamed)}; limit ${limit}) are in groups that do not exist.`,
      advice:
        "Create the groups, or let imports create them (createGroups), and send the file again. If those people shall do without the groups, approve the plan.",
      examples: groupsUnknown.examples,
    });
  }
  return found;
}

function identity(figures: GuardFigures, limits: GuardLimits): HoldReason[] {
  const { identifiersChanged: changed, peopleOfAnotherSource: others, peopleInFile, sourceName } = figures;
  const found: HoldReason[] = [];
  if (passes(changed.count, peopleInFile, limits.identifiersChanged)) {
    const limit = `${limits.identifiersChanged?.percent} %`;
    const explained = changed.zerosLost * 2 > changed.count;
    found.push({
      ...{ code: "identifiers_changed", scope: "everything", figure: changed.count, of: peopleInFile, limit },
      message: sentences(
        `${numeral(changed.count)} of ${numeral(peopleInFile)} people (${percentage(changed.count, peopleInFile)}; limit ${limit}) arrive under another databaseID or userID${explained && changed.lostZero ? `, e.g. ${changed.lostZero}` : ""}.`,
        explained && "Leading zeros look lost, as when a spreadsheet saves the file.",
      ),
      advice: explained
        ? "Export again as text. Do not approve unless everybody was renumbered."
        : `If everybody was renumbered, or the file is not of ${sourceName}, see to that first. Approve the plan only if these are other people, or are to be taken for others.`,
      examples: changed.examples,
    });
  }
  if (figures.peopleOfSource > 0 && passes(others.count, peopleInFile, limits.peopleOfAnotherSource)) {
    const limit = `${limits.peopleOfAnotherSource?.percent} %`;
    found.push({
      ...{ code: "people_of_another_source", scope: "everything", figure: others.count, of: peopleInFile, limit },
      message: `${numeral(others.count)} of ${numeral(peopleInFile)} people (${percentage(others.count, peopleInFile)}; limit ${limit}) are known from ${others.source ?? "another source"} and not from ${sourceName}: probably the file of another source was sent.`,
      advice: `Send it again as ${others.source ?? "the source that it is of"}, and the file of ${sourceName} here; this hold closes itself. If these people are new in ${sourceName}, approve the plan.`,
      examples: others.examples,
    });
  }
  return found;
}

const sentences = (...parts: readonly (string | false | null)[]) => parts.filter(Boolean).join(" ");
