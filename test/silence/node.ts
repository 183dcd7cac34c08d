/** A process of the service with short time limits, on the database at DATABASE_URL. Its organization exists. */
import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeService } from "../../src/compose-service.ts";
import { httpLimits } from "../../src/http/contract/limits.ts";
import { timeLimits } from "../../src/store/time-limits.ts";

const service = await composeService({
  connection: { connectionString: process.env.DATABASE_URL },
  timeLimits: { ...timeLimits, idleWriter: Number(process.env.IDLE_WRITER ?? 1_000), connect: 2_000, probe: 1_000 },
  maxConnections: 4,
  clock: () => new Date(),
  now: () => performance.now(),
  randomBytes,
  spoolDirectory: await mkdtemp(join(tmpdir(), "muster-node-")),
  publicUrl: undefined,
  trustedProxies: [],
  limits: { ...httpLimits, importBytes: 1024 ** 2, importRows: 1_000_000, requestsPerMinute: 0, failuresPerMinute: 0 },
  operator: undefined,
  log: { level: "silent", stream: process.stderr },
});
process.stdout.write(`Muster is ready: ${await service.app.listen({ host: "127.0.0.1", port: 0 })}\n`);
