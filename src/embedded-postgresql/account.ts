import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { Log } from "./log.ts";

/** The account of the server's processes. PostgreSQL refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const ownAccountName = "muster";
const fallbackAccountName = "nobody";

/** True when this process may, and therefore has to, run PostgreSQL as somebody else. */
export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account this process itself runs as. */
export function currentAccount(): Account {
  return accountOf({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
}

/** Environment of the server's programs: none of ours, so that no secret of Muster's is handed on. */
export const plainEnvironment: NodeJS.ProcessEnv = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" };

/** Options of `spawn` that make a program run as the account. */
export function spawnOptions(account: Account) {
  const identity = runsAsRoot() ? { uid: account.uid, gid: account.gid } : {};
  return { ...identity, cwd: "/", env: plainEnvironment };
}

/**
 * Finds the system account that PostgreSQL runs as when Muster was started by root, and creates it when it is missing.
 * Throws when there is no way to one.
 */
export function findServiceAccount(log: Log): Account {
  const existing = lookUpAccount(ownAccountName);
  if (existing !== undefined) return existing;
  const created = spawnSync(
    "useradd",
    ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ownAccountName],
    { env: { PATH: "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin" }, stdio: "ignore" },
  );
  // Looked up whatever useradd said: another process that starts at the same time may have been faster.
  const account = lookUpAccount(ownAccountName);
  if (account !== undefined) {
    if (created.status === 0) log.info(`Created the system account ${account.name} for the embedded PostgreSQL.`);
    return account;
  }
  const fallback = lookUpAccount(fallbackAccountName);
  if (fallback !== undefined) return fallback;
  throw new Error(
    `PostgreSQL does not run as root, and no account for it could be created: add a system account named ${ownAccountName}, or set DATABASE_URL.`,
  );
}

/** The account of a uid; where it has no name (a container's), its number is the name. */
export function accountOf(owner: { readonly uid: number; readonly gid: number }): Account {
  return { name: printed(spawnSync("id", ["-un", String(owner.uid)])) ?? String(owner.uid), ...owner };
}

function lookUpAccount(name: string): Account | undefined {
  const uid = Number(printed(spawnSync("id", ["-u", name])) ?? Number.NaN);
  const gid = Number(printed(spawnSync("id", ["-g", name])) ?? Number.NaN);
  return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 ? { name, uid, gid } : undefined;
}

function printed(result: { status: number | null; stdout: Buffer }): string | undefined {
  const text = result.status === 0 ? result.stdout.toString().trim() : "";
  return text === "" ? undefined : text;
}

/** Tries whether the account can work inside a directory that exists. Modes alone would not tell (ACLs, mounts). */
export function canEnter(account: Account, directory: string): boolean {
  if (!runsAsRoot()) {
    try {
      accessSync(directory, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }
  const probe = spawnSync("/bin/sh", ["-c", 'test -x "$1"', "sh", directory], spawnOptions(account));
  return probe.status === 0;
}
