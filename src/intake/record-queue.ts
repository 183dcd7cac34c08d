import { batchRows, type SourceRecord } from "./records.ts";

/** The records that were read and not yet handed on. */
export interface RecordQueue<Field extends string> {
  /** How many records were read in all. */
  count(): number;
  add(record: Omit<SourceRecord<Field>, "row">): void;
  /** Hands on full batches; short ones too if `all` is set, or if much was read since the last one. */
  take(position: number, all: boolean): Generator<SourceRecord<Field>[]>;
}

/**
 * Numbers records and hands them on in batches, fewer where they are long.
 * @param characters how much of the document is read at most before a batch is handed on
 */
export function createRecordQueue<Field extends string>(characters: number): RecordQueue<Field> {
  let records: SourceRecord<Field>[] = [];
  let taken = 0;
  let takenPosition = 0;
  return {
    count: () => taken + records.length,
    add(record) {
      records.push({ row: taken + records.length + 1, ...record });
    },
    *take(position, all) {
      const due = all || position - takenPosition > characters;
      let first = 0;
      while (records.length - first >= batchRows || (due && records.length > first)) {
        const batch = records.slice(first, first + batchRows);
        first += batch.length;
        takenPosition = position;
        yield batch;
      }
      // Once, not batch by batch: a piece of the document may hold thousands of records.
      records = records.slice(first);
      taken += first;
    },
  };
}
