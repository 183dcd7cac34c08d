/**
 * Writes the published contract, `openapi/openapi.json`, from the routes' schemas. With `--check` it only compares, and
 * fails when the file is not what the routes say.
 */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { Registry } from "prom-client";
import { createChangeSignal } from "../src/changes/signal.ts";
import { buildApp } from "../src/http/app.ts";
import { httpLimits } from "../src/http/contract/limits.ts";
import { createMetrics } from "../src/http/server/metrics.ts";
import { createIdSource } from "../src/identifiers.ts";
import { createKnownKeys } from "../src/organizations/known-keys.ts";
import { createIssuerKeys, issuerTiming } from "../src/sign-in/issuer-keys.ts";
import { createProviderClient } from "../src/sign-in/provider-client.ts";
import { openDatabase } from "../src/store/database.ts";
import { createNotifications } from "../src/store/notifications.ts";
import { createWriterQueue } from "../src/store/organization-lock.ts";
import { createReadiness } from "../src/store/readiness.ts";

const file = new URL("openapi.json", import.meta.url);
const clock = () => new Date();
// Connections are made on demand, and nothing asks for one here.
const database = openDatabase({}, { maxConnections: 1 });
const notifications = createNotifications({});
const app = await buildApp({
  dependencies: {
    database,
    clock,
    randomBytes,
    newId: createIdSource(clock, randomBytes),
    spoolDirectory: "",
    readiness: createReadiness(database, ""),
    clockGuard: undefined,
    changeSignal: createChangeSignal(notifications),
    knownKeys: createKnownKeys(notifications, () => performance.now()),
    queue: createWriterQueue(),
    importQueue: createWriterQueue(),
    waitingImports: { wake: () => undefined },
    partRows: 1,
    publicUrl: undefined,
    keysOf: createIssuerKeys({ fetch, timing: issuerTiming, now: () => performance.now() }),
    providerClient: createProviderClient({ fetch, patience: 0 }),
    trustedProxies: [],
    limits: { ...httpLimits, importBytes: 0, importRows: 0, requestsPerMinute: 0, failuresPerMinute: 0 },
    operator: undefined,
  },
  metrics: createMetrics(new Registry()),
  log: { level: "silent", stream: process.stderr },
});
const contract = `${JSON.stringify(app.swagger(), null, 2)}\n`;
await app.close();
await database.close();

if (process.argv.includes("--check")) {
  const published = await readFile(file, "utf8").catch(() => "");
  if (published !== contract) {
    process.stderr.write(
      "openapi/openapi.json is not what the routes say: run npm run openapi, and look at the difference.\n",
    );
    process.exitCode = 1;
  }
} else {
  await writeFile(file, contract);
}
