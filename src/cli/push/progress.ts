import type { Terminal } from "../context.ts";
import { duration, printable, size } from "../text.ts";

/** What is shown while a file is sent. */
export interface Progress {
  /** How many bytes have gone. */
  sent(bytes: number): void;
  /** A line that stays. */
  say(line: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** Time between two looks at the bar, in milliseconds. */
const interval = 100;
const barWidth = 24;
const spinner = "|/-\\";

/** Of a stream that is no terminal: lines alone. */
const plainProgress = (terminal: Terminal): Progress => ({
  sent: () => {},
  say: (line) => void terminal.write(`${line}\n`),
  end: () => {},
});

/**
 * A bar on a terminal: bytes sent, then for how long the service has been at work.
 * @param bytes of the file
 * @param now milliseconds, ever increasing
 */
export function showProgress(terminal: Terminal, name: string, bytes: number, now: () => number): Progress {
  if (!terminal.isTTY) return plainProgress(terminal);
  let gone = 0;
  let waitsSince: number | undefined;
  let turn = 0;
  const draw = () => {
    turn += 1;
    const line =
      waitsSince === undefined
        ? sendingLine(printable(name), gone, bytes)
        : `${printable(name)}  ${size(bytes)} sent. Muster is at work ${spinner[turn % spinner.length]} ${duration(now() - waitsSince)}`;
    // Back to the start of the line, and clear it.
    terminal.write(`\r\x1b[K${line.slice(0, Math.max(20, (terminal.columns ?? 80) - 1))}`);
  };
  const clear = () => void terminal.write("\r\x1b[K");
  const timer = setInterval(draw, interval);
  timer.unref();
  draw();
  return {
    sent: (count) => {
      gone = count;
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

function sendingLine(name: string, gone: number, bytes: number): string {
  const share = bytes === 0 ? 1 : gone / bytes;
  const full = Math.round(share * barWidth);
  const bar = `${"#".repeat(full)}${".".repeat(barWidth - full)}`;
  return `${name}  [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${size(gone)} of ${size(bytes)}`;
}
