/** Joins sentences into a text, leaving out those that do not apply. */
export const sentences = (...parts: readonly (string | false | null)[]): string => parts.filter(Boolean).join(" ");

/** The advice for removals that may be meant. */
export const approveAdvice =
  "If the file is wrong, correct it and send it again; this hold closes itself. If it is right, approve the plan.";
