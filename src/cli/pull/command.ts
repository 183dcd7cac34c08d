import { mkdir } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Context, Terminal } from "../context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { choiceOf, numberOf, parseStrictly } from "../options.ts";
import { openApi } from "../service/api.ts";
import { readConnection } from "../service/connection.ts";
import { count, countOf } from "../text.ts";
import type { Copy } from "./copy.ts";
import { openCsvCopy } from "./csv-copy.ts";
import { openFeed } from "./feed.ts";
import { pullHelp } from "./help.ts";
import { takeLock } from "./lock.ts";
import { openSqliteCopy } from "./sqlite-copy.ts";
import { type Listener, synchronize } from "./synchronize.ts";

const formats = ["csv", "sqlite"] as const;
type Format = (typeof formats)[number];

const options = {
  to: { type: "string" },
  format: { type: "string" },
  follow: { type: "boolean" },
  retries: { type: "string" },
  url: { type: "string" },
  "key-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** `muster pull --to PLACE`: makes a copy of the directory, or brings it up to date. */
export async function pull(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values } = parseStrictly("pull", () => parseArgs({ args: [...args], options }));
  if (values.help) {
    context.output.write(pullHelp);
    return exitStatus.done;
  }
  const { to: place, follow = false } = values;
  if (place === undefined || place === "")
    throw usageError('Say where the copy goes: --to DIRECTORY, or --to FILE.sqlite. "muster pull --help" tells more.');
  const format = choiceOf("--format", values.format, formats) ?? formatOf(place);
  const retries = numberOf("--retries", values.retries, 0, 100) ?? (follow ? Number.POSITIVE_INFINITY : 7);
  const connection = await readConnection(values, context.environment);
  const url = connection.url.href.replace(/\/$/, "");
  const { random, signal, complaints } = context;
  const api = openApi(connection, context.version);
  const console = consoleOf(context, place);
  const feed = openFeed({ api, signal, random, retries, onRetry: console.complain });
  try {
    await withCopy(place, format, url, console.complain, async (copy) => {
      await synchronize(copy, feed, follow, console.listener(copy));
      await console.summary(copy);
    });
    return exitStatus.done;
  } catch (error) {
    // Whoever stops a follower has stopped it, and broken nothing off.
    if (follow && signal.aborted && (error as Error).name === "AbortError") {
      complaints.write("Stopped. The next pull goes on from here.\n");
      return exitStatus.done;
    }
    throw error;
  } finally {
    console.end();
    api.close();
  }
}

const formatOf = (place: string): Format =>
  [".sqlite", ".sqlite3", ".db"].includes(extname(place).toLowerCase()) ? "sqlite" : "csv";

async function withCopy(
  place: string,
  format: Format,
  url: string,
  onDamage: (message: string) => void,
  work: (copy: Copy) => Promise<void>,
): Promise<void> {
  const folder = format === "csv" ? place : dirname(place);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(exitStatus.copyUnusable, `The directory ${folder} cannot be made (${error.code}).`);
  });
  const unlock = await takeLock(format === "csv" ? join(place, ".muster-pull.lock") : `${place}.lock`);
  try {
    const copy = await (format === "csv" ? openCsvCopy(place, url, onDamage) : openSqliteCopy(place, url));
    await work(copy).finally(copy.close);
  } catch (error) {
    throw asUnwritable(error, place);
  } finally {
    await unlock();
  }
}

/** The disk is full, read-only, or not there any more. */
function asUnwritable(error: unknown, place: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const isOfFiles = (syscall !== undefined && /^E[A-Z]+$/.test(code ?? "")) || code === "ERR_SQLITE_ERROR";
  if (!isOfFiles) return error;
  return new CommandError(
    exitStatus.copyUnusable,
    `The copy in ${place} cannot be written (${(error as Error).message}). What was committed before is whole.`,
  );
}

/** What a person sees meanwhile: on a terminal the list that is being read, and always what became of it. */
function consoleOf({ output, complaints }: Context, place: string) {
  const clear = () => {
    if (complaints.isTTY) complaints.write("\r\x1b[K");
  };
  const say = (terminal: Terminal, line: string) => {
    clear();
    terminal.write(`${line}\n`);
  };
  const complain = (line: string) => say(complaints, line);
  const summary = async (copy: Copy) => {
    const counts = Object.entries(await copy.counts()).map(([table, rows]) => `${count(rows)} ${table}`);
    say(output, `${place} is up to date: ${counts.join(", ")}.`);
  };
  const listener = (copy: Copy): Listener => ({
    reading: (list, number) => {
      if (complaints.isTTY) complaints.write(`\r\x1b[KReading ${list}: ${count(number)}`);
    },
    startsAgain: () =>
      complain(
        "The change log does not reach back to where this copy is, or is another one. Everything is read anew; until then the copy stays as it is.",
      ),
    committed: (changes) => {
      if (changes === null) say(output, `${copy.place}: read from the start.`);
      else {
        const parts = [...changes].map(([type, number]) =>
          countOf(number, `change of ${type}s`, `changes of ${type}s`),
        );
        say(output, `${copy.place}: ${parts.join(", ")}.`);
      }
    },
  });
  return { complain, summary, listener, end: clear };
}
