import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgreSql } from "../src/embedded-postgresql/embedded-postgresql.ts";
import { processGroupCpu } from "./cpu.ts";
import { progress } from "./measure.ts";

/** A PostgreSQL of its own for the measurements, with the settings that Muster gives it. */
export interface BenchServer {
  readonly connection: pg.ClientConfig;
  /** For files of the measurements; removed with the server. */
  readonly directory: string;
  /** PostgreSQL's version, "18.4". */
  readonly version: string;
  /** Makes an empty database; one of the same name is dropped. */
  createDatabase(name: string): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  /** Runs statements as the superuser. */
  query<Row extends pg.QueryResultRow>(database: string, text: string): Promise<Row[]>;
  /** Runs the server's own work until the next night: statistics, vacuum, checkpoint. */
  settle(database: string): Promise<void>;
  /** Seconds of processor time that the whole server has used so far. */
  readCpu(): Promise<number>;
  /** Address of a database, as DATABASE_URL holds it. */
  url(database: string): string;
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL, durable as in production, in a temporary folder.
 *
 * @param parent where the folder is made; should lie on a real disk
 */
export async function startBenchServer(parent: string = tmpdir()): Promise<BenchServer> {
  const directory = await mkdtemp(join(parent, "muster-bench-"));
  const log = { debug() {}, info() {}, warn: progress };
  const embedded = await startEmbeddedPostgreSql({ dataDirectory: join(directory, "data"), log });
  const { connection } = embedded;

  const query = async <Row extends pg.QueryResultRow>(database: string, text: string): Promise<Row[]> => {
    const client = new pg.Client({ ...connection, database });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const administer = (text: string) => query(connection.database!, text);
  const [row] = await query<{ version: string }>(
    connection.database!,
    "select current_setting('server_version') as version",
  );

  return {
    connection,
    directory,
    version: row!.version,
    query,
    async createDatabase(name) {
      await administer(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      await administer(`create database ${pg.escapeIdentifier(name)} template template0 encoding 'UTF8'`);
    },
    async dropDatabase(name) {
      await administer(`drop database ${pg.escapeIdentifier(name)} with (force)`);
    },
    async settle(database) {
      await query(database, "vacuum (analyze)");
      await administer("checkpoint");
    },
    readCpu: () => processGroupCpu(embedded.pid),
    url(database) {
      const { user, password, port, host } = connection;
      const credentials = `${encodeURIComponent(user!)}:${encodeURIComponent(String(password))}`;
      return `postgresql://${credentials}@localhost:${port}/${database}?host=${encodeURIComponent(host!)}`;
    },
    async stop() {
      await embedded.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
