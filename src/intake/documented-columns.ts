import { foldName } from "./column-words.ts";
import type { RecordMapping, Vocabulary } from "./reading.ts";
import { withoutTextGuard } from "./text-guards.ts";

/** The columns of a kind of file, as they are documented. */
export interface DocumentedColumns<Field extends string> {
  readonly vocabulary: Vocabulary;
  readonly fields: readonly Field[];
  /** The columns of a file without a header row, in their order. */
  readonly positions: readonly Field[];
  /** Other names of fields. */
  readonly aliases: Readonly<Record<string, Field>>;
  /** Fields that hold lists of tokens, joined by `;`. */
  readonly lists: readonly Field[];
}

/**
 * Reads the documented columns: by name without regard to case, blanks and punctuation, and by position where there is
 * no header row. Guards around values are read through.
 */
export function documentedColumns<Field extends string>(columns: DocumentedColumns<Field>): RecordMapping<Field> {
  const { vocabulary, fields, positions, lists } = columns;
  const slots = new Map(fields.map((field, slot) => [foldName(field), slot]));
  for (const [alias, field] of Object.entries<Field>(columns.aliases))
    slots.set(foldName(alias), fields.indexOf(field));
  return {
    vocabulary,
    slotOfName: (name) => slots.get(foldName(name)),
    slotOfPosition: (position) => {
      const field = positions[position - 1];
      return field === undefined ? undefined : fields.indexOf(field);
    },
    slotCount: fields.length,
    positions: positions.length,
    positionsWithHeader: false,
    names: fields,
    separatorOf: (slot) => (lists.includes(fields[slot]!) ? ";" : undefined),
    read(cells) {
      const values: Partial<Record<Field, string>> = {};
      for (const [slot, cell] of cells.entries())
        if (cell !== undefined) values[fields[slot]!] = withoutTextGuard(cell);
      return { values };
    },
  };
}
