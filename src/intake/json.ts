import { Tokenizer, TokenType } from "@streamparser/json";
import { MusterError, type ProblemCode, type RowIssue } from "../errors.ts";
import { createDecoder } from "./decode.ts";
import { valueInvalid } from "./issues.ts";
import { type JsonLimits, limits as publishedLimits } from "./limits.ts";
import { createIgnoredNames, type IgnoredNames, type ReadOptions, type RecordMapping, shownNames } from "./reading.ts";
import { createRecordQueue, type RecordQueue } from "./record-queue.ts";
import type { SourceRecord } from "./records.ts";
import { counted } from "./xml-parser.ts";

/** Bytes that are decoded at once, however large the chunks. */
const pieceLength = 64 * 1024;
const correct = "Correct the export and send the file again.";

/**
 * Reads JSON of records (file formats, section 1): of users it is `{"users":[…]}` or a bare array of objects, whose
 * members are the columns. Values are strings; where a column holds a list, an array of strings may stand. A member that the mapping
 * doesn't read is skipped with all it holds.
 *
 * Yields the records in their order. **Only the end of the generator says that the document is whole**; until then
 * nothing may be applied.
 *
 * @throws MusterError json_not_well_formed (RFC 8259), json_cut_off, json_limit_exceeded, document_root_wrong,
 *   document_structure_wrong, document_empty, encoding_invalid, encoding_unsupported, and whatever `chunks` throws
 */
export async function* readJsonRecords<Field extends string>(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
  limits: JsonLimits = publishedLimits.json,
): AsyncGenerator<SourceRecord<Field>[]> {
  const queue = createRecordQueue<Field>(limits.recordLength);
  const ignored = createIgnoredNames(options.mapping);
  const reader = new JsonReader({ queue, ignored, mapping: options.mapping, limits });
  const { encoding, charset } = options;
  const decoder = createDecoder(() => reader.line(), { pinned: encoding, charset, xml: false });
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += pieceLength) {
        reader.write(decoder.write(chunk.subarray(start, start + pieceLength)));
        yield* queue.take(reader.position(), false);
      }
    }
    const { text, complete } = decoder.end();
    reader.write(text);
    reader.end(complete);
    yield* queue.take(0, true);
  } finally {
    options.onReading?.({ format: "json", encoding: decoder.encoding, ignored: ignored.names() });
  }
}

/** What a reader fills, and by what rules. */
interface Target<Field extends string> {
  readonly queue: RecordQueue<Field>;
  readonly ignored: IgnoredNames;
  readonly mapping: RecordMapping<Field>;
  readonly limits: JsonLimits;
}

/** What may come next in an array or an object (RFC 8259, 4 and 5). */
type Expected = "first" | "value" | "key" | "colon" | "comma";

interface Container {
  readonly isObject: boolean;
  expected: Expected;
}

/** The record that is being read. */
interface OpenRecord {
  readonly line: number;
  readonly start: number;
  readonly cells: (string | undefined)[];
  readonly slots: Set<number>;
  members: number;
  failure: RowIssue | undefined;
}

/** The member of a record that is being read: its name as written, and its slot; without a slot it is skipped. */
interface OpenMember {
  readonly name: string;
  readonly slot: number | undefined;
  /** Items of its list so far. */
  items: string[] | undefined;
  length: number;
}

type Scalar = string | number | boolean | null;

class JsonReader<Field extends string> {
  readonly #target: Target<Field>;
  /** What its list and its records are called. */
  readonly #names: ReturnType<typeof shownNames>;
  readonly #tokenizer = new Tokenizer();
  readonly #open: Container[] = [];
  /** Depth of the array of records; 0 before it is found. */
  #listDepth = 0;
  #hasList = false;
  #isEnded = false;
  /** Name of the member of the root that comes. */
  #rootMember = "";
  #record: OpenRecord | undefined;
  #member: OpenMember | undefined;
  /** The piece that is being read, and where it begins in the document, in bytes. */
  #piece: Uint8Array = new Uint8Array(0);
  #pieceStart = 0;
  /** Line of the byte at `#counted`, and where that line begins. */
  #line = 1;
  #lineStart = 0;
  #counted = 0;
  #previous: number | undefined;
  #lastToken = 0;
  #isBlank = true;

  constructor(target: Target<Field>) {
    this.#target = target;
    this.#names = shownNames(target.mapping.vocabulary);
    this.#tokenizer.onToken = ({ token, value, offset }) => this.#take(token, value as Scalar, offset);
    this.#tokenizer.onError = (error) => {
      throw error;
    };
  }

  line(): number {
    this.#countTo(this.#pieceStart + this.#piece.length);
    return this.#line;
  }

  position(): number {
    return this.#pieceStart + this.#piece.length;
  }

  write(text: string): void {
    if (text === "") return;
    this.#isBlank &&= text.trim() === "";
    this.#countTo(this.position());
    this.#pieceStart = this.position();
    this.#piece = Buffer.from(text);
    try {
      this.#tokenizer.write(this.#piece);
    } catch (error) {
      throw error instanceof MusterError ? error : this.#notWellFormed(error as Error);
    }
    if (this.position() - this.#lastToken > this.#target.limits.recordLength * 4) this.#refuseLength(this.#lastToken);
  }

  end(complete: boolean): void {
    if (this.#isBlank && complete) {
      throw new MusterError("document_empty", "The body is empty. Check the export. Nothing was changed.");
    }
    try {
      // A number at the root is told of at the end only.
      if (complete && !this.#tokenizer.isEnded) this.#tokenizer.end();
    } catch (error) {
      if (error instanceof MusterError) throw error;
      throw this.#cutOff();
    }
    if (!complete || !this.#isEnded) throw this.#cutOff();
    if (!this.#hasList) {
      const detail = `the document has no member "${this.#names.list}" with the list of ${this.#target.mapping.vocabulary.many}.`;
      throw this.#problem("document_root_wrong", detail, this.#pieceStart);
    }
    if (this.#target.queue.count() === 0) {
      const detail = `The list of ${this.#names.list} is empty. Check the export. Nothing was changed.`;
      throw new MusterError("document_empty", detail);
    }
  }

  #take(token: TokenType, value: Scalar, offset: number): void {
    this.#lastToken = offset;
    const container = this.#open.at(-1);
    if (this.#record && offset - this.#record.start > this.#target.limits.recordLength) {
      this.#refuseLength(this.#record.start);
    }
    if (this.#isEnded) throw this.#unexpected("after the end of the document", offset);
    switch (token) {
      case TokenType.LEFT_BRACE:
      case TokenType.LEFT_BRACKET:
        this.#expectValue(container, offset);
        this.#openContainer(token === TokenType.LEFT_BRACE, offset);
        return;
      case TokenType.RIGHT_BRACE:
      case TokenType.RIGHT_BRACKET:
        this.#closeContainer(token === TokenType.RIGHT_BRACE, container, offset);
        return;
      case TokenType.COLON:
        if (container?.expected !== "colon") throw this.#unexpected("where no colon may stand", offset);
        container.expected = "value";
        return;
      case TokenType.COMMA:
        if (container?.expected !== "comma") throw this.#unexpected("where no comma may stand", offset);
        container.expected = container.isObject ? "key" : "value";
        return;
      default:
        if (container?.isObject && (container.expected === "first" || container.expected === "key")) {
          this.#takeKey(container, value, offset);
        } else {
          this.#expectValue(container, offset);
          this.#takeScalar(value, offset);
        }
    }
  }

  /** Checks that a value may come, and notes that it has. */
  #expectValue(container: Container | undefined, offset: number): void {
    if (container === undefined) return;
    const isDue = container.expected === "value" || (container.expected === "first" && !container.isObject);
    if (!isDue) throw this.#unexpected("where no value may stand", offset);
    container.expected = "comma";
  }

  #openContainer(isObject: boolean, offset: number): void {
    const depth = this.#open.length + 1;
    if (depth > this.#target.limits.depth) {
      const detail = `arrays and objects are nested more than ${this.#target.limits.depth} deep.`;
      throw this.#problem("json_limit_exceeded", `${detail} ${correct}`, offset);
    }
    if (this.#record) this.#openInRecord(isObject);
    else if (this.#listDepth > 0 && depth === this.#listDepth + 1) {
      if (!isObject) throw this.#noObject(offset);
      const line = this.#lineOf(offset);
      this.#record = { line, start: offset, cells: [], slots: new Set(), members: 0, failure: undefined };
    } else if (depth === 1 ? !isObject : depth === 2 && this.#isList()) this.#openList(isObject, depth, offset);
    this.#open.push({ isObject, expected: "first" });
  }

  /** The member of the root that comes is the list of records. */
  #isList(): boolean {
    return this.#open[0]!.isObject && this.#target.mapping.vocabulary.lists.has(this.#rootMember.toLowerCase());
  }

  #openList(isObject: boolean, depth: number, offset: number): void {
    if (isObject) throw this.#noArray(offset);
    if (this.#hasList) {
      throw this.#problem("document_structure_wrong", `"${this.#names.list}" stands twice. ${correct}`, offset);
    }
    this.#hasList = true;
    this.#listDepth = depth;
  }

  #openInRecord(isObject: boolean): void {
    const member = this.#member;
    if (member?.slot === undefined || this.#open.length !== this.#listDepth + 1) {
      // inside of what is skipped, or an item that is no text
      if (member?.slot !== undefined) this.#failMember(member, "an item of its list is not a string");
      return;
    }
    if (!isObject && this.#target.mapping.separatorOf(member.slot) !== undefined) member.items = [];
    else this.#failMember(member, isObject ? "it is an object, not a string" : "it is a list, and takes one value");
  }

  #closeContainer(isObject: boolean, container: Container | undefined, offset: number): void {
    const isDue = container?.expected === "comma" || container?.expected === "first";
    if (container === undefined || container.isObject !== isObject || !isDue) {
      throw this.#unexpected(`where no ${isObject ? "}" : "]"} may stand`, offset);
    }
    this.#open.pop();
    const depth = this.#open.length;
    if (depth === 0) this.#isEnded = true;
    if (this.#record && depth === this.#listDepth) this.#closeRecord(this.#record);
    else if (this.#record && depth === this.#listDepth + 1) this.#closeMember(this.#record);
    else if (depth < this.#listDepth) this.#listDepth = 0;
  }

  #closeRecord(record: OpenRecord): void {
    const { values, failure } = this.#target.mapping.read(record.cells);
    const first = record.failure ?? failure;
    this.#target.queue.add({ line: record.line, values, ...(first === undefined ? {} : { failure: first }) });
    this.#record = undefined;
    this.#member = undefined;
  }

  /** Ends a list; any other container has failed or is skipped. */
  #closeMember({ cells }: OpenRecord): void {
    const member = this.#member;
    if (member?.items === undefined || member.slot === undefined) return;
    const separator = this.#target.mapping.separatorOf(member.slot);
    if (separator === "|" && member.items.some((item) => item.includes("|"))) {
      this.#failMember(member, "a value of the list holds the separator |");
    } else {
      const items = separator === ";" ? member.items.filter((item) => item !== "") : member.items;
      cells[member.slot] = items.join(separator);
    }
  }

  #takeKey(container: Container, value: Scalar, offset: number): void {
    if (typeof value !== "string") throw this.#unexpected("where a name may stand", offset);
    container.expected = "colon";
    const { limits, mapping, ignored } = this.#target;
    if (value.length > limits.nameLength) {
      const detail = `the name of a member is over the limit of ${limits.nameLength} characters.`;
      throw this.#problem("json_limit_exceeded", `${detail} ${correct}`, offset);
    }
    const depth = this.#open.length;
    if (depth === 1) this.#rootMember = value;
    const record = this.#record;
    if (record === undefined || depth !== this.#listDepth + 1) return;
    record.members += 1;
    if (record.members > limits.members) {
      const detail = `the record has more than ${limits.members} members.`;
      throw this.#problem("json_limit_exceeded", `${detail} ${correct}`, offset);
    }
    const slot = mapping.slotOfName(value);
    if (slot === undefined) ignored.add(value);
    else if (record.slots.has(slot)) {
      const detail = `"${value}" stands twice in one record; give several values as a list.`;
      throw this.#problem("document_structure_wrong", detail, offset, value);
    } else record.slots.add(slot);
    this.#member = { name: value, slot, items: undefined, length: 0 };
  }

  #takeScalar(value: Scalar, offset: number): void {
    const depth = this.#open.length;
    const record = this.#record;
    if (record === undefined) this.#takeOutside(depth, offset);
    else if (this.#member?.slot !== undefined) this.#takeValue(record, this.#member, value, depth, offset);
  }

  #takeOutside(depth: number, offset: number): void {
    if (depth === 0) {
      const { list } = this.#names;
      const detail = `the document must be {"${list}":[…]} or a list of ${list}. ${correct}`;
      throw this.#problem("document_root_wrong", detail, offset);
    }
    if (this.#listDepth > 0 && depth === this.#listDepth) throw this.#noObject(offset);
    if (depth === 1 && this.#isList()) throw this.#noArray(offset);
  }

  #takeValue(record: OpenRecord, member: OpenMember, value: Scalar, depth: number, offset: number): void {
    const slot = member.slot!;
    const isItem = depth === this.#listDepth + 2 && member.items !== undefined;
    if (!isItem && depth !== this.#listDepth + 1) return;
    if (value === null) {
      if (isItem) member.items!.push("");
      else delete record.cells[slot];
      return;
    }
    const text = typeof value === "string" ? value.trim() : this.#code(slot, value);
    if (text === undefined) {
      const what = typeof value === "number" ? "a number" : "true or false";
      const advice =
        typeof value === "number"
          ? ", which loses leading zeros; write it as a string in quotation marks"
          : "; write a string";
      this.#failMember(member, `it is ${what} in the JSON${advice}`);
      return;
    }
    member.length += text.length;
    if (member.length > this.#target.limits.valueLength) {
      const detail = `${member.name} is over the limit of ${counted(this.#target.limits.valueLength)} characters. ${correct}`;
      throw this.#problem("json_limit_exceeded", detail, offset, member.name);
    }
    if (isItem) member.items!.push(text);
    else record.cells[slot] = text;
  }

  /** Flags may be written as 0, 1, true and false, codes without leading zeros as a whole number. */
  #code(slot: number, value: number | boolean): string | undefined {
    const { mapping } = this.#target;
    const { flags, numbers } = mapping.vocabulary;
    const isOneOf = (names: readonly string[]) => names.some((name) => mapping.slotOfName(name) === slot);
    if (typeof value === "number" && Number.isSafeInteger(value) && isOneOf(numbers)) return String(value);
    if (!isOneOf(flags)) return undefined;
    return value === true || value === 1 ? "1" : value === false || value === 0 ? "0" : undefined;
  }

  /** Fails the record for a value, of which nothing is read. */
  #failMember(member: OpenMember, reason: string): void {
    const record = this.#record!;
    record.failure ??= valueInvalid(member.name, reason);
    member.items = undefined;
    if (member.slot !== undefined) delete record.cells[member.slot];
  }

  /** Line of a byte of this piece or of one before it. */
  #lineOf(offset: number): number {
    this.#countTo(offset);
    return this.#line;
  }

  /** CR, LF, and both together end a line. */
  #countTo(offset: number): void {
    const piece = this.#piece;
    const end = Math.min(offset - this.#pieceStart, piece.length);
    for (let at = this.#counted - this.#pieceStart; at < end; at += 1) {
      const byte = piece[at];
      if (byte === 0x0d || (byte === 0x0a && this.#previous !== 0x0d)) this.#line += 1;
      if (byte === 0x0d || byte === 0x0a) this.#lineStart = this.#pieceStart + at + 1;
      this.#previous = byte;
      this.#counted = this.#pieceStart + at + 1;
    }
  }

  #noObject(offset: number): MusterError {
    const detail = `a ${this.#names.record} must be an object {…}. ${correct}`;
    return this.#problem("document_structure_wrong", detail, offset);
  }

  #noArray(offset: number): MusterError {
    const detail = `"${this.#names.list}" must be an array […]. ${correct}`;
    return this.#problem("document_structure_wrong", detail, offset);
  }

  #refuseLength(offset: number): never {
    const detail = `what begins here is over the limit of ${counted(this.#target.limits.recordLength)} bytes. ${correct}`;
    throw this.#problem("json_limit_exceeded", detail, offset);
  }

  #unexpected(what: string, offset: number): MusterError {
    return this.#problem("json_not_well_formed", `there is something ${what}. ${correct}`, offset);
  }

  /** The tokenizer stopped at a character; its message quotes what stands there. */
  #notWellFormed(_error: Error): MusterError {
    return this.#problem("json_not_well_formed", `from here on it is no JSON (RFC 8259). ${correct}`, this.#lastToken);
  }

  #cutOff(): MusterError {
    const { queue } = this.#target;
    const count = queue.count();
    const { one, many } = this.#target.mapping.vocabulary;
    const after = `after ${counted(count)} complete ${count === 1 ? one : many}`;
    const detail = `the document ends here, ${count === 0 ? `before the first ${one} is complete` : after}: it was cut off. Send the whole file again.`;
    return this.#problem("json_cut_off", detail, this.position());
  }

  #problem(code: ProblemCode, detail: string, offset: number, field?: string): MusterError {
    const line = this.#lineOf(offset);
    // A token may have begun in an earlier piece, in this line; then bytes stand for characters.
    const start = Math.max(this.#lineStart, this.#pieceStart);
    const text = this.#piece.subarray(start - this.#pieceStart, Math.max(start, offset) - this.#pieceStart);
    const column = Math.min(start, offset) - this.#lineStart + Buffer.from(text).toString().length + 1;
    const where = `Line ${counted(line)}, column ${counted(column)}`;
    const place = field === undefined ? { line, column } : { line, column, field };
    return new MusterError(code, `${where}: ${detail} Nothing was changed.`, place);
  }
}
