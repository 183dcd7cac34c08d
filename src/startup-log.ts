import type { Log } from "./embedded-postgresql/log.ts";
import type { LogStream } from "./http/server/logging.ts";

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** The log of what happens before and after there is a server, line by line like the server's own. */
export function createStartupLog(level: string, stream: LogStream, clock: () => Date): Log {
  const writeAt = (label: string) => (msg: string) => {
    if (levels.indexOf(label) < levels.indexOf(level)) return;
    stream.write(`${JSON.stringify({ level: label, time: clock().toISOString(), msg })}\n`);
  };
  return { debug: writeAt("debug"), info: writeAt("info"), warn: writeAt("warn") };
}
