import { personFields, type UserField } from "../person/fields.ts";
import type { Phone } from "./records.ts";

/** Attributes of a phone that feeds also send in columns of their own, in the order of a phone token's positions. */
export const phoneAttributes = ["carrier", "messageType", "countryCode", "label"] as const;
export type PhoneAttribute = (typeof phoneAttributes)[number];

/** Names of columns that complete the phone of their row (file formats, section 1.8). */
export const attributeNames: Readonly<Record<PhoneAttribute, readonly string[]>> = {
  carrier: ["Carrier", "Phone Carrier", "Cell Carrier", "Mobile Carrier", "Wireless Carrier"],
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
    "Cell Phone Number",
    "Cellular",
    "Mobile",
    "Mobile Phone",
    "Mobile Number",
    "Mobile Phone Number",
  ],
  home: ["Home Phone", "Home Phone Number", "Home Number"],
  work: ["Work Phone", "Work Phone Number", "Work Number", "Office Phone", "Business Phone"],
  other: ["Other Phone", "Other Phone Number", "Alternate Phone"],
};

/** The meaning of a column's name. */
export interface ColumnMeaning {
  readonly field: UserField;
  /** Sorts the columns of one field: 0 for the field's own name. */
  readonly rank: number;
  /** The column holds an attribute of phones, not numbers. */
  readonly attribute?: PhoneAttribute;
  /** Label of all phones of the column. */
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

const ignored = /[\s\-_.*#:\p{Cf}]/gu;
const plainName = /^[a-z0-9]*$/;

/** A name as names are compared: case, blanks, invisible characters and `-`, `_`, `.`, `*`, `#`, `:` do not count. */
export function foldName(name: string): string {
  const lower = name.toLowerCase();
  return plainName.test(lower) ? lower : lower.normalize("NFKC").replace(ignored, "");
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
for (const [label, names] of Object.entries(labelledNames)) {
  add(names, { field: "phone", label: label as Phone["label"] });
}
for (const attribute of phoneAttributes) add(attributeNames[attribute], { field: "phone", attribute });

/**
 * The meaning of a column's name (file formats, section 1.8). A name may list several, as in `Email; Email2`, or end in
 * a number where a person has several of the values.
 * @returns undefined for a column that is not read
 */
export function columnOf(name: string): NamedColumn | undefined {
  const folded = foldName(name);
  const meaning = meanings.get(folded);
  if (meaning) return { ...meaning, number: 0 };
  if (/[;|]/.test(folded)) return listedColumn(folded);
  const [, word, digits] = /^(.*?)(\d{1,2})$/.exec(folded) ?? [];
  const numbered = word === undefined ? undefined : meanings.get(word);
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
