/** A count, with up to ten examples of the things counted. */
export interface Figure {
  readonly count: number;
  readonly examples: string[];
}

/** A group that would lose members. */
export interface GroupLoss {
  readonly groupId: string;
  readonly members: number;
  readonly lost: number;
  /** True for emergency alerts, and for groups marked as protected. */
  readonly isProtected: boolean;
  /** The group's own limit. */
  readonly guardPercent: number | null;
}

/** A location that would lose people. */
export interface LocationLoss {
  readonly name: string;
  readonly people: number;
  readonly lost: number;
  /** Of these, the people who are deleted, or whose location is. The others get another location, or none. */
  readonly deleted: number;
}

/** The effects of an import, as far as the limits ask for them. */
export interface GuardFigures {
  readonly isRoster: boolean;
  /** True if the file removes what it does not name: it is a roster, or members leave groups whose roster it is. */
  readonly silenceRemoves: boolean;
  readonly sourceName: string;
  /** People whom the source claims before the import. */
  readonly peopleOfSource: number;
  readonly membershipsOfSource: number;
  readonly peopleRemoved: Figure;
  /** People whom earlier imports of the source deleted within `removalDays`, without a decision or an announcement. */
  readonly peopleRemovedBefore: number;
  readonly membershipsRemoved: number;
  readonly groupLosses: readonly GroupLoss[];
  readonly locationLosses: readonly LocationLoss[];
  /** The group that most of the removed people are in, if it loses all its people of this source. */
  readonly emptiedGroup: { readonly groupId: string; readonly people: number } | null;
  readonly contactsRemoved: Figure;
  readonly peopleInFile: number;
  /** People in the last roster of the source that was applied; null if no roster was. */
  readonly peopleInLastRoster: number | null;
  readonly rows: number;
  readonly rowsFailed: Figure;
  readonly rowsUnidentified: Figure;
  readonly groupsNamed: number;
  readonly groupsUnknown: Figure;
  readonly identifiersChanged: Figure & {
    /** Changed identifiers whose old value begins with zeros that the new value lacks. */
    readonly zerosLost: number;
    /** The first of these, `00123456 → 123456`, and its line. */
    readonly lostZero: string | null;
  };
  readonly peopleOfAnotherSource: Figure & { readonly source: string | null };
  /** People whom the import adds. */
  readonly peopleNew: number;
  /** People of the source whose names change otherwise than by a swap. */
  readonly namesChanged: Figure;
  readonly namesSwapped: Figure;
  /** People of the source who get an e-mail or a phone that belonged to another of them. */
  readonly contactsOfOthers: Figure;
  /** People of the source who get an e-mail or a phone that many of them get: probably a placeholder. */
  readonly contactsShared: Figure;
  /** People, also of other sources, who arrive with another name and e-mail under one identifier. */
  readonly peopleReplaced: Figure;
  /** People who get a role above member that they have in no group. */
  readonly rolesGranted: Figure;
  /** People of the source whose text in the file lost letters. */
  readonly lettersLost: Figure;
}

/** The figures of values that change. */
export const valueFigures = [
  "namesChanged",
  "namesSwapped",
  "contactsOfOthers",
  "contactsShared",
  "peopleReplaced",
  "rolesGranted",
  "lettersLost",
] as const;
export type ValueFigure = (typeof valueFigures)[number];

const nothing: Figure = { count: 0, examples: [] };

/** The figures of an import that removes nothing and has nothing wrong. */
export const nothingFound: Omit<GuardFigures, "isRoster" | "sourceName" | "rows"> = {
  silenceRemoves: false,
  peopleOfSource: 0,
  membershipsOfSource: 0,
  membershipsRemoved: 0,
  groupLosses: [],
  locationLosses: [],
  peopleRemoved: nothing,
  peopleRemovedBefore: 0,
  contactsRemoved: nothing,
  rowsFailed: nothing,
  rowsUnidentified: nothing,
  emptiedGroup: null,
  peopleInFile: 0,
  peopleInLastRoster: null,
  groupsNamed: 0,
  groupsUnknown: nothing,
  identifiersChanged: { ...nothing, zerosLost: 0, lostZero: null },
  peopleOfAnotherSource: { ...nothing, source: null },
  peopleNew: 0,
  namesChanged: nothing,
  namesSwapped: nothing,
  contactsOfOthers: nothing,
  contactsShared: nothing,
  peopleReplaced: nothing,
  rolesGranted: nothing,
  lettersLost: nothing,
};
