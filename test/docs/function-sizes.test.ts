/**
 * No function of ours has more than 60 lines, apart from data tables. Counts lines of the body that are neither blank
 * nor comments. The formatter's layout shows where a function begins and ends. `describe` blocks are not functions here.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { filesBelow } from "./markdown.ts";

const mostLines = 60;

/** Functions that are still longer, by file: lower a ceiling whenever one shrinks, and remove it at 60. */
const ceilings: Readonly<Record<string, number>> = {
  "bench/feed.ts": 65,
  "test/directory/permissions.test.ts": 62,
  "test/directory/user-document.test.ts": 87,
  "test/http/tokens.test.ts": 76,
  "test/model/identify.ts": 73,
  "test/support/embedded-postgresql.ts": 64,
  "test/support/filled-organization.ts": 63,
  "test/support/guarded-app.ts": 74,
  "test/support/load-organization.ts": 78,
};

const control = /^(?:\} else )?(?:if|for|while|switch|try|catch|do)\b/;
const indentOf = (line: string) => line.search(/\S/);

/** True if a function's body begins at the end of the line, which may be the last one of its parameters. */
function opensFunction(lines: readonly string[], index: number): boolean {
  const text = lines[index]!.trim();
  if (!text.endsWith("{") || /\b(?:describe|suite)\(/.test(text)) return false;
  if (text.endsWith("=> {")) return true;
  if (!/^\).*\{$/.test(text)) return isHead(text) && /\)(?:: .+)? \{$/.test(text);
  const indent = indentOf(lines[index]!);
  const head = lines.findLastIndex((line, at) => at < index && indentOf(line) === indent && !/^\s*[)}\]]/.test(line));
  return isHead(lines[head]?.trim() ?? "");
}

/** True for the first line of a function or method that is not an arrow function. */
const isHead = (text: string) =>
  !control.test(text) &&
  (/\bfunction\b/.test(text) || /^(?:async |static |get |set |\*)*#?[\w$]+(?:<.*>)?\(/.test(text));

/** The functions of a text: the line of each, and the number of lines of its body. */
function functionsOf(text: string): { readonly line: number; readonly lines: number }[] {
  const lines = text.split("\n");
  const isCounted = (line: string) => line.trim() !== "" && !/^\s*(?:\/\/|\/?\*)/.test(line);
  return lines.flatMap((line, index) => {
    if (!opensFunction(lines, index)) return [];
    const end = lines.findIndex((other, at) => at > index && indentOf(other) <= indentOf(line) && /^\s*\}/.test(other));
    return [{ line: index + 1, lines: lines.slice(index + 1, end).filter(isCounted).length }];
  });
}

describe("functions", () => {
  test("have at most 60 lines", () => {
    const files = ["src", "test", "bench", "openapi"].flatMap(filesBelow).filter((file) => file.endsWith(".ts"));
    const found = files.flatMap((file) =>
      functionsOf(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")).map((one) => ({ file, ...one })),
    );
    assert.ok(found.length > 4000, `${found.length}`);
    const tooLong = found.filter(({ file, lines }) => lines > (ceilings[file] ?? mostLines));
    assert.deepEqual(tooLong, [], "find the seam");
  });

  test("are found in every form, and `describe` blocks are not among them", () => {
    const text = [
      "export function first(a: string): void {",
      "  // a comment",
      "  use(a);",
      "",
      "}",
      "async function second<Result>(",
      "  a: Result,",
      "): Promise<void> {",
      "  if (",
      "    a",
      "  ) {",
      "    use(a);",
      "  }",
      "}",
      'describe("a thing", () => {',
      '  test("is so", async () => {',
      "    await use();",
      "  });",
      "});",
      "const thing = {",
      "  method(a) {",
      "    use(a);",
      "  },",
      "};",
      "",
    ].join("\n");
    assert.deepEqual(functionsOf(text), [
      { line: 1, lines: 1 },
      { line: 8, lines: 5 },
      { line: 16, lines: 1 },
      { line: 21, lines: 1 },
    ]);
  });
});
