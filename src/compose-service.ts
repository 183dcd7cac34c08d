import type { ClientConfig } from "pg";
import { Registry } from "prom-client";
import { createChangeSignal } from "./changes/signal.ts";
import { MusterError } from "./errors.ts";
import { type AppOptions, buildApp } from "./http/app.ts";
import type { App } from "./http/server/app-types.ts";
import type { HttpDependencies } from "./http/server/dependencies.ts";
import { createMetrics, type Metrics } from "./http/server/metrics.ts";
import { createIdSource } from "./identifiers.ts";
import { createKnownKeys } from "./organizations/known-keys.ts";
import { watchProcess } from "./process-metrics.ts";
import { partRows } from "./reconcile/people/first-load/apply-in-parts.ts";
import type { ImportDependencies } from "./reconcile/run/dependencies.ts";
import { createWaitingImports, type WaitingReports } from "./reconcile/run/waiting-imports.ts";
import { type SftpDependencies, sftpLimits } from "./sftp/dependencies.ts";
import { noteResponse } from "./sftp/responses.ts";
import { type SftpServer, startSftp } from "./sftp/server.ts";
import { createIssuerKeys, type IssuerTiming, issuerTiming } from "./sign-in/issuer-keys.ts";
import { createProviderClient } from "./sign-in/provider-client.ts";
import type { ClockGuard } from "./store/clock-guard.ts";
import { type Database, openDatabase } from "./store/database.ts";
import { createImportQueue } from "./store/import-queue.ts";
import { checkNotifications, createNotifications } from "./store/notifications.ts";
import { createWriterQueue } from "./store/organization-lock.ts";
import { createReadiness } from "./store/readiness.ts";
import { type TimeLimits, timeLimits } from "./store/time-limits.ts";
import { isUnavailable } from "./store/unavailable.ts";

/** Everything that the service takes from outside: the rest is built from it. */
export interface ServiceOptions
  extends Pick<
    HttpDependencies,
    "clock" | "randomBytes" | "spoolDirectory" | "publicUrl" | "trustedProxies" | "limits" | "operator"
  > {
  /** How to connect to PostgreSQL itself as the owner of the tables. */
  readonly connection: ClientConfig;
  /** A pooler that serves requests; undefined: they go to PostgreSQL itself. */
  readonly pooler?: ClientConfig | undefined;
  readonly timeLimits?: TimeLimits;
  /** Looks after the clocks; undefined: they are right. */
  readonly clockGuard?: ClockGuard | undefined;
  readonly maxConnections: number;
  /** Number under which the process shows its presence. */
  readonly processNumber?: number;
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
  readonly timing?: Partial<IssuerTiming>;
  readonly log: AppOptions["log"];
  /** Is called with the text of each statement of a transaction, without its values. */
  readonly logStatement?: ((text: string) => void) | undefined;
  readonly tls?: AppOptions["tls"];
  readonly consoleDirectory?: AppOptions["consoleDirectory"];
  readonly registry?: Registry;
}

/** A service that is ready to listen. */
export interface Service {
  /**
   * Checks that the database is fit to work on, before anybody is served.
   * @throws UnfitDatabaseError, one sentence that says what to do; MusterError database_unavailable
   */
  check(): Promise<void>;
  readonly app: App;
  readonly dependencies: HttpDependencies;
  /** Starts the SFTP server; `close` ends it. */
  startSftp(address: { readonly host: string; readonly port: number }, keyDirectory: string): Promise<SftpServer>;
  /** Finishes requests in flight, then gives up all connections to the database. */
  close(): Promise<void>;
}

/** Composes the service: the only place that wires its parts, for the start and for tests alike. */
export async function composeService(options: ServiceOptions): Promise<Service> {
  const { randomBytes, now, maxConnections } = options;
  const notifications = createNotifications(options.connection, options.timeLimits);
  const changeSignal = createChangeSignal(notifications);
  const knownKeys = createKnownKeys(notifications, now);
  const database = openDatabase(options.connection, {
    maxConnections,
    pooler: options.pooler,
    limits: options.timeLimits ?? timeLimits,
    written: changeSignal.written,
    keysChanged: knownKeys.forget,
    checkClock: options.clockGuard?.check,
    process: options.processNumber ?? 0,
    logStatement: options.logStatement,
  });
  const { imports, waitingImports } = importsOf(options, database);
  const dependencies: HttpDependencies = {
    ...imports,
    waitingImports,
    readiness: createReadiness(database, options.spoolDirectory),
    clockGuard: options.clockGuard,
    queue: createWriterQueue(),
    changeSignal,
    knownKeys,
    providerClient: createProviderClient({ fetch, patience: options.timing?.patience ?? issuerTiming.patience }),
    keysOf: createIssuerKeys({ fetch, now, timing: { ...issuerTiming, ...options.timing } }),
    randomBytes,
    publicUrl: options.publicUrl,
    trustedProxies: options.trustedProxies,
    limits: options.limits,
    operator: options.operator,
  };
  const registry = options.registry ?? new Registry();
  watchProcess(registry, { database, notifications, spoolDirectory: options.spoolDirectory });
  const metrics = createMetrics(registry);
  const { log, tls, consoleDirectory } = options;
  const app = await buildApp({ dependencies, metrics, log, tls, consoleDirectory });
  waitingImports.start(reportsOf(app, metrics, database));
  let sftp: SftpServer | undefined;
  return {
    app,
    dependencies,
    async startSftp(address, keyDirectory) {
      sftp = await startSftp(sftpDependencies(options, { ...imports, waitingImports, keyDirectory }, app), address);
      return sftp;
    },
    async check() {
      await database.requests.query("select");
      await checkNotifications(database, notifications);
    },
    async close() {
      await sftp?.close();
      await app.close();
      await waitingImports.close();
      await database.close();
      await notifications.close();
    },
  };
}

/** The parts of the service that imports need. */
function importsOf({ clock, randomBytes, maxConnections, spoolDirectory, limits }: ServiceOptions, database: Database) {
  const slots = importSlots(maxConnections);
  const imports: ImportDependencies = {
    database,
    importQueue: createImportQueue(slots),
    partRows,
    clock,
    newId: createIdSource(clock, randomBytes),
    spoolDirectory,
  };
  const waitingImports = createWaitingImports(imports, {
    slots,
    maximumBytes: limits.importBytes,
    maximumRows: limits.importRows,
  });
  return { imports, waitingImports };
}

/** The parts of the service that the SFTP server needs. */
function sftpDependencies(
  { limits }: ServiceOptions,
  parts: ImportDependencies & Pick<SftpDependencies, "waitingImports" | "keyDirectory">,
  { log }: App,
): SftpDependencies {
  return {
    ...parts,
    maximumBytes: limits.importBytes,
    failuresPerMinute: limits.failuresPerMinute,
    limits: sftpLimits,
    failed(error) {
      if (!isUnavailable(error)) log.error({ err: error }, "the SFTP server could not do what it should");
    },
  };
}

/** Counts waiting imports that have ended, and logs faults. */
function reportsOf({ log }: App, metrics: Metrics, database: Database): WaitingReports {
  return {
    ended({ resource, organizationId, error }) {
      metrics.importDone(resource.kind, resource.status, resource.counts);
      // A response file that cannot be noted now is noted when its folder is listed.
      if (resource.source.channel === "sftp")
        noteResponse(database, organizationId, resource.id).catch(() => undefined);
      if (error !== undefined && !(error instanceof MusterError)) log.error({ err: error }, "an import failed");
    },
    failed(error) {
      if (!isUnavailable(error)) log.error({ err: error }, "waiting imports could not be worked on");
    },
  };
}

/** Imports leave most connections to other requests. */
function importSlots(connections: number): number {
  return Math.max(1, Math.min(4, Math.floor(connections / 3)));
}
