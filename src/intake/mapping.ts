import type { RowIssue } from "../errors.ts";
import type { UserField } from "../person/fields.ts";
import { foldName } from "./column-words.ts";
import { createDocumentedMapping, separatorOfField, userVocabulary } from "./documented-mapping.ts";
import { folded, type ReadField, readerOf } from "./mapped-fields.ts";
import type { FieldMapping, FieldSource } from "./mapping-schema.ts";
import type { Encoding, ReadOptions, RecordMapping } from "./reading.ts";

/**
 * How files are read by a field mapping, with what it pins; without one by the documented columns.
 * @param charset the encoding that the sender names
 */
export function readOptionsOf(mapping: FieldMapping | null, charset: Encoding | undefined): ReadOptions {
  const { delimiter, encoding, header } = mapping ?? {};
  return {
    mapping: mapping ? compileMapping(mapping) : createDocumentedMapping(),
    charset,
    delimiter,
    encoding,
    header,
  };
}

/** Makes a mapping ready for use. Without `fields` the documented columns are read. */
export function compileMapping(mapping: FieldMapping): RecordMapping {
  const ignored = new Set(
    (mapping.ignore ?? []).map((column) => (typeof column === "string" ? folded(column) : column)),
  );
  const fields = Object.entries(mapping.fields ?? {}) as [UserField, FieldSource][];
  if (fields.length === 0) return createDocumentedMapping((name) => ignored.has(folded(name)));
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
  const looseSlots = new Map<string, number>();
  const readers = fields.map(([field, source]) => [field, readerOf(field, source, slotOf)] as const);
  for (const name of columnNames) looseSlots.set(foldName(name), slots.get(folded(name))!);
  const positions = Math.max(
    0,
    ...[...slots.keys()].filter((key) => typeof key === "number"),
    ...[...ignored].filter((key) => typeof key === "number"),
  );
  return {
    vocabulary: userVocabulary,
    slotOfName: (name) => slots.get(folded(name)) ?? looseSlots.get(foldName(name)),
    slotOfPosition: (position) => slots.get(position),
    slotCount: slots.size,
    positions: [...slots.keys()].some((key) => typeof key === "number") ? positions : 0,
    positionsWithHeader: true,
    names: columnNames,
    separatorOf: (slot) => separators[slot],
    read: (cells) => readFields(readers, cells),
  };
}

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

/** The documented columns, for one file (see `createDocumentedMapping`). */
export const documentedMapping: RecordMapping = createDocumentedMapping();
