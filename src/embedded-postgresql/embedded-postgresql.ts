import { realpath, rmdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, ClientConfig } from "pg";
import { type Cluster, openCluster } from "./cluster.ts";
import { isAlive } from "./files.ts";
import type { Log } from "./log.ts";
import { connectionTo, findServerUse, tryToConnect, tryToOwn } from "./ownership.ts";
import { findPostmaster, type Postmaster } from "./postmaster.ts";
import { type Server, startServer } from "./server.ts";

/** The options of {@link startEmbeddedPostgreSql}. */
export interface EmbeddedPostgreSqlOptions {
  /** The data folder: the database is in `postgresql/`, its password beside it. Made if missing. */
  readonly dataDirectory: string;
  readonly log: Log;
  /** False gives up the safety of commits for speed; for tests only. */
  readonly durable?: boolean;
  /** Told once when the database is lost while it should run: Muster can but stop. */
  readonly onExit?: (error: Error) => void;
}

/** A running PostgreSQL that belongs to this process alone. */
export interface EmbeddedPostgreSql {
  /** The connection settings of the owner of the database `muster`. */
  readonly connection: ClientConfig;
  /** Process id of the server. */
  readonly pid: number;
  /** Stops the server: transactions that are open are rolled back. May be called more than once. */
  stop(): Promise<void>;
}

const databaseName = "muster";
/** The longest start of a server, in milliseconds. */
const startDeadline = 60_000;
/**
 * How long a live process that has started a server may take to own it, or to own it again after the server has
 * recovered, before the server counts as abandoned. Several attempts to connect fit in.
 */
const ownershipGrace = 15_000;
const pollInterval = 20;

/**
 * Starts the PostgreSQL that Muster brings along, on a data folder that no other process uses. A server that a killed
 * process left running is stopped first, so that this version's settings apply.
 *
 * @throws Error, one sentence that says what to do, when another process has the data folder, when PostgreSQL does not
 * run on this platform, or when it does not answer within a minute
 */
export async function startEmbeddedPostgreSql(options: EmbeddedPostgreSqlOptions): Promise<EmbeddedPostgreSql> {
  const { dataDirectory, log, durable = true } = options;
  const cluster = await openCluster(dataDirectory, durable, log);
  const attempt = { cluster, home: await realpath(dataDirectory), deadline: performance.now() + startDeadline, log };
  for (;;) {
    await removeAbandonedServer(attempt);
    const server = await startServer(cluster, durable, log);
    try {
      const ownership = await ownServer(server, attempt);
      if (ownership !== undefined) {
        await createDatabase(ownership);
        return supervise(server, ownership, attempt, options.onExit);
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
    // Somebody else's server came in between; look again whose it is.
    await sleep(pollInterval);
  }
}

interface Attempt {
  readonly cluster: Cluster;
  /** The data folder, without symbolic links. */
  readonly home: string;
  /** On the scale of `performance.now()`. */
  readonly deadline: number;
  readonly log: Log;
}

/** Waits for, or stops, the server that runs on the cluster already; returns when no server runs. */
async function removeAbandonedServer(attempt: Attempt): Promise<void> {
  const { cluster, deadline, log } = attempt;
  const firstLook = performance.now();
  for (;;) {
    const running = await findPostmaster(cluster.directory);
    if (running === undefined) return;
    const client = running.socketDirectory === "" ? undefined : await tryToConnect(cluster, running.socketDirectory);
    try {
      if (client !== undefined && (await isAbandoned(client, attempt, firstLook))) {
        log.info(`Stopping the PostgreSQL (process ${running.pid}) that an earlier Muster left running.`);
        await stopPostmaster(running, attempt);
        return;
      }
    } finally {
      await client?.end().catch(() => undefined);
    }
    if (performance.now() > deadline) throw unresponsive(running.pid, attempt);
    await sleep(pollInterval);
  }
}

/**
 * True when the server is nobody's any more; the client then holds its ownership.
 * @throws Error when the server belongs to another process
 */
async function isAbandoned(client: Client, attempt: Attempt, firstLook: number): Promise<boolean> {
  try {
    const use = await findServerUse(client);
    if (use.isOwned) throw inUse(attempt, use.owner);
    const isStarting = use.starter !== undefined && use.starter !== process.pid && isAlive(use.starter);
    if (isStarting && performance.now() < firstLook + ownershipGrace) return false;
    return await tryToOwn(client);
  } catch (error) {
    if (error instanceof DataFolderInUse) throw error;
    // The server went away while it was asked.
    return false;
  }
}

async function stopPostmaster(running: Postmaster, attempt: Attempt): Promise<void> {
  process.kill(running.pid, "SIGINT");
  while ((await findPostmaster(attempt.cluster.directory))?.pid === running.pid) {
    if (performance.now() > attempt.deadline) throw unresponsive(running.pid, attempt);
    await sleep(pollInterval);
  }
  // A folder of its own for the socket, if it had one, is empty now.
  if (running.socketDirectory !== attempt.cluster.directory)
    await rmdir(running.socketDirectory).catch(() => undefined);
}

/**
 * Waits until the server of this process answers, and takes its ownership: the returned connection holds it.
 * Undefined when the server yielded to another one on the same cluster.
 */
async function ownServer(server: Server, attempt: Attempt): Promise<Client | undefined> {
  for (;;) {
    if (server.hasEnded()) {
      if (gaveWay(await server.ended, server.lastWords()) && performance.now() < attempt.deadline) return undefined;
      throw new Error(`PostgreSQL did not start on ${attempt.cluster.directory}: ${server.lastWords()}`);
    }
    const client = await tryToConnect(attempt.cluster, server.socketDirectory);
    if (client !== undefined) {
      if (await tryToOwn(client)) return client;
      const { owner } = await findServerUse(client);
      await client.end();
      throw inUse(attempt, owner);
    }
    if (performance.now() > attempt.deadline) throw unresponsive(server.pid, attempt);
    await sleep(pollInterval);
  }
}

/** True when a server ended because there is, or was a moment ago, another one on the same cluster. */
function gaveWay(status: number | null, lastWords: string): boolean {
  return status === 0 || /lock file .* (already exists|is empty)|shared memory block .* still in use/.test(lastWords);
}

async function createDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query("select from pg_database where datname = $1", [databaseName]);
  if (rowCount === 0) await client.query(`create database ${databaseName} template template0 encoding 'UTF8'`);
}

function supervise(
  server: Server,
  ownership: Client,
  attempt: Attempt,
  onExit: EmbeddedPostgreSqlOptions["onExit"],
): EmbeddedPostgreSql {
  let isStopping = false;
  const lose = (error: Error) => {
    if (isStopping) return;
    isStopping = true;
    onExit?.(error);
  };
  void server.ended.then(() => lose(new Error(`PostgreSQL has ended: ${server.lastWords()}`)));

  // When one of its processes is killed, PostgreSQL ends all sessions and carries on: so does the ownership.
  const keep = (client: Client) => {
    client.once("end", async () => {
      if (isStopping || server.hasEnded()) return;
      try {
        const again = await ownServer(server, { ...attempt, deadline: performance.now() + startDeadline });
        if (again !== undefined) keep(again);
      } catch (error) {
        lose(error instanceof Error ? error : new Error(String(error)));
      }
    });
    current = client;
  };
  let current = ownership;
  keep(ownership);

  return {
    connection: connectionTo(attempt.cluster, server.socketDirectory, databaseName),
    pid: server.pid,
    async stop() {
      isStopping = true;
      await server.stop();
      await current.end().catch(() => undefined);
    },
  };
}

class DataFolderInUse extends Error {}

function inUse({ home }: Attempt, owner: number | undefined): Error {
  const who = owner === undefined ? "" : ` (process ${owner})`;
  return new DataFolderInUse(
    `The data folder ${home} is in use by another Muster${who}: stop that one, or give this one a DATA_DIR of its own.`,
  );
}

function unresponsive(pid: number, { cluster }: Attempt): Error {
  return new Error(
    `PostgreSQL (process ${pid}) on ${cluster.directory} has not answered for a minute: look at what the machine is busy with, or end it with "kill -INT ${pid}", and start again.`,
  );
}
