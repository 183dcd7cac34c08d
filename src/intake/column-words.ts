import { personFields, type UserField } from "../person/fields.ts";
import type { Phone } from "./records.ts";

/** Attributes of a phone that feeds also send in columns of their own, in the order of a phone token's positions. */
export const phoneAttributes = ["carrier", "messageType", "countryCode", "label"] as const;
export type PhoneAttribute = (typeof phoneAttributes)[number];

/** Names of columns that complete the phone of their row (file formats, section 1.8). */
export const attributeNames: Readonly<Record<PhoneAttribute, readonly string[]>> = {
  carrier: ["Carrier", "Phone Carrier"],
  messageType: ["Type", "Phone Type", "Message Type"],
  countryCode: ["Country Code", "Phone Country", "Phone Country Code"],
  label: ["Label", "Phone Label"],
};

/** Names of columns that hold phones of one label. */
export const labelledNames: Readonly<Record<Phone["label"], readonly string[]>> = {
  cell: [
    "Cell",
    "Cell Phone",
    "Cell Number",
    "Cell No",
    "Cell Phone Number",
    "Cell Phone No",
    "Cellular",
    "Mobile",
    "Mobile Phone",
    "Mobile Number",
    "Mobile No",
    "Mobile Phone Number",
    "Mobile Phone No",
    "Phone Cell",
    "Phone Mobile",
  ],
  home: ["Home Phone", "Home Phone Number", "Home Phone No", "Home Number", "Phone Home"],
  work: [
    "Work Phone",
    "Work Phone Number",
    "Work Phone No",
    "Work Number",
    "Office Phone",
    "Office Phone Number",
    "Business Phone",
    "Phone Work",
    "Phone Office",
  ],
  other: ["Other Phone", "Other Phone Number", "Alternate Phone", "Phone Other"],
};

/** Words that begin the name of a column with an attribute of the phones of one label. */
const labelWords: Readonly<Record<Phone["label"], readonly string[]>> = {
  cell: ["Cell", "Cell Phone", "Mobile", "Mobile Phone"],
  home: ["Home Phone"],
  work: ["Work Phone", "Office Phone", "Business Phone"],
  other: ["Other Phone"],
};
const attributeWords: Readonly<Record<Exclude<PhoneAttribute, "label">, readonly string[]>> = {
  carrier: ["Carrier", "Provider"],
  messageType: ["Type", "Message Type"],
  countryCode: ["Country Code"],
};

/** Names of columns with an attribute of the phones of one label (file formats, section 1.8). */
export function labelledAttributeNames(attribute: PhoneAttribute, label: Phone["label"]): readonly string[] {
  if (attribute === "label") return [];
  const others = attribute === "carrier" && label === "cell" ? ["Wireless Carrier"] : [];
  const words = attributeWords[attribute];
  return [...labelWords[label].flatMap((begin) => words.map((word) => `${begin} ${word}`)), ...others];
}

/** The meaning of a column's name. */
export interface ColumnMeaning {
  readonly field: UserField;
  /** Sorts the columns of one field: 0 for the field's own name. */
  readonly rank: number;
  /** The column holds an attribute of phones, not numbers. */
  readonly attribute?: PhoneAttribute;
  /** Label of all phones of the column, or of those that the attribute completes. */
  readonly label?: Phone["label"];
}

/** A column: its meaning, and the number at the end of its name, as in `Phone 2`; 0 for none. */
export interface NamedColumn extends ColumnMeaning {
  readonly number: number;
}

const listKinds: readonly string[] = ["emails", "phones", "memberships"];
const listFields: ReadonlySet<UserField> = new Set(
  personFields.filter(({ kind }) => listKinds.includes(kind)).map(({ feed }) => feed),
);

/** Highest number at the end of a column's name: a sender decides the names, and each takes a slot. */
const mostNumber = 20;

const ignored = /[\s_.*#:()[\]='"“”\p{Pd}\p{Cf}]/gu;
const plainName = /^[a-z0-9]*$/;
/** Instructions that forms write after a name. */
const instruction =
  /\s*[([](?:(?:is )?(?:required|optional|mandatory)|req|opt|if (?:any|applicable|available|known)|(?:max\.?|up to)? ?\d+ ?(?:digits?|char(?:acter)?s?)(?: (?:only|max\.?))?|(?:digits|numbers) only|text|e\.?164|(?:e\.?g\.?|i\.?e\.?|ex|example|format)[.:,]? [^()[\]]*|[x#\d .+-]{7,}|\([x#\d]{3}\)[x#\d .+-]{7,}|(?:separated? |delimited )?(?:by |with )?(?:;|semi-?colons?|commas?)(?: separated| delimited)?)[)\]]\s*$/;

/**
 * A name as names are compared: case, blanks, dashes, parentheses, quotation marks, invisible characters and `_`, `.`, `*`,
 * `#`, `:`, `=` do not count, nor does an instruction at the end, as in `Phone (10 digits)` or `E-mail (required)`.
 */
export function foldName(name: string): string {
  const lower = name.toLowerCase();
  if (plainName.test(lower)) return lower;
  return lower.normalize("NFKC").replace(instruction, "").replace(ignored, "");
}

const meanings = new Map<string, ColumnMeaning>();

function add(names: readonly string[], meaning: Omit<ColumnMeaning, "rank">): void {
  for (const name of names) {
    const folded = foldName(name);
    if (!meanings.has(folded)) meanings.set(folded, { ...meaning, rank: meanings.size + 1 });
  }
}

for (const { feed: field, names } of personFields) {
  // customField is as good as customFields
  for (const name of [field, field.replace(/s$/, "")]) meanings.set(foldName(name), { field, rank: 0 });
  add(names, { field });
}
const phoneLabels = Object.keys(labelledNames) as Phone["label"][];
for (const label of phoneLabels) add(labelledNames[label], { field: "phone", label });
for (const attribute of phoneAttributes) {
  add(attributeNames[attribute], { field: "phone", attribute });
  for (const label of phoneLabels) add(labelledAttributeNames(attribute, label), { field: "phone", attribute, label });
}

/**
 * The meaning of a column's name (file formats, section 1.8). A name may list several, as in `Email; Email2`, or end in
 * a number where a person has several of the values.
 * @returns undefined for a column that is not read
 */
export function columnOf(name: string): NamedColumn | undefined {
  const folded = foldName(name);
  const meaning = meanings.get(folded);
  if (meaning) return { ...meaning, number: 0 };
  // Student# is a number, but Phone# is a phone.
  if (name.includes("#")) return columnOf(name.replaceAll("#", " no "));
  if (/[;|]/.test(folded)) return listedColumn(folded);
  const withoutWord = folded.replace(/(?:required|optional|mandatory)$/, "");
  if (withoutWord !== folded) return columnOf(withoutWord);
  const [, word, digits, rest = ""] = /^(\D+?)(\d{1,2})(\D*)$/.exec(folded) ?? [];
  // Address books write Phone 1 - Value and Phone 1 - Type.
  const numbered = word === undefined ? undefined : meanings.get(rest === "value" ? word : word + rest);
  const number = Number(digits);
  if (numbered === undefined || number > mostNumber || !listFields.has(numbered.field)) return undefined;
  return { ...numbered, number };
}

/** A name that is a list, as in `Phone|Carrier|Type; Phone2||Type`: the first name tells, if all others are known. */
function listedColumn(folded: string): NamedColumn | undefined {
  const columns = folded
    .split(/[;|]/)
    .filter((name) => name !== "")
    .map(columnOf);
  const [first] = columns;
  return columns.every((column) => column !== undefined && column.field === first?.field) ? first : undefined;
}
