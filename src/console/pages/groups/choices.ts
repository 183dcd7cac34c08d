/** The categories of groups, by their number (file formats, section 7). */
export const categories: Readonly<Record<number, string>> = {
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
};

export const types: Readonly<Record<number, string>> = { 1: "Open discussion", 2: "Announcement only" };

export const privacies: Readonly<Record<number, string>> = {
  1: "Public: anybody joins",
  2: "Private: visible, joins on approval",
  3: "Secret: only its members see it",
};

export const styles: Readonly<Record<string, string>> = {
  "": "As the import",
  static: "Static: imports remove nobody",
  normal: "Normal",
  "active-roster": "Active roster",
  purge: "Purge",
};

/** The choices of a field. */
export const choicesOf = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([value, label]) => ({ value, label }));
