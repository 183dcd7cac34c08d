import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ServiceProcess, startService } from "../../support/service-process.ts";

/** Processes of the service on one database, which are killed and started again. */
export interface Fleet {
  readonly size: number;
  /** Returns the address of a process as soon as it listens. */
  url(process: number): Promise<string>;
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
  /** The `main.ts`; undefined: the service's own. */
  readonly program: string | undefined;
  /** Told when a process ends that nobody killed; it is started again. */
  endedByItself(process: number, errors: string): void;
}

interface Slot {
  service: ServiceProcess | undefined;
  ready: PromiseWithResolvers<string>;
  isReady: boolean;
}

/** Attempts to start a process: while PostgreSQL recovers, it ends at once. */
const mostStarts = 10;

/** Makes a fleet, of which no process runs yet. */
export function createFleet(options: FleetOptions): Fleet {
  const { size, folder, adminKey, databaseUrl, program, endedByItself } = options;
  const slots = Array.from(
    { length: size },
    (): Slot => ({ service: undefined, ready: Promise.withResolvers(), isReady: false }),
  );
  /** Requests that already wait go on waiting. */
  const close = (slot: Slot) => {
    slot.service = undefined;
    if (slot.isReady) slot.ready = Promise.withResolvers();
    slot.isReady = false;
  };
  const kill = async (process: number) => {
    const slot = slots[process]!;
    const { service } = slot;
    close(slot);
    service?.child.kill("SIGKILL");
    await service?.ended;
  };
  const start = async (process: number, attempt = 1): Promise<void> => {
    const slot = slots[process]!;
    const dataDirectory = join(folder, `process-${process}`);
    await mkdir(dataDirectory, { recursive: true });
    // Another caller noticed the end, and started it already.
    if (slot.service !== undefined) return;
    const environment = {
      DATABASE_URL: databaseUrl,
      DATABASE_CONNECTIONS: "6",
      MUSTER_ADMIN_KEY: adminKey,
      LOG_LEVEL: "error",
    };
    const service = startService(dataDirectory, environment, program);
    slot.service = service;
    const url = await service.ready.catch(() => undefined);
    if (slot.service !== service) return;
    if (url === undefined) {
      if (attempt === mostStarts) throw new Error(`Process ${process} does not start: ${service.errors()}`);
      close(slot);
      return start(process, attempt + 1);
    }
    slot.ready.resolve(url);
    slot.isReady = true;
    void service.ended.then(() => {
      if (slot.service !== service) return;
      endedByItself(process, service.errors());
      close(slot);
      start(process).catch((error: unknown) => endedByItself(process, String(error)));
    });
  };
  return {
    size,
    url: (process) => slots[process]!.ready.promise,
    start: (process) => start(process),
    kill,
    async stop() {
      await Promise.all(slots.map((_, process) => kill(process)));
    },
  };
}
