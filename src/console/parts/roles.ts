/** Roles in a group, by their number (docs/reference/roles.md). */
export const roleNames: Readonly<Record<number, string>> = {
  0: "Member",
  1: "Full administrator",
  2: "Network administrator",
  3: "Limited administrator",
  4: "Authorized sender",
};

/** The roles as choices of a field. */
export const roleChoices = Object.entries(roleNames).map(([value, label]) => ({ value, label }));
