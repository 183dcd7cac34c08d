import { z } from "zod";
import type { RowIssue } from "../errors.ts";
import {
  type ListKind,
  personFields,
  positionedFields,
  type ScalarKind,
  type UserField,
  userFields,
} from "../person/fields.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { compilePattern } from "./patterns.ts";
import {
  delimiters,
  type Encoding,
  encodings,
  type ReadOptions,
  type RecordMapping,
  type Vocabulary,
} from "./reading.ts";

const text = (most: number) => z.string().max(most);
const columnSchema = z
  .union([z.string().trim().min(1).max(100), z.int().min(1).max(256)])
  .describe("A column: its name, or its position from 1.");
const pattern = text(200).superRefine((source, context) => {
  const compiled = compilePattern(source);
  if (typeof compiled === "string") context.addIssue({ code: "custom", message: compiled });
});
const valuesSchema = z
  .record(text(200), text(200))
  .refine((values) => Object.keys(values).length <= 1000, "a value map has at most 1,000 entries");

const constantSchema = z.strictObject({ constant: text(1000).describe("The same for everybody.") });
const partMembers = {
  column: columnSchema,
  values: valuesSchema.optional().describe("What stands for a value, compared without regard to case."),
  otherwise: z
    .enum(["keep", "blank", "fail"])
    .optional()
    .describe(
      "What becomes of a value that the map doesn't have: it stays (`keep`, the default), is left out, or the row fails.",
    ),
  prefix: text(100).optional().describe("Put before a value that isn't blank."),
  suffix: text(100).optional().describe("Put after a value that isn't blank."),
};
const joinedPartSchema = z.union([columnSchema, z.strictObject(partMembers), constantSchema]);
const fieldSchema = z.union([
  columnSchema,
  z.strictObject({ ...partMembers, pattern: pattern.optional().describe("What an identifier must look like.") }),
  constantSchema,
  z.strictObject({ join: z.array(joinedPartSchema).min(1).max(20).describe("Several columns make one value.") }),
]);

type FieldSource = z.infer<typeof fieldSchema>;
type JoinedPart = z.infer<typeof joinedPartSchema>;

const ofKinds = (...kinds: readonly (ListKind | ScalarKind)[]): readonly UserField[] =>
  kinds.flatMap((wanted) => personFields.filter(({ kind }) => kind === wanted)).map(({ feed }) => feed);
const identifiers = ofKinds("sources", "identifier", "emails");
const lists = ofKinds("emails", "phones", "memberships");
const positional = ofKinds("address", "texts");
const flags = ofKinds("flag");
/** Fields whose value several columns may make. */
const joinable = [...lists, ...positional, ...ofKinds("text")];

/** How the files of a source are read, as an administrator sets it (docs/field-mapping.md). */
export const mappingSchema = z
  .strictObject({
    delimiter: z
      .enum(delimiters)
      .optional()
      .describe("What separates the columns of CSV; absent: as file formats, section 1, say."),
    encoding: z.enum(encodings).optional().describe("Of every file, whatever it says; absent: told by the file."),
    header: z.boolean().optional().describe("Whether CSV has a header row; absent: told by the first row."),
    fields: z
      .partialRecord(z.enum(userFields), fieldSchema)
      .optional()
      .describe("Where each field comes from; absent: the documented columns."),
    ignore: z.array(columnSchema).max(256).optional().describe("Columns that are known and not read."),
  })
  .superRefine(({ fields = {}, header }, context) => {
    const refuse = (message: string, ...path: string[]) =>
      context.addIssue({ code: "custom", message, path: ["fields", ...path] });
    const given = Object.keys(fields) as UserField[];
    if (given.length > 0 && !given.some((field) => identifiers.includes(field))) {
      refuse(`a mapping must say where one of ${identifiers.join(", ")} comes from`);
    }
    for (const field of given) {
      const source = fields[field]!;
      if (isJoin(source) && !joinable.includes(field)) {
        refuse(`${field} takes one value: give one column`, field);
      }
      if (typeof source === "object" && "pattern" in source && !identifiers.includes(field)) {
        refuse(`a pattern can be set for ${identifiers.join(", ")}`, field);
      }
      if (header === false && columnsOf(source).some((column) => typeof column === "string")) {
        refuse("without a header row columns have positions, not names", field);
      }
    }
  })
  .meta({
    id: "FieldMapping",
    examples: [
      {
        delimiter: ";",
        fields: {
          firstName: "FIRST_NAME",
          email: "EMAIL",
          databaseID: { column: "EMPLID", pattern: "[0-9]{9}" },
          groupID: { join: [{ column: "MAJOR", prefix: "MAJ-" }, { constant: "STUDENTS" }] },
          campusName: { column: "CAMPUS", values: { "Main Campus": "Main" } },
        },
      },
    ],
  });
export type FieldMapping = z.infer<typeof mappingSchema>;

const isJoin = (source: FieldSource): source is { join: JoinedPart[] } =>
  typeof source === "object" && "join" in source;

function columnsOf(source: FieldSource): (string | number)[] {
  if (typeof source !== "object") return [source];
  if ("join" in source) return source.join.flatMap(columnsOf);
  return "column" in source ? [source.column] : [];
}

const separatorOfField = (field: UserField): ";" | "|" | undefined =>
  lists.includes(field) ? ";" : positional.includes(field) ? "|" : undefined;

const documentedSlots = new Map<string, number>([
  ...userFields.flatMap((field, slot): [string, number][] => [
    [field, slot],
    [field.toLowerCase(), slot],
  ]),
  ["customField", userFields.indexOf("customFields")],
  ["customfield", userFields.indexOf("customFields")],
]);

const userVocabulary: Vocabulary = {
  lists: new Map([["users", "user"]]),
  one: "person",
  many: "people",
  flags,
  numbers: [],
  responseColumns: 3,
};

/** The documented columns, by name and by position (file formats, section 1). */
export const documentedMapping: RecordMapping = documented(() => false);

function documented(isIgnored: (name: string) => boolean): RecordMapping {
  return {
    vocabulary: userVocabulary,
    slotOfName(name) {
      const slot = documentedSlots.get(name) ?? documentedSlots.get(name.trim().toLowerCase());
      return slot === undefined || isIgnored(name) ? undefined : slot;
    },
    slotOfPosition: (position) => (position <= positionedFields.length ? position - 1 : undefined),
    slotCount: userFields.length,
    positions: positionedFields.length,
    positionsWithHeader: false,
    names: userFields,
    separatorOf: (slot) => separatorOfField(userFields[slot]!),
    read(cells) {
      const values: Partial<Record<UserField, string>> = {};
      for (let slot = 0; slot < cells.length; slot += 1) {
        const cell = cells[slot];
        if (cell !== undefined) values[userFields[slot]!] = cell;
      }
      return { values };
    },
  };
}

/**
 * How files are read by a field mapping, with what it pins; without one by the documented columns.
 * @param charset the encoding that the sender names
 */
export function readOptionsOf(mapping: FieldMapping | null, charset: Encoding | undefined): ReadOptions {
  const { delimiter, encoding, header } = mapping ?? {};
  return { mapping: mapping ? compileMapping(mapping) : documentedMapping, charset, delimiter, encoding, header };
}

/** Reads one field of a record: its value (undefined: absent), or why the record fails. */
type ReadField = (cells: readonly (string | undefined)[]) => string | undefined | RowIssue;

/** Makes a mapping ready for use. Without `fields` the documented columns are read. */
export function compileMapping(mapping: FieldMapping): RecordMapping {
  const ignored = new Set(
    (mapping.ignore ?? []).map((column) => (typeof column === "string" ? folded(column) : column)),
  );
  const fields = Object.entries(mapping.fields ?? {}) as [UserField, FieldSource][];
  if (fields.length === 0) return documented((name) => ignored.has(folded(name)));
  const slots = new Map<string | number, number>();
  const separators: (";" | "|" | undefined)[] = [];
  const columnNames: string[] = [];
  const slotOf = (column: string | number, field: UserField): number => {
    const key = typeof column === "string" ? folded(column) : column;
    let slot = slots.get(key);
    if (slot === undefined) {
      slot = slots.size;
      slots.set(key, slot);
      if (typeof column === "string") columnNames.push(column);
    }
    separators[slot] ??= separatorOfField(field);
    return slot;
  };
  const readers = fields.map(([field, source]) => [field, readerOf(field, source, slotOf)] as const);
  const positions = Math.max(
    0,
    ...[...slots.keys()].filter((key) => typeof key === "number"),
    ...[...ignored].filter((key) => typeof key === "number"),
  );
  return {
    vocabulary: userVocabulary,
    slotOfName: (name) => slots.get(folded(name)),
    slotOfPosition: (position) => slots.get(position),
    slotCount: slots.size,
    positions: [...slots.keys()].some((key) => typeof key === "number") ? positions : 0,
    positionsWithHeader: true,
    names: columnNames,
    separatorOf: (slot) => separators[slot],
    read: (cells) => readFields(readers, cells),
  };
}

const folded = (name: string) => name.trim().toLowerCase();

function readFields(
  readers: readonly (readonly [UserField, ReadField])[],
  cells: readonly (string | undefined)[],
): ReturnType<RecordMapping["read"]> {
  const values: Partial<Record<UserField, string>> = {};
  let failure: RowIssue | undefined;
  for (const [field, read] of readers) {
    const value = read(cells);
    if (typeof value === "object") failure ??= value;
    else if (value !== undefined) values[field] = value;
  }
  return failure === undefined ? { values } : { values, failure };
}

function readerOf(
  field: UserField,
  source: FieldSource,
  slotOf: (column: string | number, field: UserField) => number,
): ReadField {
  if (isJoin(source)) return joinedReader(field, source.join, slotOf);
  const read = partReader(field, source, slotOf);
  const wanted = typeof source === "object" && "pattern" in source ? source.pattern : undefined;
  return wanted === undefined ? read : patternReader(field, wanted, read);
}

function partReader(
  field: UserField,
  source: JoinedPart | Exclude<FieldSource, { join: JoinedPart[] }>,
  slotOf: (column: string | number, field: UserField) => number,
): ReadField {
  if (typeof source !== "object") {
    const slot = slotOf(source, field);
    return (cells) => cells[slot];
  }
  if ("constant" in source) return () => source.constant;
  const slot = slotOf(source.column, field);
  const { prefix = "", suffix = "" } = source;
  const translate = translation(field, source);
  return (cells) => {
    const cell = cells[slot];
    if (cell === undefined) return undefined;
    const tokens = lists.includes(field) ? cell.split(";").map((token) => token.trim()) : [cell];
    const translated: string[] = [];
    for (const token of tokens) {
      const value = token === "" && source.values?.[""] === undefined ? "" : translate(token);
      if (typeof value === "object") return value;
      if (value !== "" || tokens.length === 1) translated.push(value === "" ? "" : prefix + value + suffix);
    }
    return translated.join(";");
  };
}

/** Looks a value up in the map: exactly, then without regard to case. */
function translation(
  field: UserField,
  {
    values,
    otherwise = "keep",
  }: { values?: Record<string, string> | undefined; otherwise?: "keep" | "blank" | "fail" | undefined },
) {
  if (values === undefined) return (value: string): string | RowIssue => value;
  const exact = new Map(Object.entries(values));
  const alike = new Map([...exact].map(([from, to]) => [folded(from), to]));
  return (value: string): string | RowIssue => {
    const found = exact.get(value) ?? alike.get(folded(value));
    if (found !== undefined) return found;
    if (otherwise === "fail" && value !== "")
      return { code: "value_unmapped", field, details: { field, value: quoted(value) } };
    return otherwise === "keep" ? value : "";
  };
}

function joinedReader(
  field: UserField,
  parts: readonly JoinedPart[],
  slotOf: (column: string | number, field: UserField) => number,
): ReadField {
  const readers = parts.map((part) => partReader(field, part, slotOf));
  const isConstant = parts.map((part) => typeof part === "object" && "constant" in part);
  const isAlwaysPresent = isConstant.every(Boolean);
  const separator = separatorOfField(field) ?? " ";
  return (cells) => {
    const read: string[] = [];
    let isPresent = isAlwaysPresent;
    for (const [index, reader] of readers.entries()) {
      const value = reader(cells);
      if (typeof value === "object") return value;
      if (value !== undefined && !isConstant[index]) isPresent = true;
      if (separator === "|" && value?.includes("|"))
        return valueInvalid(field, "one of its columns holds the separator |");
      if (separator === "|" || (value ?? "") !== "") read.push(value ?? "");
    }
    // What only constants say of a record that lacks all the columns, nobody said of it.
    return isPresent ? read.join(separator) : undefined;
  };
}

function patternReader(field: UserField, source: string, read: ReadField): ReadField {
  const compiled = compilePattern(source);
  // The schema has seen to it.
  if (typeof compiled === "string") throw new TypeError(compiled);
  return (cells) => {
    const value = read(cells);
    if (typeof value !== "string" || value === "") return value;
    const tokens = field === "email" ? value.split(/[;,]/).map((token) => token.trim()) : [value];
    const wrong = tokens.find((token) => token !== "" && !(token.length <= 300 && compiled.test(token)));
    if (wrong === undefined) return value;
    const fitsWithZeros = [1, 2, 3, 4, 5, 6].some((count) => compiled.test("0".repeat(count) + wrong));
    const hint =
      fitsWithZeros && wrong.length <= 200
        ? "Leading zeros look lost, as when a spreadsheet saves the file: export the column as text."
        : "";
    return { code: "pattern_mismatch", field, details: { field, value: quoted(wrong), pattern: source, hint } };
  };
}
