/** Runs the command as a process, as people and scripts do. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** A command that has ended. */
export interface CommandResult {
  /** Exit status; null: a signal killed it. */
  readonly status: number | null;
  readonly output: string;
  readonly errorOutput: string;
}

/** A command that is running. */
export interface RunningCommand {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Resolves when what was printed matches; rejects when the command ends before. */
  printed(pattern: RegExp): Promise<void>;
  readonly ended: Promise<CommandResult>;
}

/** Surroundings of a command. */
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
  const env: Record<string, string> = { PATH, TMPDIR, NODE_COMPILE_CACHE };
  if (url !== undefined) env.MUSTER_URL = url;
  if (key !== undefined) env.MUSTER_KEY = key;
  const child = spawn(process.execPath, [...nodeOptions, main, ...args], {
    env: { ...env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  let errorOutput = "";
  let onText = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    onText();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errorOutput += text;
    onText();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = once(child, "close").then(([status]) => ({ status: status as number | null, output, errorOutput }));
  return {
    child,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        onText = () => {
          if (pattern.test(output + errorOutput)) resolve();
        };
        onText();
        void ended.then((result) => reject(new Error(`The command ended: ${JSON.stringify(result)}`)));
      }),
    ended,
  };
}

/** Runs `muster` to its end. */
export const runCommand = (args: readonly string[], setting?: CommandSetting): Promise<CommandResult> =>
  startCommand(args, setting).ended;
