import { Tokenizer, TokenType } from "@streamparser/json";
import { MusterError, type ProblemCode } from "../errors.ts";
import type { JsonReader } from "./json-lines.ts";
import {
  createRecordBuilder,
  type JsonTarget,
  type MemberProblem,
  type RecordBuilder,
  type Scalar,
} from "./json-members.ts";
import { createJsonPlaces } from "./json-places.ts";
import { printable } from "./printable.ts";
import { shownNames } from "./reading.ts";
import { counted } from "./xml-parser.ts";

const correct = "Correct the export and send the file again.";
/** Characters of the document that a message may quote. */
const beginningLength = 400;
/** Members of the root that a message lists, at most. */
const mostRootMembers = 10;
/** Members of what APIs answer instead of a list. */
const errorMembers =
  /^(?:errors?|error_?(?:code|message|description)|exception|fault|message|detail|status|statuscode)$/i;

/** Makes a reader of a document of JSON with a list of records. */
export const createDocumentReader = <Field extends string>(target: JsonTarget<Field>): JsonReader =>
  new DocumentReader(target);

/** The tokens that may come next in an array or an object (RFC 8259, 4 and 5). */
type Expected = "first" | "value" | "key" | "colon" | "comma";

interface Container {
  readonly isObject: boolean;
  expected: Expected;
}

class DocumentReader<Field extends string> implements JsonReader {
  readonly #target: JsonTarget<Field>;
  readonly #builder: RecordBuilder;
  readonly #places = createJsonPlaces();
  /** The names of its list and of its records. */
  readonly #names: ReturnType<typeof shownNames>;
  readonly #tokenizer = new Tokenizer();
  readonly #open: Container[] = [];
  /** Depth of the array of records; 0 before it is found. */
  #listDepth = 0;
  #hasList = false;
  #isEnded = false;
  /** Name of the member of the root that comes. */
  #rootMember = "";
  /** Names of the members of the root, for a message. */
  readonly #rootMembers: string[] = [];
  /** The beginning of the document, for a message. */
  #beginning = "";
  /** The position of the record that is being read. */
  #recordStart: number | undefined;
  #lastToken = 0;
  #isBlank = true;

  constructor(target: JsonTarget<Field>) {
    this.#target = target;
    this.#builder = createRecordBuilder(target);
    this.#names = shownNames(target.mapping.vocabulary);
    this.#tokenizer.onToken = ({ token, value, offset }) => this.#take(token, value as Scalar, offset);
    this.#tokenizer.onError = (error) => {
      throw error;
    };
  }

  line(): number {
    return this.#places.lineOf(this.position());
  }

  position(): number {
    return this.#places.position();
  }

  write(text: string): void {
    if (text === "") return;
    this.#isBlank &&= text.trim() === "";
    if (this.#beginning.length < beginningLength) this.#beginning += text.slice(0, beginningLength);
    const piece = Buffer.from(text);
    this.#places.begin(piece);
    try {
      this.#tokenizer.write(piece);
    } catch (error) {
      throw error instanceof MusterError ? error : this.#notWellFormed();
    }
    if (this.position() - this.#lastToken > this.#target.limits.recordLength * 4) this.#refuseLength(this.#lastToken);
  }

  end(complete: boolean): void {
    if (this.#isBlank && complete) {
      throw new MusterError("document_empty", "The file is empty. Check the export. Nothing was changed.");
    }
    try {
      // A number at the root is reported only at the end.
      if (complete && !this.#tokenizer.isEnded) this.#tokenizer.end();
    } catch (error) {
      if (error instanceof MusterError) throw error;
      throw this.#cutOff();
    }
    if (!complete || !this.#isEnded) throw this.#cutOff();
    if (!this.#hasList) throw this.#noList();
    if (this.#target.queue.count() === 0) {
      const detail = `The list of ${this.#names.list} is empty. Check the export. Nothing was changed.`;
      throw new MusterError("document_empty", detail);
    }
  }

  #take(token: TokenType, value: Scalar, offset: number): void {
    this.#lastToken = offset;
    const container = this.#open.at(-1);
    if (this.#recordStart !== undefined && offset - this.#recordStart > this.#target.limits.recordLength) {
      this.#refuseLength(this.#recordStart);
    }
    if (this.#isEnded) throw this.#unexpected("the document has ended, but more follows", offset);
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
        if (container?.expected !== "colon") throw this.#unexpected("a colon is not allowed here", offset);
        container.expected = "value";
        return;
      case TokenType.COMMA:
        if (container?.expected !== "comma") throw this.#unexpected("a comma is not allowed here", offset);
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
    if (!isDue) throw this.#unexpected("a value is not allowed here. A comma may be missing before it", offset);
    container.expected = "comma";
  }

  #openContainer(isObject: boolean, offset: number): void {
    const depth = this.#open.length + 1;
    if (depth > this.#target.limits.depth) {
      const detail = `arrays and objects are nested more than ${this.#target.limits.depth} deep.`;
      throw this.#problem("json_limit_exceeded", `${detail} ${correct}`, offset);
    }
    if (this.#recordStart !== undefined) {
      this.#builder.openContainer(isObject, this.#open.length > this.#listDepth + 1);
    } else if (this.#listDepth > 0 && depth === this.#listDepth + 1) {
      if (!isObject) throw this.#noObject(offset);
      this.#recordStart = offset;
      this.#builder.open(this.#places.lineOf(offset));
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
      throw this.#problem(
        "document_structure_wrong",
        `the document has "${this.#names.list}" twice. ${correct}`,
        offset,
      );
    }
    this.#hasList = true;
    this.#listDepth = depth;
  }

  #closeContainer(isObject: boolean, container: Container | undefined, offset: number): void {
    const isDue = container?.expected === "comma" || container?.expected === "first";
    if (container === undefined || container.isObject !== isObject || !isDue) {
      throw this.#unexpected(`${isObject ? "}" : "]"} is not allowed here. Remove a comma before it`, offset);
    }
    this.#open.pop();
    const depth = this.#open.length;
    if (depth === 0) this.#isEnded = true;
    if (this.#recordStart !== undefined) {
      if (depth === this.#listDepth + 1) this.#builder.closeContainer();
      if (depth !== this.#listDepth) return;
      this.#builder.close();
      this.#recordStart = undefined;
    } else if (depth < this.#listDepth) this.#listDepth = 0;
  }

  #takeKey(container: Container, value: Scalar, offset: number): void {
    if (typeof value !== "string")
      throw this.#unexpected("the name of a member, in quotation marks, is missing here", offset);
    container.expected = "colon";
    const { nameLength } = this.#target.limits;
    if (value.length > nameLength) {
      const detail = `the name of a member is over the limit of ${nameLength} characters.`;
      throw this.#problem("json_limit_exceeded", `${detail} ${correct}`, offset);
    }
    const depth = this.#open.length;
    if (depth === 1) {
      this.#rootMember = value;
      if (this.#rootMembers.length < mostRootMembers) this.#rootMembers.push(value);
    }
    if (this.#recordStart === undefined || depth !== this.#listDepth + 1) return;
    this.#refuse(this.#builder.key(value), offset);
  }

  /** Refuses the document for a member of a record. */
  #refuse(refused: MemberProblem | undefined, offset: number): void {
    if (refused) throw this.#problem(refused.code, `${refused.detail} ${correct}`, offset, refused.field);
  }

  #takeScalar(value: Scalar, offset: number): void {
    const depth = this.#open.length;
    if (this.#recordStart === undefined) this.#takeOutside(depth, offset);
    else if (depth <= this.#listDepth + 2) {
      this.#refuse(this.#builder.scalar(value, depth === this.#listDepth + 2), offset);
    }
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
    return this.#problem("json_not_well_formed", `${what}. ${correct}`, offset);
  }

  #notWellFormed(): MusterError {
    const detail = `the text after this place is not JSON (RFC 8259). ${correct}`;
    return this.#problem("json_not_well_formed", detail, this.#lastToken);
  }

  /** The document has another root, such as the answer of an API that failed. */
  #noList(): MusterError {
    const { list } = this.#names;
    const members = this.#rootMembers.map((name) => printable(name, 40)).join(", ");
    const has = members === "" ? "It is empty." : `Its members are: ${members}.`;
    const isError = this.#rootMembers.some((name) => errorMembers.test(name));
    const advice = isError
      ? `It looks like an error message: "${printable(this.#beginning.trim(), 200)}". Check the request of the export, and send its list.`
      : correct;
    const detail = `the document has no member "${list}" with the list of ${this.#target.mapping.vocabulary.many}. ${has} ${advice}`;
    return this.#problem("document_root_wrong", detail, this.position());
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
    const line = this.#places.lineOf(offset);
    const column = this.#places.columnOf(offset);
    const where = `Line ${counted(line)}, column ${counted(column)}`;
    const place = field === undefined ? { line, column } : { line, column, field };
    return new MusterError(code, `${where}: ${detail} Nothing was changed.`, place);
  }
}
