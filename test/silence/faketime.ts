import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const program = "/usr/bin/faketime";

/** False, or the reason why tests with another clock cannot run here. */
export const skipWithoutFaketime = existsSync(program) ? false : "faketime is not installed: apt-get install faketime";

/**
 * The environment of a process whose clock is wrong.
 * @param offset such as `+400d`; clocks that measure durations stay right
 */
export function wrongClock(offset: string): Record<string, string> {
  const { stdout } = spawnSync(program, ["-f", offset, "env"], { encoding: "utf8" });
  const preload = /^LD_PRELOAD=(.+)$/m.exec(stdout)?.[1];
  if (preload === undefined) throw new Error("faketime did not say how it works.");
  return { LD_PRELOAD: preload, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" };
}
