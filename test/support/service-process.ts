import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { collectLog } from "./collected-logs.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The service as its own process, as an operator starts it. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  output(): string;
  errors(): string;
  /** Resolves with where it listens; rejects when it ends before. */
  readonly ready: Promise<string>;
  /** Exit status; null after a signal. */
  readonly ended: Promise<number | null>;
}

/**
 * Starts `node src/main.ts` on a data folder and a free port.
 * @param program another `main.ts` instead
 */
export function startService(
  dataDirectory: string,
  environment: Record<string, string> = {},
  program = main,
): ServiceProcess {
  const { PATH = "", HOME = "/", TMPDIR = "/tmp", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(process.execPath, [program], {
    env: { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE, DATA_DIR: dataDirectory, PORT: "0", SFTP_PORT: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    const url = /^Muster is ready: (\S+)/m.exec(output)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
    collectLog(text);
  });
  const ended = once(child, "close").then(([status]) => {
    reject(new Error(`The service ended with ${status}: ${errors}`));
    return status as number | null;
  });
  ready.catch(() => undefined);
  return { child, output: () => output, errors: () => errors, ready, ended };
}
