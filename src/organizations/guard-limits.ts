import { z } from "zod";

const percent = z.int().min(0).max(100);
const count = z.int().min(0).max(1_000_000);

/** A limit that is passed by more than so many percent and more than so many; null switches it off. */
const share = (defaults: { readonly percent: number; readonly above: number }) =>
  z.strictObject({ percent, above: count }).nullable().default(defaults);

/** A limit that applies from a size on and is passed by more than so many percent; null switches it off. */
const shareFrom = (defaults: { readonly percent: number; readonly from: number }) =>
  z.strictObject({ percent, from: count }).nullable().default(defaults);

/** The limits beyond which an import is held (docs/guard.md). Whatever is absent has the default given here. */
export const guardLimitsSchema = z.strictObject({
  /** True if additions and changes are applied while only removals exceed a limit. */
  applyAdditions: z.boolean().default(true),
  /** People of the source who would be deleted. */
  peopleRemoved: share({ percent: 5, above: 10 }),
  /** The same for sources of any size from `from` people on. */
  peopleRemovedAtOnce: shareFrom({ percent: 50, from: 3 }),
  /** So many days of removals count together for the two limits above; null: each import counts by itself. */
  removalDays: z.int().min(1).max(90).nullable().default(7),
  /** Memberships of the source that would end. */
  membershipsRemoved: share({ percent: 5, above: 50 }),
  /** Members of one group who would leave it: emergency alerts, protected groups, and all with `from` members or more. */
  groupMembersRemoved: shareFrom({ percent: 25, from: 1_000 }),
  /** People of one group or location who would leave it: groups and locations with `from` people or more. */
  scopeEmptied: shareFrom({ percent: 50, from: 3 }),
  /** People of the source who would lose an e-mail or a phone. */
  contactsRemoved: share({ percent: 5, above: 10 }),
  /** Rosters: how many percent fewer people than the last one of the source that was applied. */
  peopleMissing: shareFrom({ percent: 50, from: 20 }),
  /** Rosters: rows that failed. */
  rowsFailed: shareFrom({ percent: 20, from: 20 }),
  /** Rosters: rows without any readable identifier; more than so many hold removals. */
  rowsUnidentified: z.strictObject({ above: count }).nullable().default({ above: 0 }),
  /** Groups that the file names and that do not exist, of all that it names. */
  groupsUnknown: share({ percent: 5, above: 10 }),
  /** People of the file who arrive under another databaseID or userID than last time. */
  identifiersChanged: share({ percent: 1, above: 10 }),
  /** People of the file whom another source knows and this one doesn't. */
  peopleOfAnotherSource: share({ percent: 50, above: 10 }),
  /** People of the source whose first or last name would change. */
  namesChanged: share({ percent: 5, above: 10 }),
  /** People of the source whose first and last names would be swapped. */
  namesSwapped: share({ percent: 1, above: 10 }),
  /** People of the source who would get an e-mail or a phone that belonged to another of them. */
  contactsOfOthers: share({ percent: 5, above: 10 }),
  /** People of the source who would get an e-mail or a phone that many of them get. */
  contactsShared: share({ percent: 5, above: 10 }),
  /** People who arrive with another name and e-mail under one databaseID or userID. */
  peopleReplaced: share({ percent: 1, above: 10 }),
  /** People, also added ones, who would get a role above member that they have in no group. */
  rolesGranted: share({ percent: 5, above: 10 }),
  /** People of the source whose text lost letters on the way. Their stored text stays. */
  lettersLost: share({ percent: 1, above: 10 }),
  /** Any of the seven figures above, and `identifiersChanged`, in sources of any size. */
  changedAtOnce: share({ percent: 50, above: 2 }),
});

/** Limits of a source, every one present. */
export type GuardLimits = z.infer<typeof guardLimitsSchema>;
