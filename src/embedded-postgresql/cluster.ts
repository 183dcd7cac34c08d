import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chown,
  link,
  lstat,
  mkdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  type Account,
  accountOf,
  canEnter,
  currentAccount,
  findServiceAccount,
  runsAsRoot,
  spawnOptions,
} from "./account.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { constructionSite, hasCode, isMissing, isOccupied, makeSystemDirectory, systemDirectory } from "./files.ts";
import type { Log } from "./log.ts";

/** A database cluster that is ready to be started. */
export interface Cluster {
  /** Absolute, without symbolic links: PGDATA. */
  readonly directory: string;
  /** Owner of the directory; the server runs as it. */
  readonly account: Account;
  readonly binaries: Binaries;
  readonly password: string;
}

/** The cluster's superuser, who owns Muster's tables too. */
export const clusterUser = "muster";

/**
 * Finds the cluster of a data folder, or makes it on the first start. Several processes may do so at once: all come
 * back with the same cluster.
 *
 * @param dataDirectory the folder that the operator named; made when missing
 * @param durable false leaves out syncing a new cluster to disk (tests)
 */
export async function openCluster(dataDirectory: string, durable: boolean, log: Log): Promise<Cluster> {
  try {
    // Root's server runs as another account, which must be able to pass through.
    await mkdir(dataDirectory, { recursive: true, mode: runsAsRoot() ? 0o711 : 0o700 });
    return await openBelow(await realpath(dataDirectory), durable, log);
  } catch (error) {
    if (!hasCode(error, "EACCES", "EPERM")) throw error;
    const { name } = currentAccount();
    throw new Error(
      `The user ${name} may not use the data folder ${dataDirectory} (${error instanceof Error ? error.message : error}): start Muster as the user who owns the folder, or give it a DATA_DIR of its own.`,
      { cause: error },
    );
  }
}

async function openBelow(home: string, durable: boolean, log: Log): Promise<Cluster> {
  const password = await readPassword(join(home, "postgresql-password"));
  const existing = await findCluster(home);
  if (existing !== undefined) return useCluster(existing, password, log);

  const account = runsAsRoot() ? findServiceAccount(log) : currentAccount();
  const binaries = await findBinaries(account, log);
  if (canEnter(account, home)) {
    await makeCluster(join(home, "postgresql"), { account, binaries, password, durable });
  } else {
    await makeClusterElsewhere(home, { account, binaries, password, durable }, log);
  }
  const made = await findCluster(home);
  if (made === undefined)
    throw new Error(`The database below ${home} disappeared while it was being made: start again.`);
  return useCluster(made, password, log);
}

/** Reads the cluster's password, or makes one up. The file appears whole: two processes read the same. */
async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const temporary = await constructionSite(path);
  await writeFile(temporary, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  try {
    await link(temporary, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(temporary);
  }
  return (await readFile(path, "utf8")).trim();
}

/** The cluster that a data folder has; undefined when it has none yet. */
async function findCluster(home: string): Promise<string | undefined> {
  const path = join(home, "postgresql");
  let isLink: boolean;
  try {
    isLink = (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (!isLink && !(await isOccupied(path))) return undefined;
  try {
    await stat(join(path, "PG_VERSION"));
  } catch (error) {
    if (!isMissing(error)) throw error;
    const where = isLink ? resolve(home, await readlink(path)) : path;
    // Never an empty database in place of one that has gone missing.
    throw new Error(
      `${where}${isLink ? `, to which ${path} points,` : ""} holds no database: bring it back (a mount, a restore), or remove ${path} to start with an empty one.`,
    );
  }
  return realpath(path);
}

async function useCluster(directory: string, password: string, log: Log): Promise<Cluster> {
  const { uid, gid } = await stat(directory);
  if (!runsAsRoot() && uid !== process.getuid?.()) {
    throw new Error(`The database in ${directory} belongs to uid ${uid}: start Muster as that user or as root.`);
  }
  if (runsAsRoot() && uid === 0) {
    throw new Error(
      `The database in ${directory} belongs to root, as whom PostgreSQL does not run: chown it to muster.`,
    );
  }
  const account = accountOf({ uid, gid });
  if (!canEnter(account, directory)) {
    throw new Error(
      `The account ${account.name}, who owns the database in ${directory}, cannot get there: give it the permission to pass through the folders above.`,
    );
  }
  const binaries = await findBinaries(account, log);
  const version = (await readFile(join(directory, "PG_VERSION"), "utf8")).trim();
  if (version !== binaries.major) {
    throw new Error(
      `The database in ${directory} was made by PostgreSQL ${version}, this version of Muster brings ${binaries.major}: start the version of Muster that you had before, or move the data with pg_dump and pg_restore of PostgreSQL into one of your own (DATABASE_URL).`,
    );
  }
  return { directory, account, binaries, password };
}

interface NewCluster {
  readonly account: Account;
  readonly binaries: Binaries;
  readonly password: string;
  readonly durable: boolean;
}

/**
 * Initialises a cluster under a temporary name and renames it: what an interrupted initialisation leaves is never taken
 * for a cluster. Returns false when there was a cluster already, made by another process meanwhile.
 */
async function makeCluster(directory: string, { account, binaries, password, durable }: NewCluster): Promise<boolean> {
  const site = await constructionSite(directory);
  await mkdir(site, { mode: 0o700 });
  try {
    const passwordFile = join(site, "password");
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (runsAsRoot()) {
      await chown(passwordFile, account.uid, account.gid);
      await chown(site, account.uid, account.gid);
    }
    const made = join(site, "cluster");
    await initialise(binaries, account, [
      "--pgdata",
      made,
      "--username",
      clusterUser,
      "--pwfile",
      passwordFile,
      "--auth-local=scram-sha-256",
      "--auth-host=scram-sha-256",
      // Built-in: sorts by code point, and no upgrade of the operating system's locales can change that.
      "--encoding=UTF8",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      ...(durable ? [] : ["--no-sync"]),
    ]);
    await rename(made, directory);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  } finally {
    await rm(site, { recursive: true, force: true });
  }
}

async function initialise(binaries: Binaries, account: Account, parameters: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(binaries.initdb, parameters, spawnOptions(account));
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Error(`PostgreSQL could not make its database: ${output}`, { cause: error });
  }
}

/** Keeps the cluster in the system's own place, with a link to it in the data folder. */
async function makeClusterElsewhere(home: string, cluster: NewCluster, log: Log): Promise<void> {
  await makeSystemDirectory();
  const hash = createHash("sha256").update(home).digest("hex").slice(0, 12);
  const place = join(systemDirectory, hash);
  let directory = place;
  // A folder that exists already belonged to an earlier data folder of this path. It may be somebody's only copy.
  const earlier: string[] = [];
  while ((await isOccupied(directory)) || !(await makeCluster(directory, cluster))) {
    if ((await findCluster(home)) !== undefined) return;
    earlier.push(directory);
    directory = `${place}-${earlier.length + 1}`;
  }
  try {
    await symlink(directory, join(home, "postgresql"));
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    if (!hasCode(error, "EEXIST")) throw error;
    return;
  }
  log.info(
    `The account ${cluster.account.name} cannot enter ${home}: the database is kept in ${directory}, to which ${join(home, "postgresql")} points.`,
  );
  for (const path of earlier) {
    log.warn(`${path} holds the database of an earlier ${home}: remove it when it is not needed any more.`);
  }
}
