import { Gauge, type Registry } from "prom-client";
import type { Database } from "./store/database.ts";
import type { Notifications } from "./store/notifications.ts";
import type { ConnectionPool } from "./store/pool.ts";
import { freeBytes } from "./store/readiness.ts";

/** The parts of a process whose state operators watch. */
interface Watched {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly spoolDirectory: string;
}

/**
 * Adds gauges of the process: they say nothing about organizations or people.
 * @param registry where metrics are kept
 */
export function watchProcess(registry: Registry, { database, notifications, spoolDirectory }: Watched): void {
  const pools: readonly (readonly [name: string, pool: ConnectionPool])[] =
    database.imports === database.requests
      ? [["all", database.requests]]
      : [
          ["requests", database.requests],
          ["imports", database.imports],
        ];
  new Gauge({
    name: "muster_database_connections",
    help: "Connections to PostgreSQL by pool and state: busy or idle.",
    labelNames: ["pool", "state"],
    registers: [registry],
    collect() {
      for (const [name, { pool }] of pools) {
        this.set({ pool: name, state: "idle" }, pool.idleCount);
        this.set({ pool: name, state: "busy" }, pool.totalCount - pool.idleCount);
      }
    },
  });
  new Gauge({
    name: "muster_database_waiting",
    help: "Requests and imports that wait for a connection to PostgreSQL, by pool.",
    labelNames: ["pool"],
    registers: [registry],
    collect() {
      for (const [name, { pool }] of pools) this.set({ pool: name }, pool.waitingCount);
    },
  });
  new Gauge({
    name: "muster_listener_connected",
    help: "1 while notifications of changes arrive, otherwise 0.",
    registers: [registry],
    collect() {
      this.set(notifications.isListening() ? 1 : 0);
    },
  });
  new Gauge({
    name: "muster_spool_free_bytes",
    help: "Free space of the disk for uploads.",
    registers: [registry],
    async collect() {
      this.set(await freeBytes(spoolDirectory));
    },
  });
}
