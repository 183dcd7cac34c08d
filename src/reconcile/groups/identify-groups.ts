import { groupNameLength } from "../../directory/group-codes.ts";
import { foldCase } from "../../directory/text.ts";
import type { RowIssue } from "../../errors.ts";
import { valueInvalid } from "../../intake/issues.ts";
import { damagesText, hasLostLetters } from "../../intake/lost-letters.ts";
import { lostLetters } from "../records/record-values.ts";
import type { GroupRow } from "./normalize-group.ts";

/** The keys that identify a stored group. */
export interface KnownGroup {
  readonly groupId: string;
  readonly name: string;
  /** The name as compared. */
  readonly nameNormalized: string;
}

/** A row whose group is known: a stored one, or a new one. */
export interface IdentifiedRow<Stored extends KnownGroup> {
  readonly row: GroupRow;
  /** Undefined: there is no such group. */
  readonly stored: Stored | undefined;
  /** The group's name: the stored name, else the name in the row, else its id. */
  readonly name: string;
}

/** Finds the group of each row of a file. */
export interface IdentifiedRows<Stored extends KnownGroup> {
  /** In the order of the file, without those that failed. */
  readonly rows: readonly IdentifiedRow<Stored>[];
  /** Why rows failed, by row; those that had failed before included. */
  readonly failures: ReadonlyMap<number, RowIssue>;
}

/**
 * Finds out which group each row is about (file formats, section 6): by its id, else by its name without regard to
 * case. A name cannot be changed, nor given twice. Rows about the same group fail, all of them: nobody knows which one
 * is meant. That a row failed by itself does not excuse the other.
 */
export function identifyGroups<Stored extends KnownGroup>(
  rows: readonly GroupRow[],
  groups: readonly Stored[],
): IdentifiedRows<Stored> {
  const byId = new Map(groups.map((group) => [group.groupId, group]));
  const byName = new Map(groups.map((group) => [group.nameNormalized, group]));
  const failures = new Map<number, RowIssue>();
  const identified: IdentifiedRow<Stored>[] = [];
  const seen = new Map<string, GroupRow>();
  for (const row of rows) {
    const name = row.name ?? row.groupId ?? "";
    const nameNormalized = foldCase(name);
    const stored = row.groupId === undefined ? byName.get(nameNormalized) : byId.get(row.groupId);
    const failure = row.failure ?? nameFailure(row, name, stored, byName.get(nameNormalized));
    if (failure) failures.set(row.row, failure);
    for (const key of keysOf(row, nameNormalized, stored)) {
      const other = seen.get(key);
      if (other === undefined) seen.set(key, row);
      else if (other !== row) failTogether(failures, row, other);
    }
    identified.push({ row, stored, name: stored?.name ?? name });
  }
  return { rows: identified.filter(({ row }) => !failures.has(row.row)), failures };
}

/** Returns the keys that no two rows of a file may share. */
function keysOf({ groupId, name }: GroupRow, nameNormalized: string, stored: KnownGroup | undefined): string[] {
  if (stored) return [`id ${stored.groupId}`, `name ${stored.nameNormalized}`];
  if (groupId !== undefined) return [`id ${groupId}`, `name ${nameNormalized}`];
  return name === undefined ? [] : [`name ${nameNormalized}`];
}

function nameFailure(
  row: GroupRow,
  name: string,
  stored: KnownGroup | undefined,
  holder: KnownGroup | undefined,
): RowIssue | undefined {
  if (stored) {
    if (row.nameNormalized === undefined || row.nameNormalized === stored.nameNormalized) return undefined;
    if (damagesText(stored.name, row.name ?? "")) return undefined;
    return valueInvalid("name", `the group ${stored.groupId} is called ${stored.name}, and a name can't be changed`);
  }
  if (row.action !== "save") return undefined;
  if (hasLostLetters(row.groupId ?? "")) return valueInvalid("groupID", lostLetters);
  if (hasLostLetters(name)) return valueInvalid("name", lostLetters);
  if (holder) return valueInvalid("name", `it is the name of the group ${holder.groupId}`);
  if (name.length <= groupNameLength) return undefined;
  return valueInvalid("name", `it is needed: the groupID has more than the ${groupNameLength} characters of a name`);
}

function failTogether(failures: Map<number, RowIssue>, one: GroupRow, other: GroupRow): void {
  for (const [row, twin] of [
    [one, other],
    [other, one],
  ] as const) {
    if (failures.has(row.row)) continue;
    const field = row.name === undefined ? "groupID" : "name";
    const reason = `line ${twin.line.toLocaleString("en-US")} is about the same group, and nobody knows which of them is meant`;
    failures.set(row.row, valueInvalid(field, reason));
  }
}
