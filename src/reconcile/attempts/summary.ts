import { rowIssues } from "../../errors.ts";
import { encodingTitles } from "../../intake/encoding-labels.ts";
import type { Encoding, FileFormat, Reading } from "../../intake/reading.ts";
import { counted, numeral } from "../numerals.ts";
import type { ImportKind } from "../receive/request.ts";
import type { ImportCounts, ImportResource } from "./import-resource.ts";
import type { CommonFailure } from "./outcomes.ts";

interface Summarized
  extends Pick<
    ImportResource,
    "kind" | "status" | "dryRun" | "counts" | "problem" | "source" | "hold" | "decision" | "planHash" | "createdAt"
  > {
  /** The reason of all failed rows, if there are several and they have one. */
  readonly commonFailure?: CommonFailure | null;
}

/**
 * Describes the outcome of an import in a few sentences. People who get no alerts come first (file formats,
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
  const parts = [outcome(resource, resource.counts, timeZone), ...commonReason(resource), ...scattered(resource)];
  return [...parts, ...unread(resource.source.reading)].join(" ");
}

function outcome(resource: Summarized, counts: ImportCounts, timeZone: string): string {
  if (resource.decision) return decided(resource, counts, timeZone);
  if (resource.hold && !resource.dryRun) return held(resource, counts, timeZone);
  const would = resource.hold ? ` It would be held (${resource.hold.scope}): ${messages(resource)}` : "";
  return `${done(resource.kind, counts, resource.dryRun)}${would}`;
}

/** Tells the one cause of many failures. */
function commonReason({ commonFailure, counts, source }: Summarized): string[] {
  if (!commonFailure || counts === null) return [];
  const { code, details } = commonFailure;
  const all = counts.failed === counts.rows ? "Every row failed for" : "All failed rows have";
  const message = rowIssues[code].message(details);
  const isUnread = code === "required_missing" && (source.reading?.ignored.length ?? 0) > 0;
  const hint = isUnread ? ` Check if a name that was not read holds ${String(details.field)}.` : "";
  return [`${all} one reason. The first: ${message}${hint}`];
}

/** Fewer new groups are not worth a remark. */
const fewestGroups = 20;

/** Notes a first file in which hardly two people share a group: its groupID is probably a list, or identifies people. */
function scattered({ kind, counts }: Summarized): string[] {
  if (kind !== "users" || counts === null) return [];
  const { groupsCreated, membershipsAdded, added, people } = counts;
  if (groupsCreated < fewestGroups || added < people || membershipsAdded * 2 > groupsCreated * 3) return [];
  const found = `${numeral(groupsCreated)} new groups have ${numeral(membershipsAdded)} memberships in all, so most have one member.`;
  return [`${found} Check groupID: it may be a list that is not separated by ;, or hold something else than groups.`];
}

/** ISO-8859-1 is read as Windows-1252, so that nobody knows which of both was named. */
const declaredTitle = (encoding: Encoding) =>
  encoding === "windows-1252" ? "ISO-8859-1 or Windows-1252" : encodingTitles[encoding];

const unreadParts: Readonly<Record<FileFormat, string>> = { csv: "Columns", json: "Members", xml: "Elements" };

/** Names everything in the file that no value was read from, so that nothing is dropped silently. */
function unread(reading: Reading | null): string[] {
  if (reading === null) return [];
  const { format, encodingDeclared, ignored, passedOver = [] } = reading;
  const lines = passedOver.map(({ line, text }) => `${numeral(line)} ("${text}")`);
  return [
    ...(encodingDeclared === undefined
      ? []
      : [
          `The file was read as UTF-8, although the content type or the XML declaration says ${declaredTitle(encodingDeclared)}. Correct that.`,
        ]),
    ...(ignored.length === 0
      ? []
      : [`${unreadParts[format]} that were not read: ${ignored.map((name) => `"${name}"`).join(", ")}.`]),
    ...(lines.length === 0 ? [] : [`Lines that were passed over: ${lines.join(", ")}.`]),
  ];
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
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      timeZone: zone,
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
  retirement: ["person", "people"],
};

/** The sentences about the counts of an import, without counts of 0. */
function done(kind: ImportKind, counts: ImportCounts, dryRun: boolean): string {
  if (kind === "retirement") return retiredSentence(counts, dryRun);
  const { notAdded, withdrawn, kept, failed, warnings, merged, groupsCreated } = counts;
  const sentences = [
    notAdded > 0 && notAddedSentence(kind, notAdded, dryRun),
    rowsSentence(counts, dryRun),
    withdrawn > 0 && withdrawnSentence(withdrawn, dryRun),
    kept > 0 && keptSentence(kept),
    failed > 0 && `${counted(failed, "row", "rows")} failed.`,
    warnings > 0 && `${counted(warnings, "row has", "rows have")} warnings.`,
    merged > 0 &&
      `${counted(merged, "row", "rows")} ${dryRun ? "would be" : merged === 1 ? "was" : "were"} merged into other rows of the same people.`,
    groupsCreated > 0 && `${counted(groupsCreated, "group", "groups")} ${dryRun ? "would be " : ""}created.`,
  ];
  return sentences.filter(Boolean).join(" ");
}

function retiredSentence({ removed, withdrawn }: ImportCounts, dryRun: boolean): string {
  const [is, are] = dryRun ? ["would be", "would be"] : ["was", removed === 1 ? "was" : "were"];
  const stay = `${counted(withdrawn, "person", "people")} of it ${dryRun ? "would stay" : withdrawn === 1 ? "stays" : "stay"}.`;
  return `The source ${is} retired. ${counted(removed, "person", "people")} ${are} removed; ${stay}`;
}

function notAddedSentence(kind: ImportKind, notAdded: number, dryRun: boolean): string {
  const [is, gets] = dryRun ? ["would", "would get"] : notAdded === 1 ? ["was", "gets"] : ["were", "get"];
  const alerts = kind === "users" ? ` and ${gets} no alerts` : "";
  return `${counted(notAdded, ...nouns[kind])} ${is} NOT ${dryRun ? "be " : ""}added${alerts}.`;
}

function rowsSentence({ rows, added, returned, updated, unchanged, removed }: ImportCounts, dryRun: boolean): string {
  const parts = [
    `${numeral(added)} added${returned > 0 ? ` (${numeral(returned)} returned)` : ""}`,
    `${numeral(updated)} updated`,
    `${numeral(unchanged)} unchanged`,
    ...(removed > 0 ? [`${numeral(removed)} removed`] : []),
  ];
  return `${counted(rows, "row", "rows")} read; ${dryRun ? "would be: " : ""}${parts.join(", ")}.`;
}

function withdrawnSentence(withdrawn: number, dryRun: boolean): string {
  const isOne = withdrawn === 1;
  const loses = dryRun ? "would lose" : isOne ? "has lost" : "have lost";
  return `${counted(withdrawn, "person who is", "people who are")} not in the file ${loses} what this source brought and ${isOne && !dryRun ? "stays" : "stay"}, since others have them.`;
}

function keptSentence(kept: number): string {
  const [are, stay] = kept === 1 ? ["is", "stays"] : ["are", "stay"];
  return `${counted(kept, "person who is", "people who are")} not in the file ${are} protected and ${stay}.`;
}
