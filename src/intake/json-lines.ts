import { MusterError } from "../errors.ts";
import { createSlotFinder } from "./column-slots.ts";
import { feedMembers } from "./json-documents.ts";
import {
  createRecordBuilder,
  type JsonTarget,
  type MemberProblem,
  type RecordBuilder,
  type Scalar,
} from "./json-members.ts";
import { printable } from "./printable.ts";
import { shownName } from "./reading.ts";
import { counted } from "./xml-parser.ts";

/** A reader of the text of one document. */
export interface JsonReader {
  /** 1-based line up to which it has read. */
  line(): number;
  /** The number of bytes read so far; grows with each `write`. */
  position(): number;
  write(text: string): void;
  /** @param complete false: the document ends within a character */
  end(complete: boolean): void;
}

const correct = "Correct the export and send the file again.";

/**
 * Tells whether a document has one person per line (NDJSON), judged by its first line: a whole object that is a record, not the
 * list of records.
 */
export function isRecordLine<Field extends string>(line: string, target: JsonTarget<Field>): boolean {
  const object = objectIn(line);
  if (object === undefined) return false;
  const names = Object.keys(object);
  if (names.some((name) => target.mapping.vocabulary.lists.has(name.toLowerCase()))) return false;
  const slotOf = createSlotFinder(target.mapping);
  return feedMembers(object, "") !== undefined || names.some((name) => slotOf(name) !== undefined);
}

/** Reads a document of one object a line (NDJSON). */
export function createLinesReader<Field extends string>(target: JsonTarget<Field>, sourceName: string): JsonReader {
  const builder = createRecordBuilder(target);
  let rest = "";
  let line = 1;
  let position = 0;
  const read = (text: string): void => {
    if (text.length > target.limits.recordLength) throw tooLong(line, target.limits.recordLength);
    if (text.trim() !== "") readObject(text);
    line += 1;
  };
  const readObject = (text: string): void => {
    const object = objectIn(text);
    if (object === undefined) {
      const detail = `the line is not a JSON object: ${printable(text.trim())}. ${correct}`;
      throw problem("json_not_well_formed", detail, line);
    }
    const refused = build(builder, feedMembers(object, sourceName) ?? object, line);
    if (refused) throw problem(refused.code, `${refused.detail} ${correct}`, line, refused.field);
  };
  return {
    line: () => line,
    position: () => position,
    write(text) {
      position += text.length;
      rest += text;
      if (text.includes("\n")) {
        const lines = rest.split("\n");
        rest = lines.pop()!;
        for (const one of lines) read(one);
      }
      if (rest.length > target.limits.recordLength) throw tooLong(line, target.limits.recordLength);
    },
    end(complete) {
      if (rest.trim() !== "" && (!complete || objectIn(rest) === undefined)) throw cutOff(target, line);
      if (!complete) throw cutOff(target, line);
      read(rest);
    },
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
  try {
    return JSON.parse(trimmed) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Makes a record of an object. Returns why the document is refused. */
function build(builder: RecordBuilder, object: Readonly<Record<string, unknown>>, line: number) {
  builder.open(line);
  for (const [name, value] of Object.entries(object)) {
    const refused = builder.key(name) ?? buildValue(builder, value);
    if (refused) return refused;
  }
  builder.close();
  return undefined;
}

function buildValue(builder: RecordBuilder, value: unknown): MemberProblem | undefined {
  if (typeof value !== "object" || value === null) return builder.scalar(value as Scalar, false);
  builder.openContainer(!Array.isArray(value), false);
  for (const item of Array.isArray(value) ? value : []) {
    if (typeof item === "object" && item !== null) builder.openContainer(!Array.isArray(item), true);
    else {
      const refused = builder.scalar(item as Scalar, true);
      if (refused) return refused;
    }
  }
  builder.closeContainer();
  return undefined;
}

function cutOff<Field extends string>({ queue, mapping }: JsonTarget<Field>, line: number): MusterError {
  const count = queue.count();
  const { one, many } = mapping.vocabulary;
  const after =
    count === 0
      ? `before the first ${one} is complete`
      : `after ${counted(count)} complete ${count === 1 ? one : many}`;
  return problem("json_cut_off", `the document ends here, ${after}: it was cut off. Send the whole file again.`, line);
}

const tooLong = (line: number, limit: number) =>
  problem("json_limit_exceeded", `the line is over the limit of ${counted(limit)} characters. ${correct}`, line);

function problem(
  code: "json_not_well_formed" | "json_cut_off" | MemberProblem["code"],
  detail: string,
  line: number,
  field?: string,
): MusterError {
  const place = field === undefined ? { line } : { line, field: shownName(field) };
  return new MusterError(code, `Line ${counted(line)}: ${detail} Nothing was changed.`, place);
}
