import type { Problem } from "./problems.ts";

/** A problem for a person at a terminal. */
export function problemText(problem: Problem): string {
  const { code, detail, importId } = problem;
  const lines = [`Refused (${code}): ${detail}${placeText(problem)}`, ...(importId ? ["", `Import ${importId}`] : [])];
  return `${lines.map(printable).join("\n")}\n`;
}

/** ` Line 3, column 9.`, unless the detail has said so, or there is no place. */
export function placeText({ detail, line, column = 1 }: Pick<Problem, "detail" | "line" | "column">): string {
  if (line === undefined || new RegExp(`\\bline ${line}\\b`, "i").test(detail)) return "";
  return ` Line ${line}, column ${column}.`;
}

/** A sender's text must not control the terminal of its reader. */
export function printable(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}
