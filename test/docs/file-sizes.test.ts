/** No file of ours has more than 300 lines, apart from data tables. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { filesBelow } from "./markdown.ts";

const mostLines = 300;

/** The exceptions are data tables, for which there is no seam: the closed list of errors. */
const dataTables: readonly string[] = ["src/errors.ts"];

test("no file but a data table has more than 300 lines", () => {
  const files = ["src", "test", "bench", "openapi"].flatMap(filesBelow).filter((file) => file.endsWith(".ts"));
  assert.ok(files.length > 500);
  const linesOf = (file: string) =>
    readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").split("\n").length - 1;
  const tooLong = files
    .map((file) => ({ file, lines: linesOf(file) }))
    .filter(({ file, lines }) => lines > mostLines && !dataTables.includes(file));
  assert.deepEqual(tooLong, [], "find the seam");
});
