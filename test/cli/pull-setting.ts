/** A service with a campus, and pulls from it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { fillCampus } from "./campus.ts";
import { type CommandResult, type CommandSetting, runCommand } from "./command.ts";

export const formats = ["csv", "sqlite"] as const;
export type Format = (typeof formats)[number];

export async function startPullSetting() {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  const key = await app.keyWith(["retrieve"]);
  const folder = await mkdtemp(join(tmpdir(), "muster-pull-test-"));
  after(() => rm(folder, { recursive: true, force: true }));
  await fillCampus(app);
  const setting: CommandSetting = { url: app.url, key };
  let places = 0;

  /** A place in the folder that does not exist yet. */
  function newPlace(format: Format): string {
    places += 1;
    return join(folder, format === "csv" ? `copy-${places}` : `copy-${places}.sqlite`);
  }

  const pull = (place: string, args: readonly string[] = [], more: Partial<CommandSetting> = {}) =>
    runCommand(["pull", "--to", place, ...args], { ...setting, ...more });

  async function pullWell(place: string, args: readonly string[] = []): Promise<CommandResult> {
    const result = await pull(place, args);
    assert.equal(result.status, 0, result.errorOutput);
    return result;
  }

  return { database, app, key, folder, setting, newPlace, pull, pullWell };
}
