/**
 * A process that has an embedded PostgreSQL, for tests that kill it: `node embedded-process.ts <data folder> [durable]`.
 * Prints JSON lines; stops cleanly when its standard input ends.
 */
import { once } from "node:events";
import { startEmbeddedPostgreSql } from "../../src/embedded-postgresql/embedded-postgresql.ts";

/** A line that the process prints. */
export type EmbeddedProcessLine =
  | {
      readonly event: "ready";
      readonly pid: number;
      readonly connection: Record<string, unknown>;
      readonly took: number;
    }
  | { readonly event: "failed" | "exited"; readonly message: string }
  | { readonly event: "log"; readonly level: string; readonly message: string };

const tell = (line: EmbeddedProcessLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);
const logAt = (level: string) => (message: string) => tell({ event: "log", level, message });

try {
  const begin = performance.now();
  const postgresql = await startEmbeddedPostgreSql({
    dataDirectory: process.argv[2] ?? "",
    durable: process.argv[3] === "durable",
    log: { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn") },
    onExit: (error) => tell({ event: "exited", message: error.message }),
  });
  const { pid, connection } = postgresql;
  tell({ event: "ready", pid, connection: { ...connection }, took: performance.now() - begin });
  await once(process.stdin.resume(), "close");
  await postgresql.stop();
} catch (error) {
  tell({ event: "failed", message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
process.stdin.destroy();
