import { locationNamePattern } from "../../directory/location-document.ts";
import { compareBytes, foldCase } from "../../directory/text.ts";
import type { RowIssue } from "../../errors.ts";
import { limits } from "../../intake/limits.ts";
import type { LocationRecord } from "../../intake/location-columns.ts";
import { hasLostLetters } from "../../intake/lost-letters.ts";
import { scalarField } from "../../person/fields.ts";
import { readGroupId } from "../records/group-id.ts";
import {
  createRecordReader,
  failureOfCutRow,
  lostLetters,
  present,
  type Unreadable,
  wordReader,
} from "../records/record-values.ts";

/** The action that a row asks for: create or update it, update it only if there is one, or delete it. */
export type LocationAction = "save" | "modify" | "delete";

/** A row of a file of locations (file formats, section 7). It has a name, unless it failed. */
export interface LocationRow {
  /** 1-based; so is `line`. */
  readonly row: number;
  readonly line: number;
  readonly action: LocationAction;
  readonly name?: string;
  /** The name as compared. */
  readonly nameNormalized?: string;
  /** Ids of its groups, each once, byte by byte in their order. Absent: the row says nothing of them. */
  readonly groups?: readonly string[];
  /** Why the row cannot be applied; its name is kept if it can be read. */
  readonly failure?: RowIssue;
}

/** Checks and reads a record of a location. Any value that cannot be taken makes the row fail. */
export function normalizeLocation(record: LocationRecord): LocationRow {
  const { read, fail, failure } = createRecordReader(record);
  const name = read<string | undefined>("name", undefined, readName);
  const action = read<LocationAction>("action", "save", wordReader(["modify", "delete"])) ?? "save";
  const groups = read<readonly string[]>("groupID", [], readGroups);
  if (name === undefined) fail("name", "it is blank, and every location needs one");
  const { row, line } = record;
  const cut = failureOfCutRow(record, action, name);
  if (cut) return { row, line, action, failure: failure() ?? cut };
  const nameNormalized = name === undefined ? undefined : foldCase(name);
  return { row, line, action, ...present({ name, nameNormalized, groups, failure: failure() }) };
}

function readName(text: string): string | Unreadable {
  const name = text.normalize("NFC");
  const limit = scalarField("location").limit;
  if (name.length > limit) return { reason: `it has more than ${limit} characters` };
  if (hasLostLetters(name)) return { reason: lostLetters };
  return locationNamePattern.test(name)
    ? name
    : { reason: "the name of a location has letters and digits, in words with one space between them" };
}

function readGroups(text: string): readonly string[] | Unreadable {
  const tokens = text.split(";").map((token) => token.trim());
  const groups = new Set<string>();
  for (const token of tokens.filter((token) => token !== "")) {
    const groupId = readGroupId(token);
    if (typeof groupId !== "string") return groupId;
    groups.add(groupId);
  }
  if (groups.size > limits.user.groups) return { reason: `there are more than ${limits.user.groups} groups` };
  return [...groups].sort(compareBytes);
}
