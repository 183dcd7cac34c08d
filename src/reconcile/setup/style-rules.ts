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
}

const rules: Readonly<Record<Style, StyleRules>> = {
  normal: {
    deletesAbsentPeople: false,
    sparesPeopleWithoutGroups: false,
    replacesWithoutDatabaseId: false,
    replacesGroups: false,
  },
  "active-roster": {
    deletesAbsentPeople: true,
    sparesPeopleWithoutGroups: false,
    replacesWithoutDatabaseId: false,
    replacesGroups: false,
  },
  purge: {
    deletesAbsentPeople: true,
    sparesPeopleWithoutGroups: true,
    replacesWithoutDatabaseId: true,
    replacesGroups: true,
  },
};

/** Returns the rules of a style. */
export const styleRules = (style: Style): StyleRules => rules[style];
