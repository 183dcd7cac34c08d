/** The command as a process of its own, as people and scripts run it. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** What the command did. */
export interface CommandResult {
  /** Exit status; null: a signal killed it. */
  readonly status: number | null;
  readonly output: string;
  readonly complaints: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  output(): string;
  complaints(): string;
  /** Resolves once the output matches; rejects when the command ends before. */
  printed(pattern: RegExp): Promise<void>;
  readonly ended: Promise<CommandResult>;
}

/** What it runs with. */
export interface CommandSetting {
  readonly url?: string;
  readonly key?: string;
  /** Standard input. */
  readonly input?: string | Uint8Array;
  /** Options of Node.js. */
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts `muster` with these arguments. */
export function startCommand(args: readonly string[], setting: CommandSetting = {}): RunningCommand {
  const { url, key, input = "", nodeOptions = [], environment = {} } = setting;
  const { PATH = "", TMPDIR = "/tmp", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(process.execPath, [...nodeOptions, main, ...args], {
    env: {
      ...{ PATH, TMPDIR, NODE_COMPILE_CACHE },
      ...(url === undefined ? {} : { MUSTER_URL: url }),
      ...(key === undefined ? {} : { MUSTER_KEY: key }),
      ...environment,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  let complaints = "";
  let onOutput = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    onOutput();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
    onOutput();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = once(child, "close").then(([status]) => ({ status: status as number | null, output, complaints }));
  return {
    child,
    output: () => output,
    complaints: () => complaints,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        onOutput = () => {
          if (pattern.test(output + complaints)) resolve();
        };
        onOutput();
        void ended.then((result) => reject(new Error(`It ended: ${JSON.stringify(result)}`)));
      }),
    ended,
  };
}

/** Runs `muster` to its end. */
export const runCommand = (args: readonly string[], setting?: CommandSetting): Promise<CommandResult> =>
  startCommand(args, setting).ended;
