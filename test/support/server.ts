/**
 * The PostgreSQL server of a test run. Run as a program it serves its parent process: it prints how to connect (one
 * line of JSON) and cleans up when its standard input ends, however its parent came to its end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm, statfs } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client, type ClientConfig } from "pg";
import { startEmbeddedPostgreSql } from "../../src/embedded-postgresql/embedded-postgresql.ts";
import { applyMigrations, migrationsDirectory, readMigrations } from "../../src/store/migrate.ts";

/** How test files get at the server; travels in the environment as JSON. */
export interface TestServer {
  /** Of a role that may create databases; its own database is left alone. */
  readonly connection: ClientConfig;
  /** A migrated, empty database to clone. */
  readonly template: string;
  /** Begins the name of every database of this run. */
  readonly prefix: string;
}

/** The environment variable that holds a {@link TestServer}. */
export const testServerVariable = "MUSTER_TEST_SERVER";

/** Runs `use` on a connection of its own. */
export async function withClient<T>(connection: ClientConfig, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(connection);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The same server, another database. In a connection string the database cannot be overridden from beside it. */
export function toDatabase(connection: ClientConfig, database: string): ClientConfig {
  if (connection.connectionString === undefined) return { ...connection, database };
  const url = new URL(connection.connectionString);
  url.pathname = `/${database}`;
  return { connectionString: url.href };
}

/** A connection by its socket's folder or its host, as an address. */
export function databaseUrlOf(connection: ClientConfig): string {
  const { connectionString, host = "", port = 5432, user = "", password = "", database = "" } = connection;
  if (connectionString !== undefined) return connectionString;
  const place = new URLSearchParams({ host, port: String(port) });
  return `postgresql://${user}:${encodeURIComponent(String(password))}@localhost/${database}?${place}`;
}

/**
 * Starts the server in a process of its own, which ends when `stop` is called or this process does.
 * `stop` tells whether all went well: false when a test left its database behind.
 */
export async function spawnTestServer(): Promise<{
  server: TestServer;
  child: ChildProcess;
  stop(): Promise<boolean>;
}> {
  // Detached: Ctrl-C must not reach it before the tests that still use it.
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(child, "close");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([text]) => String(text)),
    ended.then(([status]) => Promise.reject(new Error(`The test server did not start (exit status ${status}).`))),
  ]);
  return {
    server: JSON.parse(line),
    child,
    async stop() {
      child.stdin.end();
      const [status] = await ended;
      return status === 0;
    },
  };
}

/** Makes the template, once per state of the migrations: its name tells which. Safe on a shared server. */
async function makeTemplate(connection: ClientConfig): Promise<string> {
  const hash = createHash("sha256");
  for (const { name, checksum } of await readMigrations(migrationsDirectory())) hash.update(`${name} ${checksum}\n`);
  const template = `muster_template_${hash.digest("hex").slice(0, 16)}`;
  await withClient(connection, async (client) => {
    await client.query("select pg_advisory_lock(hashtext('muster_template'))");
    const { rowCount } = await client.query("select from pg_database where datname = $1", [template]);
    if (rowCount !== 0) return;
    // Renamed when it is complete, so that a run that was broken off leaves no half of a template.
    const draft = `${template}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft} template template0 encoding 'UTF8'`);
    await withClient(toDatabase(connection, draft), (owner) => applyMigrations(owner, migrationsDirectory()));
    await client.query(`alter database ${draft} rename to ${template}`);
  });
  return template;
}

/** The space for the databases of a whole run, with a reserve, in bytes. */
const roomNeeded = 6 * 1024 ** 3;

/** In memory, where there is room: on a disk a third of the time goes into making and removing files. */
async function findScratch(): Promise<string> {
  const inMemory = "/dev/shm";
  const room = await statfs(inMemory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return Math.min(room, freemem()) >= roomNeeded ? inMemory : tmpdir();
}

async function removeDatabases({ connection, prefix }: TestServer): Promise<void> {
  await withClient(connection, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [prefix],
    );
    for (const { datname } of rows) {
      process.stderr.write(`A test left its database behind: ${datname}\n`);
      process.exitCode = 1;
      await client.query(`drop database if exists "${datname}" with (force)`);
    }
  });
}

/** Starts, or finds at DATABASE_URL, a server; prints it; cleans up when the standard input ends. */
async function serve(): Promise<void> {
  const url = process.env.DATABASE_URL;
  const prefix = `muster_test_${randomBytes(4).toString("hex")}_`;
  const stopped = once(process.stdin.resume(), "close");
  // The parent process may be gone, and with it the other ends of these streams. Then only cleaning up remains.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  const announce = async (connection: ClientConfig) => {
    const server: TestServer = { connection, prefix, template: await makeTemplate(connection) };
    process.stdout.write(`${JSON.stringify(server)}\n`);
    await stopped;
    await removeDatabases(server);
  };
  if (url) {
    await announce({ connectionString: url });
    return;
  }
  const dataDirectory = await mkdtemp(join(await findScratch(), "muster-test-"));
  // mkdtemp's folder lets nobody else in; root's PostgreSQL runs as somebody else.
  await chmod(dataDirectory, 0o711);
  try {
    const write = (message: string) => void process.stderr.write(`${message}\n`);
    const log = { debug: () => undefined, info: write, warn: write };
    const postgresql = await startEmbeddedPostgreSql({ dataDirectory, durable: false, log });
    try {
      await announce(postgresql.connection);
    } finally {
      await postgresql.stop();
    }
  } finally {
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serve();
}
