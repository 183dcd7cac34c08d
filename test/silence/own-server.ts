import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { currentAccount, findServiceAccount, runsAsRoot, spawnOptions } from "../../src/embedded-postgresql/account.ts";
import { findBinaries } from "../../src/embedded-postgresql/binaries.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** A PostgreSQL server that a test starts and stops as it likes. */
export interface OwnServer {
  readonly url: string;
  readonly port: number;
  /**
   * Starts it.
   * @param environment for example of faketime
   */
  start(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Stops it in good order. */
  stop(): Promise<void>;
  remove(): Promise<void>;
  /** All that it wrote into its log. */
  log(): string;
}

/**
 * Makes a server with an empty database, for a user who owns everything and needs no password.
 * @param place the folder of its data folder
 */
export async function makeServer(settings: readonly string[] = [], place = tmpdir()): Promise<OwnServer> {
  const account = runsAsRoot() ? findServiceAccount(silent) : currentAccount();
  const { initdb, postgres } = await findBinaries(account, silent);
  const folder = await mkdtemp(join(place, "muster-server-"));
  await chmod(folder, 0o700);
  if (runsAsRoot()) await chown(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const made = spawnSync(
    initdb,
    ["-D", data, "-U", "muster", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...spawnOptions(account), encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  const port = await freePort();
  const url = `postgresql://muster@127.0.0.1:${port}/postgres`;
  const fixed = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "fsync=off"];
  const parameters = [...fixed, ...settings].flatMap((setting) => ["-c", setting]);
  let child: ChildProcess | undefined;
  let log = "";
  const stop = async () => {
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
    child = undefined;
  };
  return {
    url,
    port,
    async start(environment = {}) {
      const options = spawnOptions(account);
      child = spawn(postgres, ["-D", data, ...parameters], {
        ...options,
        env: { ...options.env, ...environment },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
      await untilAnswering(url);
    },
    stop,
    log: () => log,
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Finds a port of this machine that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function untilAnswering(url: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on("error", () => undefined);
    const answers = await client
      .connect()
      .then(() => client.query("select"))
      .then(
        () => true,
        () => false,
      );
    await client.end().catch(() => undefined);
    if (answers) return;
    await sleep(50);
  }
  throw new Error("The server did not start.");
}
