import type { RowIssue } from "../../errors.ts";
import { quoted, valueInvalid } from "../../intake/issues.ts";
import type { SourceRecord } from "../../intake/records.ts";

/** The reason why a value is refused; completes "<field> was refused: …". */
export interface Unreadable {
  readonly reason: string;
}

/** Why a name is refused that lost letters. */
export const lostLetters = "letters in it are lost: export the file as UTF-8";

/** Reads a value that is not blank. */
export type Read<Value> = (text: string) => Value | Unreadable;

/** Reads the fields of one record, and keeps the first reason for which it cannot be applied. */
export interface RecordReader<Field extends string> {
  /**
   * One field.
   * @param blank what a field says that is present and blank
   * @returns undefined when it is absent or cannot be taken
   */
  read<Value>(field: Field, blank: Value, reader: Read<Value>): Value | undefined;
  /** Fails the record, unless it has failed already. */
  fail(field: Field, reason: string): void;
  failure(): RowIssue | undefined;
}

/** Reads a record. Nothing is read from one whose columns cannot be told apart. */
export function createRecordReader<Field extends string>(record: SourceRecord<Field>): RecordReader<Field> {
  let failure = record.failure;
  const fail = (field: Field, reason: string) => {
    failure ??= valueInvalid(field, reason);
  };
  return {
    read(field, blank, reader) {
      const text = record.unreadable ? undefined : record.values[field];
      if (text === undefined) return undefined;
      const value = text === "" ? blank : reader(text);
      if (!isUnreadable(value)) return value;
      fail(field, value.reason);
      return undefined;
    },
    fail,
    failure: () => failure,
  };
}

/**
 * Why a row must not take anything away: the file ends in it without a line end. A file that is cut off within its last
 * value may name another group or location than was meant.
 * @param action what the row orders
 * @param value the value that names what it is about
 * @returns undefined when the row is whole, or takes nothing away
 */
export function failureOfCutRow(
  { mayBeCutOff }: { readonly mayBeCutOff?: boolean },
  action: string,
  value: string | undefined,
): RowIssue | undefined {
  if (!mayBeCutOff || !takesAway.includes(action)) return undefined;
  return { code: "row_may_be_cut_off", details: { action, value: quoted(value ?? "") } };
}

const takesAway = ["purge", "delete"];

const isUnreadable = (value: unknown): value is Unreadable =>
  typeof value === "object" && value !== null && "reason" in value;

/** Reads one of the words, without regard to case. */
export const wordReader =
  <Word extends string>(words: readonly Word[]): Read<Word> =>
  (text) =>
    words.find((word) => word === text.toLowerCase()) ?? {
      reason: `"${quoted(text)}" is not one of ${words.join(", ")}`,
    };

/** The members that are not undefined. */
export const present = <Members extends object>(
  members: {
    [Name in keyof Members]: Members[Name] | undefined;
  },
): Members => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
