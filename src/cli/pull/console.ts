import type { Context, Terminal } from "../context.ts";
import { count, countOf, printable } from "../text.ts";
import type { Copy } from "./copy.ts";
import type { Listener } from "./synchronize.ts";

/** Tells people about a pull: results on the output, and on a terminal the list that is being read. */
export interface PullConsole extends Listener {
  warn(message: string): void;
  summary(copy: Copy): Promise<void>;
  /** Removes what a terminal shows for the moment. */
  end(): void;
}

/** @param place of the copy */
export function createPullConsole({ output, errorOutput }: Context, place: string): PullConsole {
  const name = printable(place);
  const clear = () => {
    if (errorOutput.isTTY) errorOutput.write("\r\x1b[K");
  };
  const say = (terminal: Terminal, line: string) => {
    clear();
    terminal.write(`${line}\n`);
  };
  return {
    warn: (message) => say(errorOutput, message),
    summary: async (copy) => {
      const counts = Object.entries(await copy.counts()).map(([table, rows]) => `${count(rows)} ${table}`);
      say(output, `${name} is up to date: ${counts.join(", ")}.`);
    },
    end: clear,
    reading: (list, number) => {
      if (errorOutput.isTTY) errorOutput.write(`\r\x1b[KReading ${list}: ${count(number)}`);
    },
    restarting: () =>
      say(
        errorOutput,
        "The change log no longer contains the position of this copy. Everything is read again; until then the copy stays as it is.",
      ),
    built: () => say(output, `${name}: read from the start.`),
    updated: (changes) => {
      const parts = [...changes].map(([type, number]) => countOf(number, `change of ${type}s`, `changes of ${type}s`));
      say(output, `${name}: ${parts.join(", ")}.`);
    },
  };
}
