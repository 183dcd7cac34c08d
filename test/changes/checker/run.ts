/**
 * Checks the change feed from outside, through crashes: `node test/changes/checker/run.ts --seed 7 --seconds 300`.
 * Options: `--seed`, `--sessions` (how many, each with the next seed), `--seconds` of writing, `--processes` (1 or 2),
 * `--crashes`, `--postgresql` (every third crash hits PostgreSQL), `--people` of the largest file, `--plant` (a fault that has to be found; `--plant help` lists them).
 */
import { parseArgs } from "node:util";
import { createTestDatabase } from "../../support/database.ts";
import { testServerVariable } from "../../support/server.ts";
import { plants, runPlanted } from "./plants.ts";
import { reportText } from "./report.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    sessions: { type: "string", default: "1" },
    seconds: { type: "string", default: "60" },
    processes: { type: "string", default: "2" },
    crashes: { type: "string" },
    people: { type: "string", default: "2000" },
    postgresql: { type: "boolean", default: false },
    plant: { type: "string" },
  },
});

if (values.postgresql && (process.env.DATABASE_URL || process.env[testServerVariable])) {
  process.stderr.write("--postgresql crashes the server, and so takes one of its own: unset DATABASE_URL.\n");
  process.exit(2);
}
const { plant } = values;
if (plant !== undefined && !(plant in plants)) {
  const known = Object.entries(plants).map(([name, { says }]) => `  ${name}: ${says}\n`);
  process.stderr.write(`The faults that can be planted:\n${known.join("")}`);
  process.exit(plant === "help" ? 0 : 2);
}
const seconds = Number(values.seconds);
let found = 0;
for (let session = 0; session < Number(values.sessions); session += 1) {
  const seed = Number(values.seed) + session;
  const database = await createTestDatabase();
  try {
    const report = await runPlanted(plant as keyof typeof plants | undefined, {
      seed,
      database,
      seconds,
      decisions: 0,
      processes: values.processes === "1" ? 1 : 2,
      crashes: Number(values.crashes ?? Math.ceil(seconds / 5)),
      crashesPostgreSql: values.postgresql,
      largestFile: Number(values.people),
    });
    process.stdout.write(reportText(seed, report));
    found += report.violations.length;
  } finally {
    await database.drop();
  }
}
process.exitCode = found > 0 ? 1 : 0;
