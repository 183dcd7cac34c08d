import type { RowIssue } from "../errors.ts";
import { kindsOf, type UserField } from "../person/fields.ts";
import { lists, separatorOfField } from "./documented-mapping.ts";
import { withoutInvisible } from "./invisible.ts";
import { damaged, quoted, valueInvalid } from "./issues.ts";
import { type FieldSource, isJoin, type JoinedPart, type MappedColumn } from "./mapping-schema.ts";
import { compilePattern } from "./patterns.ts";
import { isPlaceholder } from "./placeholders.ts";
import { identifierDamage } from "./spreadsheet-damage.ts";
import { withoutGuard, withoutTextGuard } from "./text-guards.ts";

/** Reads one field of a record: its value (undefined: absent), or why the record fails. */
export type ReadField = (cells: readonly (string | undefined)[]) => string | undefined | RowIssue;

/** The slot of a column, by its name or position. */
type SlotOf = (column: string | number, field: UserField) => number;

/** A name of a column as field mappings compare it. */
export const folded = (name: string): string => name.trim().toLowerCase();

/**
 * Makes the function that reads a field as a field mapping says.
 * @param slotOf the slot of each column that it reads
 */
export function readerOf(field: UserField, source: FieldSource, slotOf: SlotOf): ReadField {
  if (isJoin(source)) return joinedReader(field, source.join, slotOf);
  const read = partReader(field, source, slotOf);
  const wanted = typeof source === "object" && "pattern" in source ? source.pattern : undefined;
  return wanted === undefined ? read : patternReader(field, wanted, read);
}

function partReader(
  field: UserField,
  source: JoinedPart | Exclude<FieldSource, { join: JoinedPart[] }>,
  slotOf: SlotOf,
): ReadField {
  if (typeof source !== "object") {
    const slot = slotOf(source, field);
    return (cells) => cells[slot];
  }
  if ("constant" in source) return () => source.constant;
  const slot = slotOf(source.column, field);
  const isList = lists.includes(field);
  const readPart = tokenReader(field, source);
  return (cells) => {
    const cell = cells[slot];
    if (cell === undefined) return undefined;
    const text = unguarded(field, cell);
    const tokens = isList ? text.split(";").map((token) => withoutGuard(token.trim())) : [text];
    const translated: string[] = [];
    for (const token of tokens) {
      const value = readPart(token);
      if (typeof value === "object") return value;
      if (value !== "" || tokens.length === 1) translated.push(value);
    }
    return translated.join(";");
  };
}

/** Fields that are texts for people: there `'` may be the first letter, and `None` a name. */
const texts = kindsOf("text", "address", "texts", "location", "flag");

const unguarded = (field: UserField, cell: string): string =>
  texts.includes(field) ? withoutTextGuard(cell) : withoutGuard(cell);

/** Reads a value, or a token of a list: translates it, and puts prefix and suffix around it. */
function tokenReader(field: UserField, source: MappedColumn): (token: string) => string | RowIssue {
  const { values, prefix = "", suffix = "" } = source;
  const translate = translation(field, source);
  const isAffixed = prefix !== "" || suffix !== "";
  return (token) => {
    if (token === "" && values?.[""] === undefined) return "";
    const value = translate(token);
    if (typeof value === "object" || value === "" || !isAffixed) return value;
    if (!texts.includes(field)) {
      // With something around it nobody would know it again.
      if (isPlaceholder(value)) return value;
      const damage = identifierDamage(value);
      if (damage !== undefined) return damaged(field, value, damage);
    }
    return prefix + value + suffix;
  };
}

/** Looks a value up in the map: exactly, then without regard to case. */
function translation(field: UserField, { values, otherwise = "keep" }: MappedColumn) {
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

function joinedReader(field: UserField, parts: readonly JoinedPart[], slotOf: SlotOf): ReadField {
  const readers = parts.map((part) => partReader(field, part, slotOf));
  const isConstant = parts.map((part) => typeof part === "object" && "constant" in part);
  const isAlwaysPresent = isConstant.every(Boolean);
  const mayOrder = parts.map((part) => field === "groupID" && typeof part === "object" && "values" in part);
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
      if (mayOrder[index] && value === deletePerson) return value;
      if (mayOrder[index] && value !== undefined && isGroupOrder.test(value)) read.unshift(value);
      else if (separator === "|" || (value ?? "") !== "") read.push(value ?? "");
    }
    // Constants alone say nothing of a record that lacks all the columns.
    return isPresent ? read.join(separator) : undefined;
  };
}

/** An order to which a value map turned a status: it is about all groups of the row, wherever its column is. */
const deletePerson = "00000";
const isGroupOrder = /^0000[12]$/;

function patternReader(field: UserField, source: string, read: ReadField): ReadField {
  const compiled = compilePattern(source);
  // The schema refuses such patterns.
  if (typeof compiled === "string") throw new TypeError(compiled);
  const fits = (token: string) => token.length <= 300 && compiled.test(token);
  return (cells) => {
    const value = read(cells);
    if (typeof value !== "string" || value === "") return value;
    const visible = withoutInvisible(unguarded(field, value));
    const tokens = field === "email" ? visible.split(/[;,]/).map((token) => token.trim()) : [visible];
    const wrong = tokens.find((token) => token !== "" && !isPlaceholder(token) && !fits(token));
    if (wrong === undefined) return value;
    const fitsWithZeros = [1, 2, 3, 4, 5, 6].some((count) => compiled.test("0".repeat(count) + wrong));
    const hint =
      fitsWithZeros && wrong.length <= 200
        ? "Leading zeros look lost, as when a spreadsheet saves the file: export the column as text."
        : "";
    return { code: "pattern_mismatch", field, details: { field, value: quoted(wrong), pattern: source, hint } };
  };
}
