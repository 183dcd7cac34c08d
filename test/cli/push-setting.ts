/** A guarded service, and pushes to it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { type CommandSetting, runCommand } from "./command.ts";

export async function startPushSetting() {
  const guarded = await startGuardedApp(after);
  const { app } = guarded;
  const folder = await mkdtemp(join(tmpdir(), "muster-push-test-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const setting: CommandSetting = { url: app.url, key: app.key };
  let files = 0;

  /** Writes a new file. @returns its path */
  async function fileOf(text: string | Uint8Array, extension = ".csv"): Promise<string> {
    files += 1;
    const path = join(folder, `roster-${files}${extension}`);
    await writeFile(path, text);
    return path;
  }

  const push = (args: readonly string[], more: Partial<CommandSetting> = {}) =>
    runCommand(["push", ...args], { ...setting, ...more });

  const importsOf = async (source: string) => (await app.inject({ url: `/v1/imports?source=${source}` })).json.items;

  return { ...guarded, folder, setting, fileOf, push, importsOf };
}
