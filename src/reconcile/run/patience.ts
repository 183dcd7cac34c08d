/** How long an import waits for those before it, in milliseconds. */
export const importPatience = 3_600_000;
