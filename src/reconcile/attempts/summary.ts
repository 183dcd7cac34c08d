import { counted, numeral } from "../numerals.ts";
import type { ImportKind } from "../receive/request.ts";
import type { ImportCounts, ImportResource } from "./types.ts";

type Summarized = Pick<
  ImportResource,
  "kind" | "status" | "dryRun" | "counts" | "problem" | "source" | "hold" | "decision" | "planHash" | "createdAt"
>;

/**
 * What became of an import, in a few sentences for a person. People who get no alerts come first (file formats,
 * section 1).
 * @param timeZone IANA name: times are told as the organization's clocks show them
 */
export function summarize(resource: Summarized, timeZone: string): string {
  const name = resource.source.fileName ?? resource.source.name;
  if (resource.problem) {
    const { detail, lastRoster } = resource.problem;
    const last = lastRoster
      ? ` Alerts still use the roster of ${clockTime(lastRoster.at, timeZone)} (${counted(lastRoster.people, "person", "people")}).`
      : "";
    return `REFUSED, nothing changed: ${name}. ${detail}${last}`;
  }
  if (!resource.counts) return `${name}: ${resource.status}.`;
  if (resource.decision) return decided(resource, resource.counts, timeZone);
  if (resource.hold && !resource.dryRun) return held(resource, resource.counts, timeZone);
  const would = resource.hold ? ` It would be held (${resource.hold.scope}): ${messages(resource)}` : "";
  return `${done(resource.kind, resource.counts, resource.dryRun)}${would}`;
}

const messages = ({ hold }: Summarized) => hold?.reasons.map(({ message }) => message).join(" ") ?? "";

/** The first characters of a plan's hash tell plans of a night apart. */
const plan = ({ planHash }: Summarized) => `plan ${planHash?.slice(0, 4)}`;

function held(resource: Summarized, counts: ImportCounts, timeZone: string): string {
  const { kind, source, hold, createdAt } = resource;
  if (hold?.scope === "removals") {
    const read = kind === "users" ? counted(counts.people, "person", "people") : counted(counts.rows, "row", "rows");
    return [
      `HELD, removals only: ${kind === "users" ? source.name : kind}, ${clockTime(createdAt, timeZone)}.`,
      `${read} read; ${numeral(counts.added)} added and ${numeral(counts.updated)} updated are live.`,
      `What this file takes away waits: ${messages(resource)}`,
      `${kind === "users" ? "Nobody was deleted" : "Nothing was deleted or emptied"}. If wrong: fix and send again; this hold closes itself. If right: approve ${plan(resource)}.`,
    ].join(" ");
  }
  const advice = [...new Set(hold?.reasons.map((reason) => reason.advice))].join(" ");
  return `HELD, nothing applied: ${source.fileName ?? source.name}. ${messages(resource)} ${advice} It is ${plan(resource)}.`;
}

function decided(resource: Summarized, counts: ImportCounts, timeZone: string): string {
  const { kind, decision, hold } = resource;
  const by = `${decision?.decidedBy ?? "nobody"}, ${clockTime(decision?.at ?? "", timeZone)}`;
  if (decision?.outcome === "approved") return `${done(kind, counts, false)} What was held was approved by ${by}.`;
  const applied = hold?.scope === "removals" ? ` ${done(kind, counts, false)}` : " Nothing was applied.";
  if (decision?.outcome === "discarded") return `DISCARDED by ${by}: what was held is not applied.${applied}`;
  return `SUPERSEDED by a later import of ${resource.source.name}: what was held is not applied.${applied}`;
}

/** `23 Nov 02:04`, on the clocks of the time zone. */
export function clockTime(time: string, timeZone: string): string {
  const date = new Date(time);
  const parts = (zone: string) =>
    new Intl.DateTimeFormat("en-GB", {
      ...{ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone },
    })
      .format(date)
      .replace(",", "");
  try {
    return parts(timeZone);
  } catch {
    return `${parts("UTC")} UTC`;
  }
}

const nouns: Readonly<Record<ImportKind, readonly [one: string, many: string]>> = {
  users: ["person", "people"],
  groups: ["group", "groups"],
  locations: ["location", "locations"],
};

function done(kind: ImportKind, counts: ImportCounts, dryRun: boolean): string {
  const sentences: string[] = [];
  if (counts.notAdded > 0) {
    const verb = dryRun ? "would NOT be" : counts.notAdded === 1 ? "was NOT" : "were NOT";
    const get = dryRun ? "would get" : counts.notAdded === 1 ? "gets" : "get";
    const alerts = kind === "users" ? ` and ${get} no alerts` : "";
    sentences.push(`${counted(counts.notAdded, ...nouns[kind])} ${verb} added${alerts}.`);
  }
  const parts = [
    `${numeral(counts.added)} added`,
    `${numeral(counts.updated)} updated`,
    `${numeral(counts.unchanged)} unchanged`,
    ...(counts.removed > 0 ? [`${numeral(counts.removed)} removed`] : []),
  ];
  sentences.push(`${counted(counts.rows, "row", "rows")} read; ${dryRun ? "would be: " : ""}${parts.join(", ")}.`);
  if (counts.withdrawn > 0) {
    const verb = dryRun ? "would lose" : counts.withdrawn === 1 ? "has lost" : "have lost";
    sentences.push(
      `${counted(counts.withdrawn, "person who is", "people who are")} not in the file ${verb} what this source brought and stay, since others have them.`,
    );
  }
  if (counts.kept > 0) {
    sentences.push(
      `${counted(counts.kept, "person who is", "people who are")} not in the file ${counts.kept === 1 ? "is" : "are"} protected and ${counts.kept === 1 ? "stays" : "stay"}.`,
    );
  }
  if (counts.failed > 0) sentences.push(`${counted(counts.failed, "row", "rows")} failed.`);
  if (counts.warnings > 0) sentences.push(`${counted(counts.warnings, "row has", "rows have")} warnings.`);
  if (counts.groupsCreated > 0)
    sentences.push(`${counted(counts.groupsCreated, "group", "groups")} ${dryRun ? "would be " : ""}created.`);
  return sentences.join(" ");
}
