import { Client, type ClientConfig, DatabaseError } from "pg";
import { type Cluster, clusterUser } from "./cluster.ts";
import { socketPort } from "./settings.ts";

/** The process that holds this advisory lock in the database `postgres` owns the cluster. */
const ownerLock = 1_836_413_556;

/** The connection settings of a cluster's superuser. */
export function connectionTo(cluster: Cluster, socketDirectory: string, database: string): ClientConfig {
  return {
    host: socketDirectory,
    port: socketPort,
    user: clusterUser,
    password: cluster.password,
    database,
    ssl: false,
  };
}

/**
 * Connects to the server behind a socket, to ask for its ownership.
 * Undefined while the server does not take connections (it starts, recovers, or stops).
 * @throws Error when the server refuses the password
 */
export async function tryToConnect(cluster: Cluster, socketDirectory: string): Promise<Client | undefined> {
  const client = new Client({
    ...connectionTo(cluster, socketDirectory, "postgres"),
    application_name: `muster ${process.pid}`,
    connectionTimeoutMillis: 5_000,
  });
  // A connection that breaks later shows in the next query, or in its "end".
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    if (error instanceof DatabaseError && error.code?.startsWith("28")) {
      throw new Error(
        `The database in ${cluster.directory} does not take the password of the file postgresql-password beside it: restore that file from a backup.`,
      );
    }
    return undefined;
  }
}

/** Takes the ownership for as long as the connection lasts. False when somebody else has it. */
export async function tryToOwn(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [ownerLock]);
  return rows[0]?.taken === true;
}

/** The users of a server, as it reports them. Process ids are undefined if they are unknown. */
export interface ServerUse {
  /** The process that started the server. */
  readonly starter: number | undefined;
  readonly isOwned: boolean;
  readonly owner: number | undefined;
}

/** Asks who started and who owns the server, without taking the ownership. */
export async function findServerUse(client: Client): Promise<ServerUse> {
  const { rows } = await client.query<{ starter: string; owner: string | null }>(
    `select current_setting('cluster_name') as starter,
            (select application_name from pg_locks join pg_stat_activity using (pid)
             where locktype = 'advisory' and granted and classid = 0 and objid = $1 and objsubid = 1
               and database = (select oid from pg_database where datname = current_database())) as owner`,
    [ownerLock],
  );
  const owner = rows[0]?.owner ?? null;
  return { starter: processId(rows[0]?.starter ?? ""), isOwned: owner !== null, owner: processId(owner ?? "") };
}

function processId(name: string): number | undefined {
  const digits = /^muster (\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
