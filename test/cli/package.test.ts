/** The command as the package contains it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { repository } from "../docs/markdown.ts";

const run = promisify(execFile);

test("the built command runs in any folder, without packages", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "muster-package-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { bin, version, files } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
  assert.ok(
    files.some((name: string) => bin.muster.startsWith(`${name}/`)),
    "it is published",
  );
  const compiler = join(repository, "node_modules/.bin/tsc");
  await run(compiler, ["--project", "tsconfig.build.json", "--outDir", join(folder, "dist")], { cwd: repository });
  await copyFile(join(repository, "package.json"), join(folder, "package.json"));
  const muster = (...args: readonly string[]) =>
    run(process.execPath, [join(folder, bin.muster), ...args], {
      cwd: folder,
      env: { MUSTER_URL: "http://127.0.0.1:1", MUSTER_KEY: "k" },
    });
  assert.match(await readFile(join(folder, bin.muster), "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.equal((await muster("--version")).stdout, `muster ${version}\n`);
  for (const command of ["push", "pull", "link", "organization"]) {
    const { stdout } = await muster(command, "--help");
    assert.equal((await muster("help", command)).stdout, stdout);
    assert.ok(
      stdout.split("\n").every((line) => line.length <= 80),
      "it fits into a terminal",
    );
  }
  const tries = [
    muster("push", "package.json", "--retries", "0"),
    muster("pull", "--to", "copy", "--retries", "0"),
    muster("organization", "list"),
  ];
  await Promise.all(tries.map((attempt) => assert.rejects(attempt, { code: 3 })));
  await assert.rejects(muster(), { code: 64 });
});
