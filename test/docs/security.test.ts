/** Holds docs/security.md to the tests: those that it names exist. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { proseOf, readDocument, repository } from "./markdown.ts";

const document = readDocument("docs/security.md");

/** A test that the page names. */
interface Citation {
  readonly path: string;
  readonly name: string;
}

/** The tests that a part of the page names: `path/to/file.test.ts`: "name"; "another name". */
function citationsOf(text: string): Citation[] {
  return [...text.matchAll(/^- `(test\/[\w./-]+\.test\.ts)`:((?:[^\n]|\n(?= ))*)/gm)].flatMap(
    ([, path = "", rest = ""]) => {
      const names = [...rest.replaceAll(/\s+/g, " ").matchAll(/"([^"]+)"/g)];
      assert(names.length > 0, `${path} is named without a test`);
      return names.map(([, name = ""]) => ({ path, name }));
    },
  );
}

/** The names of the tests in a file, as they are written. */
const namesIn = (path: string): readonly string[] =>
  [...readDocument(path).text.matchAll(/^\s*test\(\s*"((?:[^"\\]|\\.)*)"/gm)].map(([, name]) =>
    JSON.parse(`"${name}"`),
  );

const parts = proseOf(document).split(/^### /m).slice(1);
const risks = parts.filter((part) => /^API\d+: /.test(part));

describe("docs/security.md", () => {
  test("goes through the ten risks, each with tests", () => {
    assert.deepEqual(
      risks.map((part) => Number(/^API(\d+)/.exec(part)?.[1])),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    for (const part of risks) assert(citationsOf(part).length > 0, part.split("\n", 1)[0]);
  });

  test("names tests that exist", () => {
    const citations = citationsOf(proseOf(document));
    const mentioned = proseOf(document).match(/`test\/[\w./-]+\.test\.ts`/g) ?? [];
    const listed = new Set(citations.map(({ path }) => path)).add("test/docs/security.test.ts");
    for (const path of mentioned) assert(listed.has(path.slice(1, -1)), `${path} is named outside of a list of tests`);
    for (const { path, name } of citations) {
      assert(existsSync(join(repository, path)), `${path} is not there`);
      assert(namesIn(path).includes(name), `${path} has no test "${name}"`);
    }
  });
});
