/**
 * `npm test`: runs the test files against one PostgreSQL server, the embedded one or the server at DATABASE_URL. Then it
 * searches the logs of all services that the tests ran for personal data and secrets.
 * Arguments: files, folders or patterns to run instead of all, and options of `node --test`. `--quick` runs the tests that
 * need no database, without a server.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { logFolderVariable, searchLogs } from "./support/collected-logs.ts";
import { testsWithoutDatabase } from "./support/quick-files.ts";
import { spawnTestServer, type TestServer, testServerVariable } from "./support/server.ts";

const scratch = mkdtempSync(join(tmpdir(), "muster-test-run-"));
const logFolder = join(scratch, "logs");
mkdirSync(logFolder);
// Whatever tests leave behind goes with the run. Some start programs as another account, which has to get in.
const temporary = join(scratch, "temporary");
mkdirSync(temporary);
chmodSync(scratch, 0o711);
chmodSync(temporary, 0o1777);
const countFile = join(scratch, "count");
const countReporter = fileURLToPath(new URL("support/count-reporter.ts", import.meta.url));
const testFiles = "**/*.test.ts";

const testFolder = fileURLToPath(new URL(".", import.meta.url));
const isQuick = process.argv[2] === "--quick";
const given = process.argv.slice(isQuick ? 3 : 2);
const options = given.filter((argument) => argument.startsWith("-"));
const patterns = given.filter((argument) => !argument.startsWith("-"));
const files = isQuick
  ? testsWithoutDatabase(testFolder)
  : patterns.map((path) => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, testFiles) : path));

let interruption: NodeJS.Signals | undefined;
let tests: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interruption = signal;
    tests?.kill(signal);
  });
}

/** Tests of races between processes with time limits: beside other tests they would have too little of the machine. */
const alone = join(testFolder, "embedded-postgresql");

/** The files of a run, in passes that follow each other. */
function passesOf(): readonly Pass[] {
  if (files.length > 0) return [{ files, atOnce: atOnceUsually }];
  const all = globSync(testFiles, { cwd: testFolder }).map((path) => join(testFolder, path));
  const isAlone = (path: string) => path.startsWith(alone);
  return [
    { files: all.filter(isAlone), atOnce: 1 },
    { files: all.filter((path) => !isAlone(path)).sort(), atOnce: atOnceUsually },
  ];
}

interface Pass {
  readonly files: readonly string[];
  /** How many files run at the same time. */
  readonly atOnce: number;
}

/** One more than the cores that a run has at least: many tests wait for something. */
const atOnceUsually = 3;

async function runTests(server: TestServer): Promise<number> {
  let worst = 0;
  for (const pass of passesOf()) worst = Math.max(worst, await runPass(server, pass));
  return requireCleanLogs() ? worst : 1;
}

async function runPass(server: TestServer, pass: Pass): Promise<number> {
  if (interruption) return 1;
  tests = spawn(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${pass.atOnce}`,
      "--test-timeout=300000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${countReporter}`,
      `--test-reporter-destination=${countFile}`,
      ...options,
      ...pass.files,
    ],
    {
      stdio: "inherit",
      // Each file is a process of its own: what one has compiled, the next need not.
      env: {
        NODE_COMPILE_CACHE: isQuick ? join(testFolder, "../node_modules/.cache/tests") : join(scratch, "compiled"),
        ...process.env,
        ...(isQuick ? { TEST_QUICK: "1" } : {}),
        TMPDIR: temporary,
        [testServerVariable]: JSON.stringify(server),
        [logFolderVariable]: logFolder,
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

/** No log may hold data of people or a secret; of a whole run there has to be something to search. */
function requireCleanLogs(): boolean {
  const { lines, findings } = searchLogs(logFolder);
  if (lines === 0 && files.length === 0) {
    process.stderr.write("No service has logged anything: the logs were not searched.\n");
    return false;
  }
  for (const finding of findings.slice(0, 20)) process.stderr.write(`The log of a service holds ${finding}\n`);
  process.stdout.write(`Lines of logs searched for data of people and secrets: ${lines}; found: ${findings.length}\n`);
  return findings.length === 0;
}

/** Refuses every connection: a quick test that needs a database fails. */
const noServer: TestServer = { connection: { host: "127.0.0.1", port: 1 }, template: "none", prefix: "none_" };

const { server, stop } = isQuick ? { server: noServer, stop: async () => true } : await spawnTestServer();
try {
  const status = await runTests(server);
  process.exitCode = interruption ? 128 + constants.signals[interruption] : status;
} finally {
  if (!(await stop())) process.exitCode ||= 1;
  rmSync(scratch, { recursive: true, force: true });
}
