/**
 * `npm test`: runs the test files against one PostgreSQL server, the embedded one or that at DATABASE_URL.
 * Arguments: files, folders or patterns to run instead of all, and options of `node --test`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnTestServer, type TestServer, testServerVariable } from "./support/server.ts";

const scratch = mkdtempSync(join(tmpdir(), "muster-test-run-"));
const countFile = join(scratch, "count");
const countReporter = fileURLToPath(new URL("support/count-reporter.ts", import.meta.url));
const testFiles = "**/*.test.ts";

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("-"));
const patterns = given.filter((argument) => !argument.startsWith("-"));
const files = patterns.map((path) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, testFiles) : path,
);

let interruption: NodeJS.Signals | undefined;
let tests: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interruption = signal;
    tests?.kill(signal);
  });
}

async function runTests(server: TestServer): Promise<number> {
  if (interruption) return 1;
  tests = spawn(
    process.execPath,
    [
      "--test",
      "--test-concurrency=2",
      "--test-timeout=300000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${countReporter}`,
      `--test-reporter-destination=${countFile}`,
      ...options,
      ...(files.length > 0 ? files : [join(fileURLToPath(new URL(".", import.meta.url)), testFiles)]),
    ],
    {
      stdio: "inherit",
      // Each file is a process of its own: what one has compiled, the next need not.
      env: {
        NODE_COMPILE_CACHE: join(scratch, "compiled"),
        ...process.env,
        [testServerVariable]: JSON.stringify(server),
      },
    },
  );
  const [status] = await once(tests, "exit");
  if (status === 0 && !(Number(readFileSync(countFile, "utf8")) > 0)) {
    process.stderr.write("No test ran.\n");
    return 1;
  }
  return status ?? 1;
}

const { server, stop } = await spawnTestServer();
try {
  const status = await runTests(server);
  process.exitCode = interruption ? 128 + constants.signals[interruption] : status;
} finally {
  if (!(await stop())) process.exitCode ||= 1;
  rmSync(scratch, { recursive: true, force: true });
}
