import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientConfig } from "pg";
import { freePort } from "./own-server.ts";

const program = "/usr/sbin/pgbouncer";

/** False, or the reason why tests with PgBouncer cannot run here. */
export const skipWithoutPgBouncer = existsSync(program)
  ? false
  : "PgBouncer is not installed: apt-get install pgbouncer";

/** PgBouncer in transaction mode in front of a database. */
export interface PgBouncer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts PgBouncer, which drops the settings of sessions as its manual advises for drivers that send some.
 * @param target the database, as the owner of the tables
 */
export async function startPgBouncer(target: ClientConfig): Promise<PgBouncer> {
  const url = target.connectionString === undefined ? undefined : new URL(target.connectionString);
  const {
    host = "",
    port = 5432,
    user = "",
    password = "",
    database = "",
  } = url
    ? {
        host: url.hostname,
        port: url.port,
        user: url.username,
        password: url.password,
        database: url.pathname.slice(1),
      }
    : target;
  const folder = await mkdtemp(join(tmpdir(), "muster-pgbouncer-"));
  await chmod(folder, 0o755);
  const ownPort = await freePort();
  const settings = join(folder, "pgbouncer.ini");
  await writeFile(
    settings,
    `[databases]
${database} = host=${host} port=${port} user=${user}${password ? ` password=${String(password)}` : ""}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits,options
`,
  );
  // It refuses to run as root. The owner of the socket's folder may use the socket.
  const account = host.startsWith("/") ? statSync(host) : { uid: 65_534, gid: 65_534 };
  const child = spawn(program, [settings], {
    stdio: "ignore",
    ...(process.getuid?.() === 0 ? { uid: account.uid, gid: account.gid } : {}),
  });
  const ended = once(child, "exit");
  await untilListening(ownPort);
  return {
    url: `postgresql://${user}@127.0.0.1:${ownPort}/${database}`,
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = createConnection({ port, host: "127.0.0.1" });
    const isUp = await Promise.race([
      once(socket, "connect").then(
        () => true,
        () => false,
      ),
      sleep(1_000, false),
    ]);
    socket.destroy();
    if (isUp) return;
    await sleep(50);
  }
  throw new Error("PgBouncer did not start.");
}
