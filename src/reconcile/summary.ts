import type { ImportCounts, ImportResource } from "./types.ts";

const number = (count: number) => count.toLocaleString("en");
const counted = (count: number, one: string, many: string) => `${number(count)} ${count === 1 ? one : many}`;

/**
 * What became of an import, in a few sentences for a person. People who get no alerts come first (feed formats,
 * section 1).
 */
export function summarize(
  resource: Pick<ImportResource, "status" | "dryRun" | "counts" | "problem" | "source">,
): string {
  const name = resource.source.fileName ?? resource.source.name;
  if (resource.problem) return `REFUSED, nothing changed: ${name}. ${resource.problem.detail}`;
  if (resource.counts) return done(resource.counts, resource.dryRun);
  return `${name}: ${resource.status}.`;
}

function done(counts: ImportCounts, dryRun: boolean): string {
  const sentences: string[] = [];
  if (counts.notAdded > 0) {
    const verb = dryRun ? "would NOT be" : counts.notAdded === 1 ? "was NOT" : "were NOT";
    sentences.push(
      `${counted(counts.notAdded, "person", "people")} ${verb} added and ${counts.notAdded === 1 ? "gets" : "get"} no alerts.`,
    );
  }
  const parts = [
    `${number(counts.added)} added`,
    `${number(counts.updated)} updated`,
    `${number(counts.unchanged)} unchanged`,
    ...(counts.removed > 0 ? [`${number(counts.removed)} removed`] : []),
  ];
  sentences.push(`${counted(counts.rows, "row", "rows")} read; ${dryRun ? "would be: " : ""}${parts.join(", ")}.`);
  if (counts.failed > 0) sentences.push(`${counted(counts.failed, "row", "rows")} failed.`);
  if (counts.warnings > 0) sentences.push(`${counted(counts.warnings, "row has", "rows have")} warnings.`);
  if (counts.groupsCreated > 0)
    sentences.push(`${counted(counts.groupsCreated, "group", "groups")} ${dryRun ? "would be " : ""}created.`);
  return sentences.join(" ");
}
