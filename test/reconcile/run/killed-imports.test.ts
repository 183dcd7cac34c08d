/** `kill -9` of the service at named moments of an import that is stored: it is finished exactly once all the same. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createTestDatabase } from "../../support/database.ts";
import { databaseUrlOf } from "../../support/server.ts";
import { type ServiceProcess, startService } from "../../support/service-process.ts";

const database = await createTestDatabase({ after });
const folder = await mkdtemp(join(tmpdir(), "muster-killed-"));
const key = "muster_killed_imports_0123456789";
const started: ServiceProcess[] = [];
database.beforeDrop(async () => {
  for (const { child, ended } of started) {
    child.kill("SIGTERM");
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

function start(): ServiceProcess {
  const environment = { DATABASE_URL: databaseUrlOf(database.connection), MUSTER_ADMIN_KEY: key, SFTP_PORT: "" };
  const service = startService(join(folder, String(started.length)), environment);
  started.push(service);
  return service;
}

/** A moment of an import, by the change of a row that is being made then. */
interface Moment {
  readonly name: string;
  readonly table: string;
  readonly event: "insert" | "update" | "update deferred";
  /** SQL about `new` and `old`; undefined: every change of the table. */
  readonly when?: string;
}

const moments: readonly Moment[] = [
  { name: "the body is being stored", table: "import_bodies", event: "insert" },
  {
    name: "the body is stored",
    table: "imports",
    event: "update",
    when: "old.stored_at is null and new.stored_at is not null",
  },
  { name: "a process takes it", table: "imports", event: "update", when: "new.runs > old.runs" },
  { name: "the first change is applied", table: "users", event: "insert" },
  { name: "it is being committed", table: "imports", event: "update deferred", when: "new.status = 'applied'" },
];

const lock = 4711;

/** Makes a connection that reaches the moment wait for a lock. */
async function stopAt({ table, event, when = "true" }: Moment): Promise<void> {
  const condition = `when (new.organization_id = 1 and (${when}))`;
  const trigger =
    event === "update deferred"
      ? `create constraint trigger wait_here after update on ${table} deferrable initially deferred for each row ${condition}`
      : `create trigger wait_here before ${event} on ${table} for each row ${condition}`;
  await database.owner.query(`
    create or replace function wait_here() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(${lock}); return new; end $$;
    ${trigger} execute function wait_here()`);
}

/** Waits until a connection of the service waits at the moment. */
async function isReached(): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const { rowCount } = await database.owner.query(
      "select from pg_locks where locktype = 'advisory' and objid = $1 and not granted",
      [lock],
    );
    if (rowCount !== 0) return;
    await sleep(10);
  }
  assert.fail("the moment is not reached");
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function send(url: string, path: string, body?: string): Promise<any> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "text/csv", prefer: "respond-async" };
  const answer = await fetch(`${url}${path}`, body === undefined ? { headers } : { method: "POST", headers, body });
  return answer.json();
}

async function lastEnded(url: string) {
  for (let tries = 0; tries < 1000; tries += 1) {
    const [item] = (await send(url, "/v1/imports?limit=1")).items;
    if (item.finishedAt !== null) return item;
    await sleep(20);
  }
  return assert.fail("the import has not ended");
}

test("a stored import is finished exactly once, whenever the service is killed", async (t) => {
  let service = start();
  let url = await service.ready;
  for (const [index, moment] of moments.entries()) {
    await t.test(moment.name, async () => {
      const keeper = await database.owner.connect();
      await keeper.query("select pg_advisory_lock($1)", [lock]);
      await stopAt(moment);
      const body = `firstName,email,databaseID,groupID\nPerson,p${index}@example.edu,${index},G1`;
      const answered = send(url, "/v1/imports/users", body).then(
        ({ status }) => status === "planning",
        () => false,
      );
      try {
        await isReached();
      } finally {
        service.child.kill("SIGKILL");
        await service.ended;
        await keeper.query("select pg_advisory_unlock($1)", [lock]);
        keeper.release();
        await database.owner.query(`drop trigger wait_here on ${moment.table}`);
      }
      service = start();
      const isAccepted = await answered;
      url = await service.ready;
      const { id, status, problem } = await lastEnded(url);
      if (index > 1) assert(isAccepted, "the sender was told that the file is stored");
      if (isAccepted) assert.equal(status, "applied", JSON.stringify(problem));
      else assert(["applied", "failed"].includes(status));
      const { rows } = await database.owner.query("select from changes where import_id = $1 and type = 'user'", [id]);
      assert.equal(rows.length, status === "applied" ? 1 : 0, "the import is applied once");
    });
  }
});
