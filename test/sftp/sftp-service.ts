/** A service with an SFTP server, for tests. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { startTestApp, type TestApp, type TestAppOptions } from "../support/app.ts";
import type { TestDatabase } from "../support/database.ts";

const run = promisify(execFile);

/** The service, and an account with a key and a password. */
export interface SftpTest {
  readonly app: TestApp;
  readonly port: number;
  readonly fingerprints: readonly string[];
  /** A folder of the test's own. */
  readonly folder: string;
  readonly keyFile: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly login: string;
  readonly password: string;
  /** Creates an account, and returns its id. */
  account(body: object): Promise<string>;
  /** Runs `sftp -b` with these commands. */
  sftp(commands: readonly string[], login?: string): Promise<{ stdout: string; stderr: string }>;
  /** Waits until the latest import with this name of a file has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  ended(fileName: string): Promise<any>;
}

/** Starts it on a database; it ends before the database is dropped. */
export async function startSftpTest(database: TestDatabase, options: TestAppOptions = {}): Promise<SftpTest> {
  const folder = await mkdtemp(join(tmpdir(), "muster-sftp-"));
  database.beforeDrop(() => rm(folder, { recursive: true, force: true }));
  const app = await startTestApp(database, { failuresPerMinute: 20 }, options);
  const { port, fingerprints } = await app.startSftp({ host: "127.0.0.1", port: 0 }, join(folder, "keys"));
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519", { comment: "test" });
  const keyFile = join(folder, "key");
  await writeFile(keyFile, privateKey);
  await chmod(keyFile, 0o600);
  const account = async (body: object) => {
    const answer = await app.inject({ method: "POST", url: "/v1/sftp-accounts", body });
    assert.equal(answer.status, 201, answer.body);
    return answer.json.id as string;
  };
  const [login, password] = ["campus", "correct horse battery"];
  await account({ name: login, publicKeys: [publicKey], password });
  return {
    app,
    port,
    fingerprints,
    folder,
    keyFile,
    privateKey,
    publicKey,
    login,
    password,
    account,
    async sftp(commands, as = login) {
      const batch = join(folder, "batch");
      await writeFile(batch, `${commands.join("\n")}\n`);
      return run("sftp", [...sshOptions(keyFile), "-P", String(port), "-b", batch, `${as}@127.0.0.1`], {
        timeout: 20_000,
      });
    },
    async ended(fileName) {
      for (let tries = 0; tries < 500; tries += 1) {
        const { json } = await app.inject({ url: "/v1/imports?limit=100" });
        const found = json.items.find(({ source }: { source: { fileName: string } }) => source.fileName === fileName);
        if (found !== undefined && found.finishedAt !== null) return found;
        await sleep(20);
      }
      return assert.fail(`${fileName} is not imported`);
    },
  };
}

/** Options of OpenSSH's clients: no configuration of the machine counts. */
export const sshOptions = (keyFile: string): string[] => [
  "-F",
  "/dev/null",
  "-i",
  keyFile,
  ...["IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"].flatMap(
    (option) => ["-o", option],
  ),
  "-o",
  "LogLevel=ERROR",
];

/** The reason to skip a test whose program is missing; false if it is there. */
export function missing(program: string, args: readonly string[] = ["-V"]): string | false {
  return spawnSync(program, args, { stdio: "ignore" }).error === undefined ? false : `${program} is not installed`;
}

/** A roster of people, as CSV. */
export const csv = (...names: string[]): string =>
  ["firstName,email,databaseID", ...names.map((name) => `${name},${name}@example.edu,${name}`)].join("\n").concat("\n");
