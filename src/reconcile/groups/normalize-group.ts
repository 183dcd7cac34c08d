import type { z } from "zod";
import {
  type GroupStyle,
  groupCategories,
  groupNameLength,
  groupPrivacies,
  groupStyles,
  groupTypes,
} from "../../directory/group-codes.ts";
import { foldCase, line, paragraphs } from "../../directory/text.ts";
import type { RowIssue } from "../../errors.ts";
import type { GroupRecord } from "../../intake/group-columns.ts";
import { quoted } from "../../intake/issues.ts";
import { readGroupId } from "../records/group-id.ts";
import {
  createRecordReader,
  failureOfCutRow,
  present,
  type Read,
  type Unreadable,
  wordReader,
} from "../records/record-values.ts";

/** The action that a row asks for: create or update it, delete it, or end its memberships. */
export type GroupAction = "save" | "delete" | "purge";

/** The values of a group in a row, beside its id and name. An absent value leaves the stored one alone. */
export interface GroupValues {
  readonly category?: number;
  readonly type?: number;
  readonly privacy?: number;
  readonly postApproval?: boolean;
  readonly description?: string;
  readonly style?: GroupStyle | null;
  readonly default?: boolean;
  readonly protected?: boolean;
  readonly guardPercent?: number | null;
  readonly parentGroupId?: string | null;
}

/** A row of a file of groups (file formats, section 6). It has a `groupId` or a `name`, unless it failed. */
export interface GroupRow {
  /** 1-based; so is `line`. */
  readonly row: number;
  readonly line: number;
  readonly action: GroupAction;
  readonly groupId?: string;
  readonly name?: string;
  /** The name as compared. */
  readonly nameNormalized?: string;
  readonly values: GroupValues;
  /** Why the row cannot be applied; its id and name are kept as far as they can be read. */
  readonly failure?: RowIssue;
}

const descriptionLength = 2_000;

/**
 * Checks and reads a record of a group. Any value that cannot be taken makes the row fail: such a group is neither
 * created nor updated. A value that is present and blank takes the default of a new group; of the id and the name it
 * says nothing.
 */
export function normalizeGroup(record: GroupRecord): GroupRow {
  const { read, fail, failure } = createRecordReader(record);
  const groupId = read<string | undefined>("groupID", undefined, readGroupId);
  const name = read<string | undefined>("name", undefined, readName);
  const action = read<GroupAction>("action", "save", wordReader(["delete", "purge"])) ?? "save";
  const said = present<GroupValues>({
    category: read<number>("category", 1, codeReader(groupCategories)),
    type: read<number>("type", 1, codeReader(groupTypes)),
    privacy: read<number>("privacy", 1, codeReader(groupPrivacies)),
    postApproval: read<boolean>("postApproval", false, readFlag),
    description: read<string>("description", "", schemaReader(paragraphs(descriptionLength))),
    style: read<GroupStyle | null>("style", null, wordReader(groupStyles)),
    default: read<boolean>("default", false, readFlag),
    protected: read<boolean>("protected", false, readFlag),
    guardPercent: read<number | null>("guardPercent", null, readPercent),
    parentGroupId: read<string | null>("parentGroupID", null, readGroupId),
  });
  if (groupId === undefined && name === undefined) {
    fail("name", "it is blank, and there is no groupID either, so that nobody knows which group is meant");
  }
  const { row, line: firstLine } = record;
  const cut = failureOfCutRow(record, action, groupId ?? name);
  if (cut) return { row, line: firstLine, action, values: {}, failure: failure() ?? cut };
  const nameNormalized = name === undefined ? undefined : foldCase(name);
  return {
    row,
    line: firstLine,
    action,
    values: said,
    ...present({ groupId, name, nameNormalized, failure: failure() }),
  };
}

const schemaReader =
  (schema: z.ZodType<string>): Read<string> =>
  (text) => {
    const { data, error } = schema.safeParse(text);
    return data ?? { reason: `it ${error!.issues[0]!.message}` };
  };

const readName = schemaReader(line(groupNameLength));

function readFlag(text: string): boolean | Unreadable {
  if (text === "0" || text === "1") return text === "1";
  return { reason: `"${quoted(text)}" is neither 0 nor 1` };
}

function readPercent(text: string): number | Unreadable {
  const percent = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return percent <= 100 ? percent : { reason: `"${quoted(text)}" is no whole number from 0 to 100` };
}

/** Reads a code, or its name without regard to case; of "Public: anyone joins" the word before the colon is enough. */
function codeReader(codes: Readonly<Record<number, string>>): Read<number> {
  const known = new Map<string, number>();
  for (const [code, name] of Object.entries(codes)) {
    known.set(code, Number(code));
    known.set(name.toLowerCase(), Number(code));
    known.set(name.toLowerCase().replace(/:.*/, ""), Number(code));
  }
  const expected = Object.keys(codes).join(", ");
  return (text) =>
    known.get(text.toLowerCase()) ?? { reason: `"${quoted(text)}" is neither one of ${expected} nor the name of one` };
}
