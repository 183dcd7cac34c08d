import type { Style } from "../../organizations/settings.ts";

/** The rules by which a style reads a file of users (file formats, section 5). */
export interface StyleRules {
  /** The file is a roster: its silence removes people of its source. */
  readonly deletesAbsentPeople: boolean;
  /** People without a group stay, even if a roster does not name them. */
  readonly sparesPeopleWithoutGroups: boolean;
  /** Every row replaces the data that its source brought. Otherwise only rows with a databaseID do. */
  readonly replacesWithoutDatabaseId: boolean;
  /** The groups of a row replace the memberships that its source brought. */
  readonly replacesGroups: boolean;
  /** The source is retired: its claims end in groups of every style, also to people and memberships that are protected. */
  readonly retires: boolean;
}

const rules: Readonly<Record<Style, StyleRules>> = {
  normal: {
    deletesAbsentPeople: false,
    sparesPeopleWithoutGroups: false,
    replacesWithoutDatabaseId: false,
    replacesGroups: false,
    retires: false,
  },
  "active-roster": {
    deletesAbsentPeople: true,
    sparesPeopleWithoutGroups: false,
    replacesWithoutDatabaseId: false,
    replacesGroups: false,
    retires: false,
  },
  purge: {
    deletesAbsentPeople: true,
    sparesPeopleWithoutGroups: true,
    replacesWithoutDatabaseId: true,
    replacesGroups: true,
    retires: false,
  },
};

/** Returns the rules of a style. */
export const styleRules = (style: Style): StyleRules => rules[style];

/** The rules by which a source is retired: it is read like a roster in which nobody appears. */
export const retirementRules: StyleRules = { ...rules["active-roster"], retires: true };
