/** Codes of groups (file formats, section 6): the number that feeds and the API write, and its name. */

export const groupCategories = {
  1: "General",
  2: "Classifieds",
  3: "Class Year",
  4: "School Status",
  5: "Field of Study",
  6: "Residence",
  7: "Greek",
  8: "Club",
  9: "Course",
  10: "Sport",
  11: "Careers",
  12: "Emergency Alerts",
  13: "Schools/Colleges",
  14: "Branch Campuses",
  15: "Institutes & Centers",
  16: "Offices & Services",
  21: "Parent",
  22: "Community",
} as const;

/** The category of groups that must reach everybody. Taking one apart needs the number of its members. */
export const emergencyAlerts = 12;

export const groupTypes = { 1: "Open discussion", 2: "Announcement only" } as const;

export const groupPrivacies = {
  1: "Public: anyone joins",
  2: "Private: visible, joins on approval",
  3: "Secret: seen by its members, its administrators and network administrators only",
} as const;

/** Styles of a group's memberships; a group without one has the import's (file formats, section 5). */
export const groupStyles = ["static", "normal", "active-roster", "purge"] as const;
export type GroupStyle = (typeof groupStyles)[number];

/** Orders of a groupID column, and the remains of them in a spreadsheet (file formats, section 3). No group has such an id. */
export const reservedGroupIds = ["0", "1", "2", "00000", "00001", "00002"] as const;

/** A group's id in feeds: no white space, no separators of the groupID column, no control characters. */
export const groupIdPattern = /^[^\s|;\p{Cc}\p{Cs}]{1,100}$/u;

/** Most characters of a group's name: "under 50" (file formats, section 6). */
export const groupNameLength = 49;
