import { roles } from "../organizations/settings.ts";

/** Explains the number of a role, as in `Role: 0 member, …`. */
export const roleNames = `Role: ${roles.map((role, number) => `${number} ${role}`).join(", ")}.`;
