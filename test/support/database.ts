import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, type ClientConfig, Pool } from "pg";
import { spawnTestServer, type TestServer, testServerVariable, toDatabase, withClient } from "./server.ts";

/** A database of a test's own, migrated and empty. */
export interface TestDatabase {
  /** How to connect as the owner of the tables (whom row-level security does not bind). */
  readonly connection: ClientConfig;
  /** Connections of the owner; ended by `drop`. */
  readonly owner: Pool;
  /** Registers what must be closed before the database can go (a pool, a service); the last one is closed first. */
  beforeDrop(close: () => unknown): void;
  /**
   * Closes what was registered, and removes the database. Rejects when anybody still has a connection to it: that is a
   * leak. A second call does nothing.
   */
  drop(): Promise<void>;
}

/** How long connections that have been ended may take to disappear from the server. */
const leakPatience = 2_000;

/**
 * Makes a database for a test or a test file.
 *
 * @param t whose `after` is to drop the database: the context of a test, or `{ after }` of node:test at the top of a file.
 * Such hooks run in the order of their registration: what uses the database is closed by `beforeDrop`, not by a later
 * `after`. Without it the caller drops the database.
 */
export async function createTestDatabase(t?: { after(hook: () => Promise<void>): void }): Promise<TestDatabase> {
  const server = await findServer();
  const file = basename(process.argv[1] ?? "test", ".test.ts")
    .replaceAll(/[^a-z0-9]/gi, "_")
    .slice(0, 20);
  const name = `${server.prefix}${file}_${randomBytes(4).toString("hex")}`;
  await withClient(server.connection, (client) =>
    client.query(`create database "${name}" template ${server.template}`),
  );
  const connection = toDatabase(server.connection, name);
  const owner = new Pool({ ...connection, max: 4 });
  const closers: (() => unknown)[] = [() => owner.end()];
  const closeAndDrop = async () => {
    try {
      for (const close of closers.reverse()) await close();
    } finally {
      await withClient(server.connection, (client) => dropDatabase(client, name));
    }
  };
  let dropped: Promise<void> | undefined;
  const drop = () => {
    dropped ??= closeAndDrop();
    return dropped;
  };
  t?.after(drop);
  return { connection, owner, beforeDrop: (close) => closers.push(close), drop };
}

async function dropDatabase(client: Client, name: string): Promise<void> {
  const deadline = performance.now() + leakPatience;
  let open: string[];
  do {
    const { rows } = await client.query<{ label: string }>(
      `select format('%s (%s) last ran: %s', usename, application_name, query) as label
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    open = rows.map((row) => row.label);
    if (open.length > 0) await sleep(10);
  } while (open.length > 0 && performance.now() < deadline);
  await client.query(`drop database "${name}" with (force)`);
  if (open.length > 0) throw new Error(`Connections to the test database were left open:\n${open.join("\n")}`);
}

let ownServer: Promise<TestServer> | undefined;

/** The server of the run; a file that is run by itself starts one, which ends with the process. */
function findServer(): Promise<TestServer> {
  const given = process.env[testServerVariable];
  if (given !== undefined) return Promise.resolve(JSON.parse(given));
  ownServer ??= spawnTestServer().then(({ server, child }) => {
    child.unref();
    for (const stream of child.stdio) (stream as { unref?(): void } | null | undefined)?.unref?.();
    return server;
  });
  return ownServer;
}
