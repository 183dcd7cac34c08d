import { MusterError, type RowIssue } from "../errors.ts";
import { createSlotFinder, localName } from "./column-slots.ts";
import { createDecoder, foundEncoding } from "./decode.ts";
import { textInTurns } from "./in-turns.ts";
import { valueInvalid } from "./issues.ts";
import { limits as publishedLimits, type XmlLimits } from "./limits.ts";
import { printable } from "./printable.ts";
import {
  createIgnoredNames,
  type IgnoredNames,
  type ReadOptions,
  type RecordMapping,
  shownNames,
  type Vocabulary,
} from "./reading.ts";
import { createRecordQueue, type RecordQueue } from "./record-queue.ts";
import type { SourceRecord } from "./records.ts";
import { createTrailingBlanks } from "./trailing-blanks.ts";
import { attributeOf, isNull, valuesIn } from "./xml-attributes.ts";
import type { XmlPlace } from "./xml-markup.ts";
import { counted, createXmlParser, type XmlHandler, type XmlParser, xmlProblem } from "./xml-parser.ts";

/** The advice for a fault of the export. */
const correct = "Correct the export and send the file again.";

/**
 * Reads a document of records (file formats, section 1): of users it is `<users type="array">` around `<user>` elements,
 * whose children are their columns. Element names match without regard to case and to the prefix of a namespace. A child
 * of a record that the mapping does not read is skipped with its content. Anything else that does not belong refuses the
 * document.
 *
 * Yields the records in their order, some at a time, fewer where they are long. **Only the end of the generator
 * says that the document is whole**; until then nothing may be applied. Values may share memory with their piece of the
 * document: copy what is kept for long.
 *
 * Throws `encoding_invalid`, `encoding_unsupported`, the `xml_…` problems, `document_root_wrong`,
 * `document_type_missing`, `document_structure_wrong` and `document_empty`, and whatever `chunks` throws.
 */
export async function* readXmlRecords<Field extends string>(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
  limits: XmlLimits = publishedLimits.xml,
): AsyncGenerator<SourceRecord<Field>[]> {
  const queue = createRecordQueue<Field>(limits.recordLength);
  const ignored = createIgnoredNames(options.mapping);
  const { mapping } = options;
  const target = { queue, ignored, mapping, slotOf: createSlotFinder(mapping, localName) };
  const { parser, checkRecordLength } = createRecordParser(limits, target);
  const { encoding, charset } = options;
  const blanks = createTrailingBlanks(limits.recordLength);
  const decoder = createDecoder(() => parser.line + blanks.lines(), { pinned: encoding, charset, xml: true });
  let blank = true;
  const write = (piece: string): void => {
    const text = blanks.pass(piece);
    blank &&= text.trim() === "";
    parser.write(text);
    checkRecordLength();
  };
  try {
    for await (const chunk of chunks) {
      for await (const piece of textInTurns(decoder.write(chunk))) {
        write(piece);
        yield* queue.take(parser.position, false);
      }
    }
    const { text, complete } = decoder.end();
    write(text);
    if (blank && complete) {
      throw new MusterError("document_empty", "The file is empty. Check the export. Nothing was changed.");
    }
    const cutOff = parser.cutOff();
    parser.end();
    if (!complete) throw cutOff;
    if (queue.count() === 0) {
      const { record } = shownNames(options.mapping.vocabulary);
      const detail = `The document has no <${record}>. Check the export. Nothing was changed.`;
      throw new MusterError("document_empty", detail);
    }
    yield* queue.take(0, true);
  } finally {
    options.onReading?.({ format: "xml", ...foundEncoding(decoder), ignored: ignored.names() });
  }
}

/** The record that is being read. */
interface OpenRecord {
  /** By slot of the mapping. */
  cells: (string | undefined)[];
  /** The position of its start tag. */
  place: XmlPlace;
  /** Position after its start tag. */
  start: number;
  /** Elements so far. */
  elements: number;
  /** The slot that is being read; undefined between columns and in what is skipped. */
  slot: number | undefined;
  /** Name of the element that fills it. */
  name: string;
  /** The text of the field so far. */
  text: string;
  /** The field, or the record, is marked as null. */
  isNil: boolean;
  isRecordNil: boolean;
  /** A field that is marked as null and has a value. */
  failure: RowIssue | undefined;
}

/** The target that a parser fills. */
interface Target<Field extends string> {
  readonly queue: RecordQueue<Field>;
  readonly ignored: IgnoredNames;
  readonly mapping: RecordMapping<Field>;
  /** The slot of an element, by its name. */
  readonly slotOf: (name: string) => number | undefined;
}

/** A parser that adds the records of its document to `queue`, and a check of the length of a record that goes on. */
function createRecordParser<Field extends string>(
  limits: XmlLimits,
  target: Target<Field>,
): { parser: XmlParser; checkRecordLength(): void } {
  const record = newRecord();
  const { queue, mapping } = target;
  const { vocabulary } = mapping;
  /** The name of its records that the root implies. */
  let recordName = shownNames(vocabulary).record;
  /** Elements that are open. */
  let depth = 0;
  const handler: XmlHandler = {
    start(name, attributes) {
      if (depth === 0) recordName = startRoot(parser, name, attributes, vocabulary);
      else if (depth === 1) startRecord(parser, record, { name, attributes, recordName }, target.ignored);
      else if (depth === 2) startField(parser, record, { name, attributes, recordName }, limits, target);
      else if (record.slot !== undefined) throw nested(parser, name, record.name);
      depth += 1;
    },
    text(text) {
      if (record.slot !== undefined) addText(parser, record, text, limits);
      else if (depth < 3 && /[^ \t\r\n]/.test(text)) throw misplacedText(parser, text, depth, recordName);
    },
    end() {
      depth -= 1;
      if (depth === 2 && record.slot !== undefined) {
        endField(record, record.slot);
      } else if (depth === 1) {
        checkLength(parser, record, limits);
        // null says nothing: such a record is not a row
        if (!record.isRecordNil || record.cells.length > 0) queue.add(readRecord(record, mapping));
      }
    },
    progress() {
      const count = queue.count();
      if (count === 0) return `before the first ${vocabulary.one} is complete`;
      return `after ${counted(count)} complete ${count === 1 ? vocabulary.one : vocabulary.many}`;
    },
  };
  const parser: XmlParser = createXmlParser(limits, handler);
  return {
    parser,
    checkRecordLength() {
      if (depth > 1) checkLength(parser, record, limits);
    },
  };
}

const newRecord = (): OpenRecord => ({
  cells: [],
  place: { line: 1, column: 1 },
  start: 0,
  elements: 0,
  slot: undefined,
  name: "",
  text: "",
  isNil: false,
  isRecordNil: false,
  failure: undefined,
});

function readRecord<Field extends string>(
  { cells, place, failure }: OpenRecord,
  mapping: RecordMapping<Field>,
): Omit<SourceRecord<Field>, "row"> {
  const read = { line: place.line, ...mapping.read(cells) };
  return failure === undefined ? read : { ...read, failure };
}

/** Checks the root; returns what its records are called. */
function startRoot(
  parser: XmlParser,
  name: string,
  attributes: Readonly<Record<string, string>>,
  { lists }: Vocabulary,
): string {
  const listName = localName(name).toLowerCase();
  const recordName = lists.get(listName);
  if (recordName === undefined) {
    const expected = [...lists.keys()].map((list) => `<${list} type="array">`).join(" or ");
    const detail = `the root element is <${printable(name)}>, not ${expected}. Send the export in that format.`;
    throw xmlProblem("document_root_wrong", detail, parser.tagPlace());
  }
  if (attributeOf(attributes, "type")?.trim().toLowerCase() !== "array") {
    const detail = `the root element must be written <${listName} type="array">. Add the attribute and send the file again.`;
    throw xmlProblem("document_type_missing", detail, parser.tagPlace());
  }
  return recordName;
}

function startRecord(
  parser: XmlParser,
  record: OpenRecord,
  { name, attributes, recordName }: Tag,
  ignored: IgnoredNames,
): void {
  if (!isNamed(name, recordName)) throw misplaced(parser, name, `where only <${recordName}> is allowed`);
  record.cells = [];
  record.place = parser.tagPlace();
  record.start = parser.position;
  record.elements = 0;
  record.isRecordNil = isNull(attributes);
  for (const attribute of valuesIn(attributes)) ignored.add(`${recordName} ${attribute}=`);
  record.failure = undefined;
}

/** A start tag. */
interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The name of the records of the document. */
  readonly recordName: string;
}

function startField<Field extends string>(
  parser: XmlParser,
  record: OpenRecord,
  { name, attributes, recordName }: Tag,
  limits: XmlLimits,
  { slotOf, ignored }: Target<Field>,
): void {
  record.elements += 1;
  if (record.elements > limits.fields) {
    const detail = `the record has more than ${counted(limits.fields)} elements. ${correct}`;
    throw xmlProblem("xml_limit_exceeded", detail, parser.tagPlace());
  }
  const slot = slotOf(name);
  if (slot === undefined) {
    ignored.add(name);
    return;
  }
  if (record.cells[slot] !== undefined) {
    const detail = `one <${recordName}> has <${name}> twice. Send it once; a list goes into one element, joined by ;.`;
    throw xmlProblem("document_structure_wrong", detail, parser.tagPlace(), name);
  }
  record.slot = slot;
  record.name = name;
  record.text = "";
  record.isNil = isNull(attributes);
}

/** null says nothing, as in JSON. A null that has a value contradicts itself. */
function endField(record: OpenRecord, slot: number): void {
  const value = record.text.trim();
  if (!record.isNil) record.cells[slot] = value;
  else if (value !== "") record.failure ??= valueInvalid(record.name, "it is marked as null, and has a value");
  record.slot = undefined;
}

function addText(parser: XmlParser, record: OpenRecord, text: string, limits: XmlLimits): void {
  record.text = record.text === "" ? text : record.text + text;
  if (record.text.length <= limits.valueLength) return;
  const detail = `${record.name} is over the limit of ${counted(limits.valueLength)} characters. ${correct}`;
  throw xmlProblem("xml_limit_exceeded", detail, parser.textPlace(), record.name);
}

function checkLength(parser: XmlParser, record: OpenRecord, limits: XmlLimits): void {
  if (parser.position - record.start <= limits.recordLength) return;
  const detail = `the record that begins here is over the limit of ${counted(limits.recordLength)} characters. ${correct}`;
  throw xmlProblem("xml_limit_exceeded", detail, record.place);
}

function misplacedText(parser: XmlParser, text: string, depth: number, recordName: string): MusterError {
  const expected = depth === 1 ? `<${recordName}>` : `the fields of a ${recordName}`;
  const detail = `the text "${printable(text.trim())}" is where only ${expected} is allowed. ${correct}`;
  return xmlProblem("document_structure_wrong", detail, parser.textPlace());
}

function nested(parser: XmlParser, name: string, field: string): MusterError {
  const detail = `<${printable(name)}> is inside <${printable(field)}>, which takes text alone. Join several values by ; and send the file again.`;
  return xmlProblem("document_structure_wrong", detail, parser.tagPlace(), name);
}

function misplaced(parser: XmlParser, name: string, where: string): MusterError {
  const detail = `<${printable(name)}> is ${where}. ${correct}`;
  return xmlProblem("document_structure_wrong", detail, parser.tagPlace(), name);
}

function isNamed(name: string, expected: string): boolean {
  return name === expected || localName(name).toLowerCase() === expected;
}
