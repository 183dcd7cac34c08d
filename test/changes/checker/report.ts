import type { ToldChange, Violation } from "./history.ts";
import type { SessionReport } from "./session.ts";

/** Violations that are written out. */
const mostShown = 20;

/** Writes for people what a session found. */
export function reportText(seed: number, report: SessionReport): string {
  const { violations, changes, writes, imports, polls, crashes } = report;
  const lines = [
    `seed ${seed}: ${changes} changes by ${writes} edits and ${imports} imports, ${polls} answers of the feed, ${crashes} crashes: ${violations.length === 0 ? "as it should be" : `${violations.length} violations`}`,
    ...violations.slice(0, mostShown).flatMap(violationLines),
  ];
  if (violations.length > mostShown) lines.push(`… and ${violations.length - mostShown} more`);
  return `${lines.join("\n")}\n`;
}

function violationLines({ kind, where, message, around }: Violation): string[] {
  return [`- ${kind}: ${where}: ${message}`, ...around.map((change) => `    ${changeLine(change)}`)];
}

function changeLine({ sequence, at, type, action, id, actor, importId, changed, memberships }: ToldChange): string {
  const what = [
    ...Object.keys(changed),
    ...memberships.map(({ groupId, role }) => `${groupId} ${role.from ?? "none"}→${role.to ?? "none"}`),
  ];
  const by = importId === null ? actor : `${actor}, import ${importId}`;
  return `${sequence} ${at} ${type} ${id} ${action} by ${by}: ${what.join(", ").slice(0, 200)}`;
}
