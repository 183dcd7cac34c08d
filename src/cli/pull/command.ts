import { mkdir } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Context } from "../context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { choiceOf, numberOf, parseStrictly } from "../options.ts";
import { openApi } from "../service/api.ts";
import { addressOf, readConnection } from "../service/connection.ts";
import { printable, quoted, quotedPath } from "../text.ts";
import { createPullConsole } from "./console.ts";
import type { Copy, CopySettings } from "./copy.ts";
import { openCsvCopy } from "./csv-copy.ts";
import { openFeed } from "./feed.ts";
import { pullHelp } from "./help.ts";
import { takeLock } from "./lock.ts";
import { openSqliteCopy } from "./sqlite-copy.ts";
import { synchronize } from "./synchronize.ts";

const formats = ["csv", "sqlite"] as const;
type Format = (typeof formats)[number];

/** Only the owner of a copy writes it. */
const modes = ["600", "640", "644"] as const;
const usualMode = "600";
const usualRetries = 7;

const options = {
  to: { type: "string" },
  format: { type: "string" },
  mode: { type: "string" },
  follow: { type: "boolean" },
  retries: { type: "string" },
  url: { type: "string" },
  "key-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** `muster pull --to PLACE`: makes a copy of the data, or updates it. */
export async function pull(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parse(args);
  if (values.help) {
    context.output.write(pullHelp);
    return exitStatus.done;
  }
  const order = toOrder(positionals, values);
  const connection = await readConnection(values, context.environment);
  const { random, signal, errorOutput } = context;
  const api = await openApi(connection, context.version, context.environment);
  const console = createPullConsole(context, order.place);
  const feed = openFeed({ api, signal, random, retries: order.retries, onRetry: console.warn });
  try {
    await withCopy(order, addressOf(connection.url), console.warn, async (copy) => {
      await synchronize(copy, feed, order.follows, console);
      await console.summary(copy);
    });
    return exitStatus.done;
  } catch (error) {
    // A signal is the usual end of a follower.
    if (order.follows && signal.aborted && (error as Error).name === "AbortError") {
      errorOutput.write("Stopped. The next pull continues from here.\n");
      return exitStatus.done;
    }
    throw error;
  } finally {
    console.end();
    api.close();
  }
}

const parse = (args: readonly string[]) =>
  parseStrictly("pull", () => parseArgs({ args: [...args], options, allowPositionals: true }));

/** Choices of the command line. */
interface Order {
  readonly place: string;
  readonly format: Format;
  readonly mode: number;
  readonly follows: boolean;
  readonly retries: number;
}

function toOrder([stray]: readonly string[], values: ReturnType<typeof parse>["values"]): Order {
  const { to: place, follow: follows = false } = values;
  if (stray !== undefined) {
    throw usageError(`${quoted(stray)} is one argument too many. The place of the copy follows --to.`);
  }
  if (place === undefined || place === "") {
    throw usageError(
      'Name the place of the copy: --to DIRECTORY, or --to FILE.sqlite. "muster pull --help" describes the command.',
    );
  }
  return {
    place,
    follows,
    format: choiceOf("--format", values.format, formats) ?? formatOf(place),
    mode: Number.parseInt(choiceOf("--mode", values.mode, modes) ?? usualMode, 8),
    retries: numberOf("--retries", values.retries, 0, 100) ?? (follows ? Number.POSITIVE_INFINITY : usualRetries),
  };
}

const formatOf = (place: string): Format =>
  [".sqlite", ".sqlite3", ".db"].includes(extname(place).toLowerCase()) ? "sqlite" : "csv";

async function withCopy(
  { place, format, mode }: Order,
  address: string,
  onDamage: (message: string) => void,
  work: (copy: Copy) => Promise<void>,
): Promise<void> {
  const settings: CopySettings = { address, mode };
  await makeDirectory(format === "csv" ? place : dirname(place), format);
  const unlock = await takeLock(format === "csv" ? join(place, ".muster-pull.lock") : `${place}.lock`);
  try {
    const copy = await (format === "csv" ? openCsvCopy(place, settings, onDamage) : openSqliteCopy(place, settings));
    await work(copy).finally(copy.close);
  } catch (error) {
    throw asUnwritable(error, place);
  } finally {
    await unlock();
  }
}

async function makeDirectory(path: string, format: Format): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    const message =
      error.code === "EEXIST" && format === "csv"
        ? `${quotedPath(path)} is a file. A copy as CSV needs a directory; for SQLite add --format sqlite.`
        : `The directory ${quotedPath(path)} cannot be made: ${fileReason(error)}.`;
    throw new CommandError(exitStatus.copyUnusable, message);
  });
}

/** The disk may be full, read-only or gone. */
function asUnwritable(error: unknown, place: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const isOfFiles = (syscall !== undefined && /^E[A-Z]+$/.test(code ?? "")) || code === "ERR_SQLITE_ERROR";
  if (!isOfFiles) return error;
  return new CommandError(
    exitStatus.copyUnusable,
    `The copy ${quotedPath(place)} cannot be written: ${printable(fileReason(error))}. It is as it was after the last commit, and the next pull continues there.`,
  );
}
