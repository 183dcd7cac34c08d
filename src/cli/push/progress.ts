import type { Terminal } from "../context.ts";
import { duration, printable, size } from "../text.ts";

/** Shows how far a file has been sent. */
export interface Progress {
  /** @param bytes that have been sent in this attempt */
  sent(bytes: number): void;
  /** Prints a line that stays. */
  say(line: string): void;
  /** Removes the bar. */
  end(): void;
}

/** Time between two updates of the bar, in milliseconds. */
const interval = 100;
const barWidth = 24;
const spinner = "|/-\\";
/** Moves to the start of the line and clears it. */
const clearLine = "\r\x1b[K";
const narrowest = 20;

/** Without a terminal there is no bar. */
const plainProgress = (terminal: Terminal): Progress => ({
  sent: () => {},
  say: (line) => void terminal.write(`${line}\n`),
  end: () => {},
});

/**
 * Shows a bar on a terminal: first the bytes sent, then how long the service has been working.
 * @param bytes size of the file
 * @param now milliseconds; never goes back
 */
export function showProgress(terminal: Terminal, name: string, bytes: number, now: () => number): Progress {
  if (!terminal.isTTY) return plainProgress(terminal);
  let sent = 0;
  let waitsSince: number | undefined;
  let turn = 0;
  const draw = () => {
    turn += 1;
    const line =
      waitsSince === undefined
        ? sendingLine(printable(name), sent, bytes)
        : `${printable(name)}  ${size(bytes)} sent. Muster is working ${spinner[turn % spinner.length]} ${duration(now() - waitsSince)}`;
    terminal.write(`${clearLine}${line.slice(0, Math.max(narrowest, (terminal.columns ?? 80) - 1))}`);
  };
  const clear = () => void terminal.write(clearLine);
  const timer = setInterval(draw, interval);
  timer.unref();
  draw();
  return {
    sent: (count) => {
      sent = count;
      waitsSince = count < bytes ? undefined : (waitsSince ?? now());
    },
    say: (line) => {
      clear();
      terminal.write(`${line}\n`);
      draw();
    },
    end: () => {
      clearInterval(timer);
      clear();
    },
  };
}

function sendingLine(name: string, sent: number, bytes: number): string {
  const share = bytes === 0 ? 1 : sent / bytes;
  const full = Math.round(share * barWidth);
  const bar = `${"#".repeat(full)}${".".repeat(barWidth - full)}`;
  return `${name}  [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${size(sent)} of ${size(bytes)}`;
}
