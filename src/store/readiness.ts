import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "./database.ts";
import { prepared } from "./sql.ts";
import { storageFull } from "./unavailable.ts";

/** Knows if the service can work: if PostgreSQL answers, is set up, takes changes, and the disks have room. */
export interface Readiness {
  /** @returns what is wrong; undefined if the service can work */
  problem(): Promise<MusterError | undefined>;
}

/** Milliseconds that a change may take. */
const patience = 3_000;
/** Less room for uploads counts as none, in bytes. */
const leastRoom = 16 * 1024 * 1024;

const unavailable = () =>
  new MusterError("database_unavailable", "The database does not answer, or takes no changes.", { retryAfter: 5 });

/**
 * Makes the readiness of a process.
 * @param spoolDirectory folder of uploads in progress; it may not exist yet
 */
export function createReadiness(database: Database, spoolDirectory: string): Readiness {
  let attempt: Promise<MusterError | undefined> | undefined;
  const look = async () => {
    if (!(await canWrite(database))) return unavailable();
    const hasRoom = (await freeBytes(spoolDirectory)) >= leastRoom && (await databaseHasRoom(database));
    return hasRoom ? undefined : storageFull();
  };
  return {
    async problem() {
      // Questions at one time share one look.
      attempt ??= look().finally(() => {
        attempt = undefined;
      });
      const abort = new AbortController();
      const late = sleep(patience, undefined, { signal: abort.signal }).then(unavailable, () => undefined);
      try {
        return await Promise.race([attempt, late]);
      } finally {
        abort.abort();
      }
    },
  };
}

/** Tries a small change. The tables are there, too. */
function canWrite(database: Database): Promise<boolean> {
  const statement = prepared(sql`
    with tables as (select from organizations limit 0)
    update service_state set written_at = now()`);
  return database.requests.query(statement).then(
    () => true,
    () => false,
  );
}

/** The free space of a folder, or of the folder around it, in bytes; infinite if nobody knows. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
    .catch(() => statfs(dirname(directory)))
    .catch(() => ({ bavail: Number.POSITIVE_INFINITY, bsize: 1 }));
  return bavail * bsize;
}

/** Tries to store a few megabytes, once PostgreSQL had no room for a change. */
async function databaseHasRoom(database: Database): Promise<boolean> {
  const { room } = database;
  if (!room.isDoubtful) return true;
  const fill = sql`create temporary table muster_room on commit drop as select repeat(md5(number::text), 30) from generate_series(1, 10000) number`;
  try {
    await withOrganization(database, 0, (transaction) => transaction.query(fill));
    room.isDoubtful = false;
  } catch {
    return false;
  }
  return true;
}
