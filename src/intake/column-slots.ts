import type { RecordMapping } from "./reading.ts";

/**
 * The slot of a column that has a name. Blanks, `_` and `-` do not count: "First Name" and "first-name" are firstName.
 * @returns undefined for a column that is not read
 */
export function slotOfColumn<Field extends string>(name: string, mapping: RecordMapping<Field>): number | undefined {
  if (name === "") return undefined;
  const slot = mapping.slotOfName(name);
  if (slot !== undefined) return slot;
  const loose = loosened(name);
  const alike = mapping.names.find((known) => loosened(known) === loose);
  return alike === undefined ? undefined : mapping.slotOfName(alike);
}

const loosened = (name: string) => name.replace(/[\s_-]/g, "").toLowerCase();

/** Most names that are remembered: a sender decides how many there are. */
const mostNames = 1_000;

/**
 * Makes `slotOfColumn` for one file, which remembers the names: each occurs in every record.
 * @param toColumn turns the name in the file into that of a column
 */
export function createSlotFinder<Field extends string>(
  mapping: RecordMapping<Field>,
  toColumn: (name: string) => string = (name) => name,
): (name: string) => number | undefined {
  const slots = new Map<string, number | undefined>();
  return (name) => {
    const known = slots.get(name);
    if (known !== undefined || slots.has(name)) return known;
    const slot = slotOfColumn(toColumn(name), mapping);
    if (slots.size < mostNames) slots.set(name, slot);
    return slot;
  };
}

/** The name of an element without the prefix of its namespace. */
export const localName = (name: string): string => name.slice(name.lastIndexOf(":") + 1);
