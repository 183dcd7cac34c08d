#!/usr/bin/env node
/** The command `muster`: a client of the API. It runs on Node.js 20, and imports nothing of the service. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Context } from "./context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "./exit-status.ts";
import { generalHelp } from "./help.ts";
import { quoted } from "./text.ts";

/** A process that a signal ended has the exit status 128 and the signal's number. */
const signals = { SIGINT: 130, SIGTERM: 143 } as const;

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const stopped = new AbortController();
let stoppedBy: number | undefined;
for (const [signal, status] of Object.entries(signals)) {
  process.once(signal, () => {
    stoppedBy = status;
    stopped.abort();
  });
}
// The reader may close the pipe early: `muster pull … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? 0 : exitStatus.fault),
);

type Command = (args: readonly string[], context: Context) => Promise<ExitStatus>;

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  push: async () => (await import("./push/command.ts")).push,
  pull: async () => (await import("./pull/command.ts")).pull,
  link: async () => (await import("./link/command.ts")).link,
  organization: async () => (await import("./organization/command.ts")).organization,
};

const context: Context = {
  environment: process.env,
  input: process.stdin,
  output: process.stdout,
  errorOutput: process.stderr,
  version,
  signal: stopped.signal,
  now: () => performance.now(),
  random: Math.random,
  newId: randomUUID,
};

process.exitCode = await run(process.argv.slice(2)).catch(explain);

async function run([name, ...args]: readonly string[]): Promise<ExitStatus> {
  if (name === undefined) {
    context.errorOutput.write(generalHelp);
    return exitStatus.usage;
  }
  if (Object.hasOwn(commands, name)) return (await commands[name]!())(args, context);
  if (name === "--version" || name === "-V") {
    context.output.write(`muster ${version}\n`);
    return exitStatus.done;
  }
  if (["help", "--help", "-h"].includes(name)) {
    if (args[0] !== undefined && Object.hasOwn(commands, args[0])) return run([args[0], "--help"]);
    context.output.write(generalHelp);
    return exitStatus.done;
  }
  throw usageError(
    `${quoted(name)} is not a command. The commands are push, pull, link and organization. "muster --help" describes them.`,
  );
}

function explain(error: unknown): number {
  if (stoppedBy !== undefined && (error as Error)?.name === "AbortError") return stoppedBy;
  if (error instanceof CommandError) {
    context.errorOutput.write(`muster: ${error.message}\n`);
    return error.status;
  }
  context.errorOutput.write(
    `muster: This is a bug of muster. Please report it with these lines:\n${(error as Error)?.stack ?? error}\n`,
  );
  return exitStatus.fault;
}
