import type { RecordMapping } from "./reading.ts";

/** Most names that are remembered: a sender decides how many there are. */
const mostNames = 1_000;

/**
 * Makes a function that tells the slot of a column by its name, and remembers the names: each occurs in every record.
 * @param toColumn turns the name in the file into the name of a column
 */
export function createSlotFinder<Field extends string>(
  mapping: RecordMapping<Field>,
  toColumn: (name: string) => string = (name) => name,
): (name: string) => number | undefined {
  const slots = new Map<string, number | undefined>();
  return (name) => {
    const known = slots.get(name);
    if (known !== undefined || slots.has(name)) return known;
    const slot = mapping.slotOfName(toColumn(name));
    if (slots.size < mostNames) slots.set(name, slot);
    return slot;
  };
}

/** The name of an element without the prefix of its namespace. */
export const localName = (name: string): string => name.slice(name.lastIndexOf(":") + 1);
