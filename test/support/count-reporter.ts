import { resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";

/** A reporter that writes one number at the end: how many tests ran. Skipped tests, suites and bare files don't count. */
export default async function* countTests(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let count = 0;
  for await (const event of source) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { skip, todo, details, file, name } = event.data;
    // A file without a test is reported as a test with the file's name.
    if (skip || todo || details.type === "suite" || resolve(name) === file) continue;
    count += 1;
  }
  yield String(count);
}
