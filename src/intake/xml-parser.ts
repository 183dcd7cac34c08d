import { SaxesParser } from "saxes";
import { MusterError, type ProblemCode } from "../errors.ts";
import type { XmlLimits } from "./limits.ts";
import { explainFault } from "./xml-faults.ts";
import { trackMarkup, type XmlMarkup, type XmlPlace } from "./xml-markup.ts";

/** The callbacks of the parser, called in document order. An exception in one of them ends the parsing. */
export interface XmlHandler {
  /** A start tag, complete. */
  start(name: string, attributes: Readonly<Record<string, string>>): void;
  /** Text or a CDATA section inside the root, or a part of it. */
  text(text: string): void;
  /** The end of the innermost element. */
  end(): void;
  /** How far it got, for the message about a document that is cut off; e.g. "after 3 complete people". */
  progress(): string;
}

/** A strict streaming XML parser for one document. */
export interface XmlParser {
  /** Line up to which the document was read, 1-based. */
  readonly line: number;
  /** Index of the next character of the document, 0-based, in UTF-16 code units. */
  readonly position: number;
  /** Takes the next piece of text. What is held is bounded by the limits and by the length of a piece. */
  write(text: string): void;
  /** Takes the end of the document; throws unless the document is complete. */
  end(): void;
  /** Returns the position of the tag passed to `start`. */
  tagPlace(): XmlPlace;
  /** Returns the position of the text passed to `text`, after white space. */
  textPlace(): XmlPlace;
  /** The problem of a document that ends with the text written so far. */
  cutOff(): MusterError;
}

interface ParserState {
  readonly saxes: SaxesParser;
  readonly markup: XmlMarkup;
  readonly limits: XmlLimits;
  readonly handler: XmlHandler;
  /** Names of the open elements, from the root on. */
  readonly open: string[];
  closedName: string;
  ended: boolean;
}

const correct = "Correct the export and send the file again.";

/**
 * A parser for one XML 1.0 document. Namespaces are off: a prefix is a part of the name. The first thing that is not
 * well-formed refuses the document, and so does a document type declaration or an entity other than the five of XML:
 * nothing expands, nothing is fetched. Comments and processing instructions are skipped.
 *
 * Throws `xml_not_well_formed`, `xml_cut_off`, `xml_doctype_forbidden`, `xml_entity_forbidden`, `xml_limit_exceeded`.
 */
export function createXmlParser(limits: XmlLimits, handler: XmlHandler): XmlParser {
  // saxes tracks positions either way; the option only puts them into its messages
  const saxes = new SaxesParser({ xmlns: false, position: false });
  const markup = trackMarkup(saxes);
  const state: ParserState = { saxes, markup, limits, handler, open: [], closedName: "", ended: false };
  listen(state);
  return {
    get line() {
      return saxes.line;
    },
    get position() {
      return markup.position();
    },
    write(text) {
      markup.write(text);
      saxes.write(text);
      markup.written();
      checkMarkup(state);
    },
    end() {
      state.ended = true;
      saxes.close();
    },
    tagPlace: () => markup.tag(),
    textPlace: () => markup.text(),
    cutOff: () => cutOff(state),
  };
}

/** A problem at a place of the document; `detail` is a sentence or more that says what to do. */
export function xmlProblem(code: ProblemCode, detail: string, at: XmlPlace, field?: string): MusterError {
  const where = `Line ${counted(at.line)}, column ${counted(at.column)}`;
  const place = field === undefined ? at : { ...at, field };
  return new MusterError(code, `${where}: ${detail} Nothing was changed.`, place);
}

/** A number as people write it: 388,114. */
export function counted(number: number): string {
  return number.toLocaleString("en-US");
}

/**
 * Listens to as few events as do. With eight and more V8 keeps the parser's properties in a dictionary, which makes
 * parsing five times slower; so comments and processing instructions have none.
 */
function listen(state: ParserState): void {
  const { saxes, markup, handler, open } = state;
  saxes.on("error", ({ message }) => {
    throw notWellFormed(state, message);
  });
  saxes.on("doctype", () => {
    throw doctypeForbidden(state);
  });
  saxes.on("opentag", (tag) => {
    checkMarkup(state);
    checkTag(state, tag.name, tag.attributes);
    handler.start(tag.name, tag.attributes);
    markup.begin(false);
    open.push(tag.name);
  });
  saxes.on("closetag", () => {
    checkMarkup(state);
    // saxes checks the name only after this event
    state.closedName = open.pop() ?? "";
    handler.end();
    markup.begin(false);
  });
  saxes.on("text", (text) => {
    checkMarkup(state);
    if (open.length > 0) handler.text(text);
    else if (/[^ \t\r\n]/.test(text)) throw textOutsideRoot(state);
    // the < that ends the text was read
    markup.begin(true);
  });
  saxes.on("cdata", (text) => {
    checkMarkup(state);
    handler.text(text);
    markup.begin(false);
  });
}

function checkTag(state: ParserState, name: string, attributes: Readonly<Record<string, string>>): void {
  const { limits, open, saxes } = state;
  if (open.length === 0 && (saxes.xmlDecl.version ?? "1.0") !== "1.0") {
    // XML 1.1 would let control characters in
    throw xmlProblem("xml_not_well_formed", "the document is not in XML 1.0. Send XML 1.0.", { line: 1, column: 1 });
  }
  if (name.length > limits.nameLength) throw limitExceeded(state, "the name of an element", limits.nameLength);
  if (open.length >= limits.depth) throw limitExceeded(state, "the depth", limits.depth);
  let count = 0;
  for (const attribute in attributes) {
    count += 1;
    if (count > limits.attributes) throw limitExceeded(state, "the number of attributes", limits.attributes);
    if (attribute.length > limits.nameLength) throw limitExceeded(state, "an attribute's name", limits.nameLength);
    if (attributes[attribute]!.length > limits.attributeLength) {
      throw limitExceeded(state, "an attribute", limits.attributeLength);
    }
  }
}

/** Refuses what goes on for too long without an event: saxes collects it. */
function checkMarkup(state: ParserState): void {
  const { markup, limits } = state;
  if (markup.length() <= limits.recordLength) return;
  if (markup.section() === "document type declaration") throw doctypeForbidden(state);
  throw bareAmpersand(state) ?? limitExceeded(state, "a text, tag or comment", limits.recordLength);
}

/** The problem that saxes reports with `message`; told better where saxes notices late or says little. */
function notWellFormed(state: ParserState, message: string): MusterError {
  if (state.markup.section() === "document type declaration") return doctypeForbidden(state);
  const ampersand = bareAmpersand(state);
  if (ampersand !== undefined) return ampersand;
  // every character was taken without an error: what is wrong is that there are no more
  if (state.ended) return cutOff(state);
  if (message === "undefined entity.") {
    const detail = `${state.markup.lastReference()} is no entity of XML. Write the character itself, or its number as in &#160;.`;
    return xmlProblem("xml_entity_forbidden", detail, place(state));
  }
  if (message === "text data outside of root node.") return textOutsideRoot(state);
  const detail =
    message === "unexpected close tag."
      ? `the end tag does not match <${state.closedName}>. ${correct}`
      : explainFault(message, state.markup.lastCharacter());
  return xmlProblem("xml_not_well_formed", detail, place(state));
}

function textOutsideRoot(state: ParserState): MusterError {
  return xmlProblem(
    "xml_not_well_formed",
    `there is text before or after the root element. Remove it. ${correct}`,
    state.markup.text(),
  );
}

function bareAmpersand(state: ParserState): MusterError | undefined {
  const found = state.markup.bareAmpersand();
  if (found === undefined) return undefined;
  return xmlProblem(
    "xml_not_well_formed",
    "an & is not followed by a reference. Write it as &amp; and send the file again.",
    found,
  );
}

function doctypeForbidden(state: ParserState): MusterError {
  return xmlProblem("xml_doctype_forbidden", "remove <!DOCTYPE …> and send the file again.", place(state));
}

function limitExceeded(state: ParserState, what: string, limit: number): MusterError {
  return xmlProblem("xml_limit_exceeded", `${what} is over the limit of ${counted(limit)}. ${correct}`, place(state));
}

function cutOff(state: ParserState): MusterError {
  const { saxes, markup, open, handler } = state;
  const at = { line: saxes.line, column: saxes.column + 1 };
  const section = markup.section();
  const element = open.at(-1);
  const inside = section !== undefined ? ` inside a ${section}` : element !== undefined ? ` inside <${element}>` : "";
  const where = `ends${inside} at line ${counted(at.line)}, column ${counted(at.column)}, ${handler.progress()}`;
  const advice = "The upload or export was cut off. Send the whole file again. Nothing was changed.";
  return new MusterError("xml_cut_off", `The file ${where}. ${advice}`, at);
}

/** The place of the character that was read last. */
function place(state: ParserState): XmlPlace {
  return { line: state.saxes.line, column: Math.max(1, state.saxes.column) };
}
