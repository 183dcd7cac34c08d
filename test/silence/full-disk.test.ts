/** Disks that are full. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startService } from "../support/service-process.ts";
import { makeServer } from "./own-server.ts";

const megabyte = 1024 * 1024;
const key = "an_admin_key_of_this_test_only_000";

/** Mounts a small disk in memory. */
function mountDisk(t: TestContext, megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  chmodSync(folder, 0o755);
  t.after(() => {
    execFileSync("umount", ["--lazy", folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Fills a disk except for some megabytes. Returns a function that frees the space. */
function fill(folder: string, except: number): () => void {
  const { bavail, bsize } = statfsSync(folder);
  const filler = join(folder, "filler");
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - except * megabyte)));
  return () => rmSync(filler);
}

const canMount = (() => {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), "muster-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
})();
const skip = canMount ? false : "Only root can mount a small disk.";

const roster = (people: number) =>
  `<users type="array">${Array.from(
    { length: people },
    (_, id) =>
      `<user><firstName>P</firstName><email>p${id}@example.edu</email><databaseID>U${id}</databaseID><groupID>G</groupID></user>`,
  ).join("\n")}</users>`;

/** A service whose spool and database may be on other disks. */
async function begin(t: TestContext, { database = tmpdir(), data = mkdtempSync(join(tmpdir(), "muster-data-")) }) {
  const server = await makeServer(["min_wal_size=32MB", "max_wal_size=64MB", "shared_buffers=16MB"], database);
  await server.start();
  const service = startService(data, { DATABASE_URL: server.url, MUSTER_ADMIN_KEY: key });
  t.after(async () => {
    service.child.kill("SIGTERM");
    await service.ended;
    await server.remove();
  });
  const url = await service.ready;
  const answerOf = async (answer: Response) => ({
    status: answer.status,
    retryAfter: Number(answer.headers.get("retry-after")),
    code: JSON.parse(await answer.text()).code,
  });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/xml", accept: "application/json" };
  return {
    send: async (body: string) => answerOf(await fetch(`${url}/v1/imports/users`, { method: "POST", headers, body })),
    ready: async () => answerOf(await fetch(`${url}/readyz`)),
  };
}

describe("a full disk", { skip, concurrency: true }, () => {
  test("of uploads is 507 with Retry-After, also in /readyz, and everything works when there is room", async (t) => {
    const disk = mountDisk(t, 32);
    const { send, ready } = await begin(t, { data: disk });
    assert.equal((await ready()).status, 200);
    const free = fill(disk, 1);
    const refused = await send(roster(20_000));
    assert.deepEqual([refused.status, refused.code], [507, "storage_full"]);
    assert.ok(refused.retryAfter > 0);
    const unready = await ready();
    assert.deepEqual([unready.status, unready.code], [507, "storage_full"]);
    free();
    assert.equal((await ready()).status, 200);
    assert.equal((await send(roster(100))).status, 201);
  });

  test("of the database is 507 with Retry-After, also in /readyz, and everything works when there is room", async (t) => {
    const disk = mountDisk(t, 400);
    const { send, ready } = await begin(t, { database: disk });
    assert.equal((await send(roster(10))).status, 201);
    const free = fill(disk, 5);
    const refused = await send(roster(30_000));
    assert.deepEqual([refused.status, refused.code], [507, "storage_full"]);
    assert.ok(refused.retryAfter > 0);
    const unready = await ready();
    assert.deepEqual([unready.status, unready.code], [507, "storage_full"]);
    free();
    assert.equal((await ready()).status, 200);
    assert.equal((await send(roster(100))).status, 201);
  });
});
