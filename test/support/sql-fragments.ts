import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** A template with the tag `sql` in the source. */
export interface SqlFragment {
  /** `src/FILE:LINE` */
  readonly place: string;
  /** The text between the values, in order. */
  readonly pieces: readonly string[];
}

/**
 * Lists the templates with the tag `sql` in the source.
 * @param folder the project's folder
 */
export function listSqlFragments(folder: string): SqlFragment[] {
  const files = globSync("src/**/*.ts", { cwd: folder, exclude: ["src/store/generated/**"] });
  return files.sort().flatMap((file) => fragmentsOf(file, readFileSync(join(folder, file), "utf8")));
}

/** Finds the templates of one file. Templates within templates are listed, too. */
export function fragmentsOf(file: string, source: string): SqlFragment[] {
  return [...source.matchAll(/\bsql`/g)].flatMap(({ index }) => {
    const before = source.slice(0, index).split("\n");
    if (/^ *(\/\/|\/?\*)/.test(before.at(-1)!)) return [];
    return [{ place: `${file}:${before.length}`, pieces: readTemplate(source, index + "sql`".length).pieces }];
  });
}

/** Reads a template from behind its opening backtick. */
function readTemplate(source: string, start: number): { readonly pieces: string[]; readonly end: number } {
  const pieces = [""];
  for (let at = start; at < source.length; at++) {
    const character = source[at]!;
    if (character === "`") return { pieces, end: at };
    if (character === "\\") pieces.push(pieces.pop()! + source[++at]);
    else if (character === "$" && source[at + 1] === "{") {
      at = endOfValue(source, at + 2);
      pieces.push("");
    } else pieces.push(pieces.pop()! + character);
  }
  throw new Error("a template without an end");
}

/** Returns the position of the brace that ends the value of a template. */
function endOfValue(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const character = source[at]!;
    if (character === "`") at = readTemplate(source, at + 1).end;
    else if (character === '"' || character === "'") at = source.indexOf(character, at + 1);
    else if (character === "{") depth++;
    else if (character === "}" && depth-- === 0) return at;
  }
  throw new Error("a value without an end");
}

/** The statements that this process sent to PostgreSQL. */
export interface SentStatements {
  /** Their texts, each once. */
  readonly texts: ReadonlySet<string>;
  /** Returns the texts with values but without a name that were sent since the last call. */
  takeUnnamed(): string[];
}

/** Records every statement that this process sends to PostgreSQL from now on. */
export function recordStatements(): SentStatements {
  const texts = new Set<string>();
  const unnamed = new Set<string>();
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...parameters: unknown[]) {
    const { text, name, values } = describe(parameters);
    if (text !== undefined) texts.add(text);
    if (text !== undefined && name === undefined && values.length > 0) unnamed.add(text);
    return Reflect.apply(query, this, parameters);
  } as typeof query;
  const takeUnnamed = () => {
    const taken = [...unnamed];
    unnamed.clear();
    return taken;
  };
  return { texts, takeUnnamed };
}

/** Reads what `query` was called with. A cursor or a stream has its text inside. */
function describe([statement, given]: readonly unknown[]) {
  if (typeof statement === "string") return { text: statement, values: Array.isArray(given) ? given : [] };
  const { text, cursor, name, values } = statement as {
    readonly text?: string;
    readonly cursor?: { readonly text: string };
    readonly name?: string;
    readonly values?: readonly unknown[];
  };
  return { text: text ?? cursor?.text, name, values: values ?? (Array.isArray(given) ? given : []) };
}

/** Tells whether a statement contains the pieces of a fragment, in order. */
function contains(text: string, pieces: readonly string[]): boolean {
  let from = 0;
  for (const piece of pieces) {
    const found = text.indexOf(piece, from);
    if (found === -1) return false;
    from = found + piece.length;
  }
  return true;
}

/** Returns the fragments that no statement contains. */
export function missingFragments(fragments: readonly SqlFragment[], texts: ReadonlySet<string>): SqlFragment[] {
  const all = [...texts];
  return fragments.filter(({ pieces }) => !all.some((text) => contains(text, pieces)));
}
