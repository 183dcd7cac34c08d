import type { RowIssue } from "../errors.ts";
import { kindsOf, positionedFields, type UserField, userFields } from "../person/fields.ts";
import { columnOf, type NamedColumn, phoneAttributes } from "./column-words.ts";
import { quoted } from "./issues.ts";
import { splitPhones } from "./phone-tokens.ts";
import type { RecordMapping, Vocabulary } from "./reading.ts";

/** Fields that hold lists of tokens, joined by `;`. */
export const lists = kindsOf("emails", "phones", "memberships");
/** Fields that hold values by position, joined by `|`. */
export const positional = kindsOf("address", "texts");
/** Fields that say who somebody is. */
export const identifiers = kindsOf("sources", "identifier", "emails");

/** Returns the separator of a field's items; undefined for a field of one value. */
export const separatorOfField = (field: UserField): ";" | "|" | undefined =>
  lists.includes(field) ? ";" : positional.includes(field) ? "|" : undefined;

/** How files of users name their records. */
export const userVocabulary: Vocabulary = {
  lists: new Map([["users", "user"]]),
  one: "person",
  many: "people",
  flags: kindsOf("flag"),
  numbers: [],
  responseColumns: 3,
};

/** A column under another name than its field's own, or one of several of a list. */
interface FurtherColumn extends NamedColumn {
  readonly name: string;
  readonly slot: number;
}

const ownSlots = new Map<string, number>(
  userFields.flatMap((field, slot): [string, number][] => [
    [field, slot],
    [field.toLowerCase(), slot],
  ]),
);

/**
 * Reads the documented columns, by name and by position (file formats, section 1.8). It remembers which names a file
 * uses, so make one for each file.
 * @param isIgnored true for the names of columns that are known and not read
 */
export function createDocumentedMapping(isIgnored: (name: string) => boolean = () => false): RecordMapping {
  const further = new Map<string, FurtherColumn>();
  const superseded = new Set<string>();
  /** The further columns in the order in which their values are taken. */
  let inOrder: readonly FurtherColumn[] = [];
  const slotOfFurther = (name: string): number | undefined => {
    const column = columnOf(name);
    if (column === undefined || isIgnored(name)) return undefined;
    if (column.rank === 0 && column.number === 0) return userFields.indexOf(column.field);
    const key = `${column.field} ${column.rank} ${column.number}`;
    const known = further.get(key);
    if (known) return known.slot;
    const slot = userFields.length + further.size;
    further.set(key, { ...column, name, slot });
    inOrder = [...further.values()].sort((one, other) => one.number - other.number || one.rank - other.rank);
    return slot;
  };
  return {
    vocabulary: userVocabulary,
    slotOfName(name) {
      const slot = ownSlots.get(name);
      return slot === undefined || isIgnored(name) ? slotOfFurther(name) : slot;
    },
    slotOfPosition: (position) => (position <= positionedFields.length ? position - 1 : undefined),
    get slotCount() {
      return userFields.length + further.size;
    },
    positions: positionedFields.length,
    positionsWithHeader: false,
    names: userFields,
    separatorOf(slot) {
      const field = userFields[slot] ?? inOrder.find((column) => column.slot === slot)?.field;
      return field === undefined ? undefined : separatorOfField(field);
    },
    read(cells) {
      const values: Partial<Record<UserField, string>> = {};
      for (let slot = 0; slot < userFields.length; slot += 1) {
        const cell = cells[slot];
        if (cell !== undefined) values[userFields[slot]!] = cell;
      }
      const failure = inOrder.length === 0 ? undefined : readFurther(cells, inOrder, values, superseded);
      return failure === undefined ? { values } : { values, failure };
    },
    superseded: () => [...superseded],
  };
}

/** Adds what further columns say to the values of their fields. */
function readFurther(
  cells: readonly (string | undefined)[],
  columns: readonly FurtherColumn[],
  values: Partial<Record<UserField, string>>,
  superseded: Set<string>,
): RowIssue | undefined {
  let failure: RowIssue | undefined;
  const named = new Map<UserField, FurtherColumn>();
  for (const column of columns) {
    const { field, slot, name } = column;
    const cell = cells[slot];
    if (cell === undefined || field === "phone") continue;
    const before = values[field];
    if (before === undefined || before === "") {
      values[field] = cell;
      named.set(field, column);
    } else if (cell !== "" && lists.includes(field)) {
      values[field] = joinedTokens(before, cell);
    } else if (cell !== "" && cell !== before) {
      const other = named.get(field);
      if (other && identifiers.includes(field)) failure ??= contradiction(field, other.name, before, name, cell);
      else superseded.add(name);
    }
  }
  const phone = readPhones(cells, columns, values.phone);
  if (phone !== undefined) values.phone = phone;
  return failure;
}

/** Two cells of one list. After a code such as 00002 tokens have another meaning, so that the cell with a code comes last. */
export function joinedTokens(one: string, other: string): string {
  return hasCode.test(one) && !hasCode.test(other) ? `${other};${one}` : `${one};${other}`;
}
const hasCode = /(?:^|;)\s*0000[12](?:\s|;|$)/;

function contradiction(field: UserField, one: string, value: string, other: string, otherValue: string): RowIssue {
  const details = { field, one, value: quoted(value), other, otherValue: quoted(otherValue) };
  return { code: "columns_contradict", field, details };
}

/** All phones of a row, each completed by the columns that hold its attributes. */
function readPhones(
  cells: readonly (string | undefined)[],
  columns: readonly FurtherColumn[],
  own: string | undefined,
): string | undefined {
  const ofPhones = columns.filter(({ field, slot }) => field === "phone" && cells[slot] !== undefined);
  if (ofPhones.length === 0) return own;
  const numbers = ofPhones.filter(({ attribute }) => attribute === undefined);
  if (own === undefined && numbers.length === 0) return undefined;
  const attributes = ofPhones.filter(({ attribute }) => attribute !== undefined);
  const labels = new Set(numbers.map(({ label }) => label));
  const ofLabel = (label: string | undefined) =>
    attributes.filter(
      (one) => one.label === undefined || one.label === (label ?? (labels.has(one.label) ? "" : one.label)),
    );
  const tokens = own === undefined ? [] : completed(own, undefined, 0, cells, ofLabel(undefined));
  for (const { slot, number, label } of numbers)
    tokens.push(...completed(cells[slot]!, label, number, cells, ofLabel(label)));
  return tokens.join(";");
}

/**
 * Completes the phones of a cell by the attributes in columns of the same number. Several attributes belong to the
 * phones one by one, a single one to all of them; a phone's own setting wins.
 * @param columns the columns with attributes for phones of this label; one for this label alone wins
 */
function completed(
  cell: string,
  label: string | undefined,
  number: number,
  cells: readonly (string | undefined)[],
  columns: readonly FurtherColumn[],
): string[] {
  const attributes = phoneAttributes.map((attribute) => {
    const alike = columns.filter(
      (one) => one.attribute === attribute && Math.max(one.number, 1) === Math.max(number, 1),
    );
    const column = alike.find((one) => one.label !== undefined) ?? alike[0];
    return column === undefined ? [] : cells[column.slot]!.split(";").map((value) => value.trim());
  });
  const tokens = splitPhones(cell);
  const phones = tokens.filter((token) => token.trim() !== "");
  return phones.map((phone, filled) => {
    const parts = phone.split("|");
    const all = attributes.map((values, position) => {
      const said = parts[position + 1]?.trim() ?? "";
      if (said !== "") return said;
      // As many values as tokens, blank ones included, belong to them by position.
      const index = values.length === tokens.length ? tokens.indexOf(phone) : filled;
      const sent = (values.length === 1 ? values[0] : values[index])?.replaceAll("|", " ") ?? "";
      return sent === "" && position === labelPosition ? (label ?? "") : sent;
    });
    return [parts[0], ...all, ...parts.slice(phoneAttributes.length + 1)].join("|").replace(/\|+$/, "");
  });
}

const labelPosition = phoneAttributes.indexOf("label");
