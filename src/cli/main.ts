#!/usr/bin/env node
/** The command `muster`: a client of the API. It runs on Node.js 20, and imports nothing of the service. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Context } from "./context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "./exit-status.ts";
import { generalHelp } from "./help.ts";

/** What a process ends with that a signal ended: 128 and the signal's number. */
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
// Whoever reads the output may have seen enough: `muster pull … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? 0 : exitStatus.fault),
);

const commands: readonly string[] = ["push", "pull", "link", "organization"];

const context: Context = {
  environment: process.env,
  input: process.stdin,
  output: process.stdout,
  complaints: process.stderr,
  version,
  signal: stopped.signal,
  now: () => performance.now(),
  random: Math.random,
  newId: randomUUID,
};

process.exitCode = await run(process.argv.slice(2)).catch(explain);

async function run([command, ...args]: readonly string[]): Promise<ExitStatus> {
  switch (command) {
    case "push":
      return (await import("./push/command.ts")).push(args, context);
    case "pull":
      return (await import("./pull/command.ts")).pull(args, context);
    case "link":
      return (await import("./link/command.ts")).link(args, context);
    case "organization":
      return (await import("./organization/command.ts")).organization(args, context);
    case "--version":
    case "-V":
      context.output.write(`muster ${version}\n`);
      return exitStatus.done;
    case "help":
      if (args[0] !== undefined && commands.includes(args[0])) return run([args[0], "--help"]);
      context.output.write(generalHelp);
      return exitStatus.done;
    case "--help":
    case "-h":
      context.output.write(generalHelp);
      return exitStatus.done;
    case undefined:
      context.complaints.write(generalHelp);
      return exitStatus.usage;
    default:
      throw usageError('There are the commands push, pull, link and organization. "muster --help" tells more.');
  }
}

function explain(error: unknown): number {
  if (stoppedBy !== undefined && (error as Error)?.name === "AbortError") return stoppedBy;
  if (error instanceof CommandError) {
    context.complaints.write(`muster: ${error.message}\n`);
    return error.status;
  }
  context.complaints.write(
    `muster: a fault of the command itself. Please report it:\n${(error as Error)?.stack ?? error}\n`,
  );
  return exitStatus.fault;
}
