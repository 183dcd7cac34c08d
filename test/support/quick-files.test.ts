import assert from "node:assert/strict";
import { relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { testsWithoutDatabase } from "./quick-files.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const quick = testsWithoutDatabase(folder).map((path) => relative(folder, path));

test("tests of the readers and of the reference model are quick", () => {
  for (const path of ["intake/xml.test.ts", "model/identity.test.ts", "support/quick-files.test.ts"])
    assert(quick.includes(path), path);
});

test("a test that imports the database, directly or through a helper, is not quick", () => {
  for (const path of ["store/schema.test.ts", "http/imports.test.ts", "cli/push.test.ts", "docs/examples.test.ts"])
    assert(!quick.includes(path), path);
});
