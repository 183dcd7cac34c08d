/** The longest wait of an import for earlier ones, in milliseconds. */
export const importPatience = 3_600_000;
