import "./node-version.ts";
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClientConfig } from "pg";
import { collectDefaultMetrics, Registry } from "prom-client";
import { composeService } from "./compose-service.ts";
import { type Config, readConfig } from "./config.ts";
import { startEmbeddedPostgreSql } from "./embedded-postgresql/embedded-postgresql.ts";
import { forgetUnfinishedRequests } from "./http/callers/idempotency-claims.ts";
import { httpLimits } from "./http/contract/limits.ts";
import type { App } from "./http/server/app-types.ts";
import type { Operator } from "./http/server/dependencies.ts";
import { describeError } from "./http/server/logging.ts";
import { readTls, replaceCertificate, type TlsFiles } from "./http/server/tls.ts";
import { hashKey } from "./organizations/api-keys.ts";
import { openClock } from "./organizations/clock.ts";
import { ensureFirstOrganization } from "./organizations/first-start.ts";
import { type Issuer, setIssuer } from "./organizations/issuer.ts";
import { requireOwnOperatorKey } from "./organizations/operator.ts";
import { operator as operatorActor } from "./organizations/organizations.ts";
import { endInterruptedImports } from "./reconcile/attempts/interrupted.ts";
import { type Closers, startRepeatedWork } from "./repeated-work.ts";
import { createFirstAdministratorLink } from "./sign-in/first-administrator.ts";
import { failureMessage, startMessage } from "./start-messages.ts";
import { createStartupLog } from "./startup-log.ts";
import type { ClockGuard } from "./store/clock-guard.ts";
import { openOwner } from "./store/owner.ts";
import { type OwnerConnection, openOwnerConnection } from "./store/owner-connection.ts";
import { prepareDatabase } from "./store/prepare.ts";
import { joinDatabase } from "./store/presence.ts";
import type { Executor } from "./store/statement.ts";

const clock = () => new Date();
/** Messages for people go to the standard output, the log to the standard error. */
const say = (message: string) => process.stdout.write(message);

async function start(config: Config, closers: Closers): Promise<void> {
  const log = createStartupLog(config.logLevel, process.stderr, clock);
  const tls = config.tls && (await readTls(config.tls));
  const connection = await connectionOf(config, log, closers);
  const processNumber = Buffer.from(randomBytes(4)).readUInt32BE() >>> 1;
  const spoolDirectory = join(resolve(config.dataDirectory), "spool");
  const owner = await openOwnerConnection(connection, async (client, isFirst) => {
    if (isFirst) await prepareDatabase(client);
    await joinDatabase(client, processNumber, async () => isFirst && tidyUp(client, spoolDirectory));
  });
  closers.push(() => owner.close());
  await tellInterrupted(owner);
  const clockGuard = await openClock(owner, { clock, accepted: config.clockAccept, say });
  const operator = await operatorOf(config, connection, owner, clockGuard, closers);
  const service = await composeService({
    ...serviceOptions(config),
    connection,
    pooler: poolerOf(config),
    processNumber,
    clockGuard,
    spoolDirectory,
    operator,
    tls,
  });
  closers.push(() => service.close());
  await service.check();
  const { app, dependencies } = service;
  await app.listen({ host: config.host, port: config.port });
  if (config.tls) reloadCertificate(app, config.tls);
  const sftp = config.sftp && (await service.startSftp(config.sftp, join(resolve(config.dataDirectory), "sftp")));
  // Only now: a key that is shown once must not be lost to a port that is taken.
  const first = await owner.exclusive((client) =>
    ensureFirstOrganization(client, { ...config, clock, newId: dependencies.newId, randomBytes }),
  );
  await setUpFirstOrganization(owner, first.organizationId, config);
  const administratorLink =
    first.isNew && first.organizationId !== undefined
      ? await createFirstAdministratorLink(dependencies.database, first.organizationId, operatorActor, dependencies)
      : undefined;
  startRepeatedWork(config, service, { owner, clock, clockGuard }, closers);
  const address = app.server.address();
  say(
    startMessage({
      host: config.host,
      port: typeof address === "object" && address !== null ? address.port : config.port,
      sftp: sftp && { host: config.sftp?.host ?? config.host, port: sftp.port, fingerprints: sftp.fingerprints },
      isTls: tls !== undefined,
      publicUrl: config.publicUrl,
      organizationName: config.organizationName,
      isFirstStart: first.isNew,
      generatedKey: first.generatedKey,
      administratorLink: administratorLink?.secret,
      samplePath: fileURLToPath(new URL("../docs/samples/roster.xml", import.meta.url)),
    }),
  );
}

/** The options of the service that depend on the configuration alone. */
function serviceOptions(config: Config) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    maxConnections: config.databaseConnections,
    clock,
    now: () => performance.now(),
    randomBytes,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    limits: {
      ...httpLimits,
      importBytes: config.importMaximumBytes,
      importRows: config.importMaximumRows,
      requestsPerMinute: config.requestsPerMinute,
      failuresPerMinute: config.failuresPerMinute,
    },
    registry,
    consoleDirectory: fileURLToPath(new URL("../dist/console/", import.meta.url)),
    log: { level: config.logLevel, stream: process.stderr },
    logStatement: config.logSql ? (text: string) => process.stderr.write(`${text}\n;\n`) : undefined,
  };
}

/** Applies the environment's settings to the organization of the first start, and to no other one. */
async function setUpFirstOrganization(
  owner: OwnerConnection,
  organizationId: number | undefined,
  { issuer, adminKey }: Config,
): Promise<void> {
  if (organizationId !== undefined) {
    if (issuer !== undefined) await setIssuerOfFirst(owner, organizationId, issuer);
    return;
  }
  const names = [adminKey && "MUSTER_ADMIN_KEY", issuer && "OIDC_ISSUER"].filter(Boolean).join(" and ");
  if (names === "") return;
  say(`Not used: ${names}. The organization that the first start made was deleted; remove what was set for it.\n`);
}

function setIssuerOfFirst(owner: OwnerConnection, organizationId: number, issuer: Issuer): Promise<void> {
  return owner.exclusive(async (client) => {
    await client.query("begin");
    try {
      await setIssuer(client, organizationId, issuer, clock());
      await client.query("commit");
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  });
}

/** Makes the operator, if a key is set: its holder may create and delete organizations. */
async function operatorOf(
  { operatorKey }: Config,
  connection: ClientConfig,
  owner: Executor,
  { check }: ClockGuard,
  closers: Closers,
): Promise<Operator | undefined> {
  if (operatorKey === undefined) return undefined;
  const keyHash = hashKey(operatorKey);
  await requireOwnOperatorKey(owner, keyHash);
  const operator = { keyHash, owner: openOwner(connection, check) };
  closers.push(() => operator.owner.close());
  return operator;
}

/** Takes a renewed certificate at SIGHUP; one that cannot be used leaves the old one in place. */
function reloadCertificate(app: App, files: TlsFiles): void {
  process.on("SIGHUP", () => {
    readTls(files)
      .then((tls) => {
        replaceCertificate(app, tls);
        app.log.info({}, "the certificate was read again");
      })
      .catch((error: unknown) => {
        app.log.error({}, `the certificate was not read again: ${(error as Error).message}`);
      });
  });
}

/** The pooler in front of the operator's PostgreSQL, if there is one. */
const poolerOf = ({ databaseUrl, databaseDirectUrl }: Config): ClientConfig | undefined =>
  databaseDirectUrl === undefined ? undefined : { connectionString: databaseUrl };

/** The embedded PostgreSQL, or the one that the operator runs. */
async function connectionOf(
  config: Config,
  log: ReturnType<typeof createStartupLog>,
  closers: Closers,
): Promise<ClientConfig> {
  const url = config.databaseDirectUrl ?? config.databaseUrl;
  if (url !== undefined) return { connectionString: url };
  const postgresql = await startEmbeddedPostgreSql({
    dataDirectory: config.dataDirectory,
    log,
    onExit: (error) => {
      process.stderr.write(`Muster stops: ${error.message}\n`);
      stop(1);
    },
  });
  closers.push(() => postgresql.stop());
  return postgresql.connection;
}

/** Does away with what a Muster that is no more left under way. */
async function tidyUp(owner: Executor, spoolDirectory: string): Promise<void> {
  await forgetUnfinishedRequests(owner);
  await rm(spoolDirectory, { recursive: true, force: true });
}

/** Ends the imports that were left under way, and says so. */
async function tellInterrupted(owner: Executor): Promise<void> {
  const interrupted = await endInterruptedImports(owner, clock());
  if (interrupted > 0) {
    say(
      `Imports that were under way when the service stopped last: ${interrupted}. They were not applied; see /v1/imports?status=failed\n`,
    );
  }
}

const closers: Closers = [];
let isStopping = false;

/** Lets what is under way finish, then stops everything and ends the process. */
function stop(status: number): void {
  if (isStopping) process.exit(1);
  isStopping = true;
  void running
    .catch(() => undefined)
    .then(async () => {
      for (const close of closers.reverse()) await close();
    })
    .catch((error: unknown) => {
      process.stderr.write(`${JSON.stringify({ level: "error", err: describeError(error), msg: "while stopping" })}\n`);
    })
    .then(() => process.exit(status));
}

/** The terminal sends Ctrl-C to npm and to its program, and npm passes it on: what comes this soon is the same signal, in milliseconds. */
const sameSignal = 1_000;
let signalledAt: number | undefined;

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (signalledAt !== undefined && performance.now() - signalledAt < sameSignal) return;
    signalledAt = performance.now();
    if (!isStopping) say("Muster stops as soon as what is under way is done; a second signal stops it now.\n");
    stop(0);
  });
}
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`${JSON.stringify({ level: "fatal", err: describeError(error), msg: event })}\n`);
    process.exit(1);
  });
}

const config = loadConfig();
const running = start(config, closers).catch(async (error: unknown) => {
  if (isStopping) return;
  isStopping = true;
  process.stderr.write(failureMessage(error, config));
  createStartupLog(config.logLevel, process.stderr, clock).debug(describeError(error).stack);
  for (const close of closers.reverse()) await close().catch(() => undefined);
  process.exit(1);
});

function loadConfig(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`Muster could not start: ${(error as Error).message}\n`);
    process.exit(1);
  }
}
