import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import { type ServiceProcess, startService } from "../../support/service-process.ts";

/** Processes of the service on one database, which are killed and started again. */
export interface Fleet {
  readonly size: number;
  /** Where a process listens, as soon as it does. */
  url(process: number): Promise<string>;
  /** Counts up each time that a process is started. */
  generation(process: number): number;
  start(process: number): Promise<void>;
  /** `kill -9`; resolves when the process is gone. */
  kill(process: number): Promise<void>;
  /** Ends all processes. */
  stop(): Promise<void>;
}

/** How the processes of a fleet are started. */
export interface FleetOptions {
  readonly size: number;
  /** A folder for theirs; one that exists. */
  readonly folder: string;
  readonly adminKey: string;
  /** Of the owner of the tables. */
  readonly databaseUrl: string;
  /** The `main.ts`; undefined: that of the service. */
  readonly program: string | undefined;
}

interface Slot {
  service: ServiceProcess | undefined;
  ready: PromiseWithResolvers<string>;
  generation: number;
}

/** Makes a fleet, of which no process runs yet. */
export function createFleet({ size, folder, adminKey, databaseUrl, program }: FleetOptions): Fleet {
  const slots = Array.from(
    { length: size },
    (): Slot => ({ service: undefined, ready: Promise.withResolvers(), generation: 0 }),
  );
  const kill = async (process: number) => {
    const slot = slots[process]!;
    const { service } = slot;
    slot.service = undefined;
    slot.ready = Promise.withResolvers();
    service?.child.kill("SIGKILL");
    await service?.ended;
  };
  return {
    size,
    url: (process) => slots[process]!.ready.promise,
    generation: (process) => slots[process]!.generation,
    async start(process) {
      const slot = slots[process]!;
      const dataDirectory = join(folder, `process-${process}`);
      await mkdir(dataDirectory, { recursive: true });
      const environment = {
        ...{ DATABASE_URL: databaseUrl, DATABASE_CONNECTIONS: "6" },
        ...{ MUSTER_ADMIN_KEY: adminKey, LOG_LEVEL: "error" },
      };
      const url = await untilReady(() => {
        slot.service = startService(dataDirectory, environment, program);
        return slot.service;
      });
      slot.generation += 1;
      slot.ready.resolve(url);
    },
    kill,
    async stop() {
      await Promise.all(slots.map((_, process) => kill(process)));
    },
  };
}

/** Attempts to start a process: while PostgreSQL recovers, it ends at once. */
const mostStarts = 10;

async function untilReady(start: () => ServiceProcess): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start().ready;
    } catch (error) {
      if (attempt === mostStarts) throw error;
    }
  }
}

/** A connection by its socket's folder or its host, as an address. */
export function databaseUrlOf(connection: ClientConfig): string {
  const { connectionString, host = "", port = 5432, user = "", password = "", database = "" } = connection;
  if (connectionString !== undefined) return connectionString;
  const place = new URLSearchParams({ host, port: String(port) });
  return `postgresql://${user}:${encodeURIComponent(String(password))}@localhost/${database}?${place}`;
}
