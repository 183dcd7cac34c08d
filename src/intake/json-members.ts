import type { RowIssue } from "../errors.ts";
import { createSlotFinder } from "./column-slots.ts";
import { damageOf, withoutDamage } from "./damage.ts";
import { valueInvalid } from "./issues.ts";
import type { JsonLimits } from "./limits.ts";
import type { Encoding, IgnoredNames, RecordMapping } from "./reading.ts";
import type { RecordQueue } from "./record-queue.ts";
import { counted } from "./xml-parser.ts";

/** A value of JSON that is neither an object nor an array. */
export type Scalar = string | number | boolean | null;

/** The fields of the records of a document, and the rules for them. */
export interface JsonTarget<Field extends string> {
  readonly queue: RecordQueue<Field>;
  readonly ignored: IgnoredNames;
  readonly mapping: RecordMapping<Field>;
  readonly limits: JsonLimits;
  /** The encoding of the text, once that has marks for bytes which are not in the encoding. */
  readonly damaged: { encoding: Encoding | undefined };
}

/** A limit that a record exceeds, or a member that it has twice. */
export interface MemberProblem {
  readonly code: "json_limit_exceeded" | "document_structure_wrong";
  readonly detail: string;
  readonly field?: string;
}

/**
 * Makes a record of the members of an object, one after the other. Values are strings; where a column holds a list, an
 * array of strings may come. A value of another type fails the record; null says nothing, also in an array.
 */
export interface RecordBuilder {
  /** Begins a record on a 1-based line. */
  open(line: number): void;
  /** Begins a member. Returns why the document is refused. */
  key(name: string): MemberProblem | undefined;
  /** Takes a value of the member, or an item of its array. Returns why the document is refused. */
  scalar(value: Scalar, isItem: boolean): MemberProblem | undefined;
  /** Takes the begin of an array or object that is the value of the member, or inside it. */
  openContainer(isObject: boolean, isInside: boolean): void;
  /** Takes the end of the array or object that is the value of the member. */
  closeContainer(): void;
  /** Ends the record. */
  close(): void;
}

/** The member that is being read: its name as written, and its slot; without a slot it is skipped. */
interface OpenMember {
  readonly name: string;
  readonly slot: number | undefined;
  /** Items of its list so far. */
  items: (string | null)[] | undefined;
  length: number;
}

/** The record that is being read. */
interface OpenRecord {
  readonly line: number;
  readonly cells: (string | undefined)[];
  /** The slots that have been named so far. */
  readonly slots: Set<number>;
  members: number;
  /** The first value that cannot be taken. */
  failure: RowIssue | undefined;
  /** The first damage of the encoding. */
  damage: string | undefined;
  /** Warnings. */
  readonly notes: RowIssue[];
  /** The member that is being read. */
  member: OpenMember | undefined;
}

const newRecord = (line: number): OpenRecord => ({
  line,
  cells: [],
  slots: new Set(),
  members: 0,
  failure: undefined,
  damage: undefined,
  notes: [],
  member: undefined,
});

/** Makes a builder for the records of one document. */
export function createRecordBuilder<Field extends string>(target: JsonTarget<Field>): RecordBuilder {
  const { queue, ignored, mapping, limits } = target;
  const slotOf = createSlotFinder(mapping);
  const takeScalar = createScalars(target, slotOf);
  let record = newRecord(1);
  return {
    open(line) {
      record = newRecord(line);
    },
    key(name) {
      record.members += 1;
      if (record.members > limits.members) return exceeded(`the record has more than ${limits.members} members`);
      const slot = slotOf(name);
      if (slot === undefined) ignored.add(name);
      else if (record.slots.has(slot)) return namedTwice(name);
      else record.slots.add(slot);
      record.member = { name, slot, items: undefined, length: 0 };
      return undefined;
    },
    scalar(value, isItem) {
      return takeScalar(record, value, isItem);
    },
    openContainer(isObject, isInside) {
      const { member } = record;
      if (member?.slot === undefined) return;
      if (isInside) fail(record, member, "an item of its list is not a string");
      else if (isObject) fail(record, member, "it is an object, not a string");
      else if (mapping.separatorOf(member.slot) === undefined)
        fail(record, member, "it is a list, and takes one value");
      else member.items = [];
    },
    closeContainer() {
      const { member } = record;
      if (member?.items === undefined || member.slot === undefined) return;
      endList(record, member, member.slot, member.items, mapping.separatorOf(member.slot));
    },
    close() {
      const { line, cells, damage, notes } = record;
      const read = mapping.read(cells);
      const undamaged = damage === undefined ? { ...read, notes: [] } : withoutDamage(read, damage);
      const failure = record.failure ?? undamaged.failure;
      const all = [...undamaged.notes, ...notes];
      const { values } = undamaged;
      queue.add({
        line,
        values,
        ...(all.length === 0 ? {} : { notes: all }),
        ...(failure === undefined ? {} : { failure }),
      });
      record.member = undefined;
    },
  };
}

/** Ends a list. Of nothing but nulls it says nothing; one by position says nothing as soon as it has a null. */
function endList(
  record: OpenRecord,
  member: OpenMember,
  slot: number,
  items: readonly (string | null)[],
  separator: ";" | "|" | undefined,
): void {
  const values = items.filter((item) => item !== null);
  if (values.length === 0 && items.length > 0) return;
  if (separator === ";") record.cells[slot] = values.filter((item) => item !== "").join(separator);
  else if (values.some((item) => item.includes("|"))) {
    fail(record, member, "a value of the list contains the separator |");
  } else if (values.length < items.length) {
    const details = { field: member.name, position: items.indexOf(null) + 1 };
    record.notes.push({ code: "null_in_list", field: member.name, details });
  } else record.cells[slot] = values.join(separator);
}

/** Fails a record by its member, whose value is dropped; the first failure of a record counts. */
function fail(record: OpenRecord, member: OpenMember, reason: string): void {
  record.failure ??= valueInvalid(member.name, reason);
  member.items = undefined;
  if (member.slot !== undefined) delete record.cells[member.slot];
}

/** Returns a function that takes a value of the open member, or an item of its array. */
function createScalars<Field extends string>(
  { mapping, limits, damaged }: JsonTarget<Field>,
  slotOf: (name: string) => number | undefined,
): (record: OpenRecord, value: Scalar, isItem: boolean) => MemberProblem | undefined {
  const codeOf = createCodes(mapping, slotOf);
  const repaired = (record: OpenRecord, text: string, encoding: Encoding): string => {
    const found = damageOf(text, encoding);
    record.damage ??= found?.what;
    return found?.text ?? text;
  };
  return (record, value, isItem) => {
    const { member, cells } = record;
    if (member?.slot === undefined || (isItem && member.items === undefined)) return undefined;
    const { name, slot } = member;
    if (value === null) {
      if (isItem) member.items!.push(null);
      else delete cells[slot];
      return undefined;
    }
    let text = typeof value === "string" ? value.trim() : codeOf(slot, value);
    if (text !== undefined && damaged.encoding !== undefined) text = repaired(record, text, damaged.encoding);
    if (text === undefined) {
      fail(record, member, reasonOf(value as number | boolean));
      return undefined;
    }
    member.length += text.length;
    if (member.length > limits.valueLength) {
      return exceeded(`${name} is over the limit of ${counted(limits.valueLength)} characters`, name);
    }
    if (isItem) member.items!.push(text);
    else cells[slot] = text;
    return undefined;
  };
}

/** Flags may be written as 0, 1, true and false, codes without leading zeros as a whole number. */
function createCodes<Field extends string>(
  { vocabulary }: RecordMapping<Field>,
  slotOf: (name: string) => number | undefined,
): (slot: number, value: number | boolean) => string | undefined {
  const isOneOf = (names: readonly string[], slot: number) => names.some((name) => slotOf(name) === slot);
  return (slot, value) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && isOneOf(vocabulary.numbers, slot)) {
      return String(value);
    }
    if (!isOneOf(vocabulary.flags, slot)) return undefined;
    return value === true || value === 1 ? "1" : value === false || value === 0 ? "0" : undefined;
  };
}

function reasonOf(value: number | boolean): string {
  return typeof value === "number"
    ? "it is a number in the JSON, which loses leading zeros; write it as a string in quotation marks"
    : "it is true or false in the JSON; write a string";
}

const exceeded = (detail: string, field?: string): MemberProblem => ({
  code: "json_limit_exceeded",
  detail: `${detail}.`,
  ...(field === undefined ? {} : { field }),
});

const namedTwice = (field: string): MemberProblem => ({
  code: "document_structure_wrong",
  detail: `one record has "${field}" twice; give several values as a list.`,
  field,
});
