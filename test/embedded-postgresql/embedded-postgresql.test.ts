import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { Client } from "pg";
import { isRunning, readNotes, useEmbeddedProcesses, waitUntil } from "../support/embedded-postgresql.ts";
import { withClient } from "../support/server.ts";

const isRoot = process.getuid?.() === 0;
const processes = useEmbeddedProcesses();
const { freshFolder, launch, refusal, scratch, start, warm } = processes;

describe("a first start", () => {
  test("makes a database of its own that is reached by a socket and a password only", async () => {
    const data = freshFolder();
    const running = await start(data, { durable: true });
    const { rows } = await withClient(running.connection, (client) =>
      client.query(`select current_database() as name, current_setting('listen_addresses') as listens,
        current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
        (select count(*)::int from pg_hba_file_rules where auth_method <> 'scram-sha-256') as open_doors`),
    );
    assert.deepEqual(rows, [{ name: "muster", listens: "", encoding: "UTF8", fsync: "on", open_doors: 0 }]);
    await assert.rejects(
      withClient({ ...running.connection, password: "wrong" }, (client) => client.query("select 1")),
      /password authentication failed/,
    );
    const passwordFile = statSync(join(data, "postgresql-password"));
    assert.equal(passwordFile.mode & 0o777, 0o600);
    assert.equal(statSync(join(data, "postgresql")).mode & 0o777, 0o700);
    await running.stop();
    assert.equal(isRunning(running.pid), false);
    assert.deepEqual(readdirSync(data).sort(), ["postgresql", "postgresql-password"]);
  });

  test("sorts text by code point and folds letters beyond ASCII", async () => {
    const running = await start(warm);
    const { rows } = await withClient(running.connection, (client) =>
      client.query(
        "select array(select unnest(array['b', 'Z', 'ä', 'a']) as x order by x) as sorted, lower('ÄÖÉ') as low",
      ),
    );
    assert.deepEqual(rows, [{ sorted: ["Z", "a", "b", "ä"], low: "äöé" }]);
    await running.stop();
  });

  test("disregards what an interrupted initialisation left, and removes it", async () => {
    const data = freshFolder();
    const first = launch(data).catch((error: Error) => error);
    const site = () => (existsSync(data) ? readdirSync(data) : []).find((name) => name.startsWith("postgresql.new-"));
    await waitUntil(() => site() !== undefined);
    process.kill(Number(site()?.split("-").at(-1)), "SIGKILL");
    assert.match(String(await first), /SIGKILL/);
    assert.equal(existsSync(join(data, "postgresql")), false);

    const running = await start(data);
    await running.stop();
    assert.deepEqual(readdirSync(data).sort(), ["postgresql", "postgresql-password"]);
  });
});

describe("a later start", () => {
  test("finds the data again", async () => {
    const running = await start(warm);
    assert.deepEqual(await readNotes(running.connection), ["kept"]);
    await running.stop();
  });

  test("works where the path is too long for a socket, and leaves no folder for it behind", async () => {
    const data = join(scratch, "long".repeat(20), "path".repeat(20));
    mkdirSync(dirname(data));
    execFileSync("cp", ["-a", warm, data]);
    const first = await start(data);
    const socketFolder = String(first.connection.host);
    assert.ok(socketFolder.length < 90, socketFolder);
    assert.equal(statSync(socketFolder).mode & 0o777, 0o700);
    assert.deepEqual(await readNotes(first.connection), ["kept"]);
    await first.kill();

    const second = await start(data);
    assert.equal(existsSync(socketFolder), false);
    await second.stop();
    assert.equal(existsSync(String(second.connection.host)), false);
  });

  test("refuses a database of another major version, and says what to do", async () => {
    const data = freshFolder();
    const cluster = join(data, "postgresql");
    mkdirSync(cluster, { recursive: true });
    const { uid, gid } = statSync(join(warm, "postgresql"));
    chownSync(cluster, uid, gid);
    writeFileSync(join(cluster, "PG_VERSION"), "17\n");
    assert.match(await refusal(data), /made by PostgreSQL 17.*brings 18.*pg_dump/);
  });

  test("never puts an empty database where one is missing", async () => {
    const data = freshFolder();
    mkdirSync(data);
    symlinkSync("/nonexistent/cluster", join(data, "postgresql"));
    assert.match(await refusal(data), /\/nonexistent\/cluster.*holds no database/);
    assert.equal(readlinkSync(join(data, "postgresql")), "/nonexistent/cluster");
  });

  test("says so when the password file is not the database's", async () => {
    const file = join(warm, "postgresql-password");
    const password = readFileSync(file);
    writeFileSync(file, "another\n");
    try {
      assert.match(await refusal(warm), /does not take the password of the file postgresql-password/);
      assertNothingRuns(warm);
    } finally {
      writeFileSync(file, password);
    }
  });

  test("repeats PostgreSQL's own words when it does not start", async () => {
    const file = join(warm, "postgresql", "global", "pg_control");
    renameSync(file, `${file}.away`);
    try {
      assert.match(await refusal(warm), /did not start.*pg_control/);
    } finally {
      renameSync(`${file}.away`, file);
    }
  });
});

function assertNothingRuns(data: string): void {
  assert.equal(existsSync(join(data, "postgresql", "postmaster.pid")), false);
}

describe("after a kill -9", () => {
  test("of Muster, the server left running is stopped and a new one is started", async () => {
    const first = await start(warm);
    await first.kill();
    assert.equal(isRunning(first.pid), true);

    const second = await start(warm);
    assert.notEqual(second.pid, first.pid);
    assert.equal(isRunning(first.pid), false);
    assert.deepEqual(await readNotes(second.connection), ["kept"]);
    await second.stop();
  });

  test("of PostgreSQL, Muster is told, and the next start recovers", async () => {
    const first = await start(warm);
    process.kill(first.pid, "SIGKILL");
    await waitUntil(() => first.lines.some((line) => line.event === "exited"));
    await first.stop();
    assert.equal(existsSync(join(warm, "postgresql", "postmaster.pid")), true);

    const second = await start(warm);
    assert.deepEqual(await readNotes(second.connection), ["kept"]);
    await second.stop();
  });

  test("of both, a stranger who has the server's process id by now is left alone", async () => {
    const first = await start(warm);
    process.kill(first.pid, "SIGKILL");
    await first.kill();
    const { uid, gid } = statSync(join(warm, "postgresql"));
    const stranger = spawn("sleep", ["600"], { ...(isRoot ? { uid, gid } : {}), stdio: "ignore" });
    processes.adopt(stranger);
    const pidFile = join(warm, "postgresql", "postmaster.pid");
    writeFileSync(pidFile, readFileSync(pidFile, "utf8").replace(/^\d+/, String(stranger.pid)));

    const second = await start(warm);
    assert.deepEqual(await readNotes(second.connection), ["kept"]);
    assert.equal(isRunning(stranger.pid ?? 0), true);
    await second.stop();
    stranger.kill();
  });

  test("of both, every acknowledged commit is there", async () => {
    const first = await start(warm, { durable: true });
    let acknowledged = 0;
    const client = new Client(first.connection);
    client.on("error", () => undefined);
    await client.connect();
    await client.query("create table numbers (n integer)");
    const writing = (async () => {
      for (;;) {
        await client.query("insert into numbers values ($1)", [acknowledged + 1]);
        acknowledged += 1;
      }
    })().catch(() => undefined);
    await waitUntil(() => acknowledged >= 200);
    process.kill(first.pid, "SIGKILL");
    await first.kill();
    await writing;

    const second = await start(warm, { durable: true });
    const { rows } = await withClient(second.connection, (reader) =>
      reader.query("select count(*)::int as n from numbers where n <= $1", [acknowledged]),
    );
    assert.deepEqual(rows, [{ n: acknowledged }]);
    await second.stop();
  });

  test("of one of PostgreSQL's processes, the data folder stays with its Muster", async () => {
    const first = await start(warm);
    const { rows } = await withClient(first.connection, (client) =>
      client.query<{ pid: number }>("select pid from pg_stat_activity where application_name ~ '^muster '"),
    );
    assert.equal(rows.length, 1);
    process.kill(rows[0]?.pid ?? 0, "SIGKILL");
    await waitUntil(() =>
      first.lines.some((line) => line.event === "log" && /terminating|reinitializing/.test(line.message)),
    );

    assert.match(await refusal(warm), new RegExp(`in use by another Muster \\(process ${first.process.pid}\\)`));
    assert.deepEqual(await readNotes(first.connection), ["kept"]);
    assert.equal(
      first.lines.some((line) => line.event === "exited"),
      false,
    );
    await first.stop();
  });
});

describe("two processes on one data folder", () => {
  test("the second is told so in one sentence, and the first is not disturbed", async () => {
    const first = await start(warm);
    const message = await refusal(warm);
    assert.equal(
      message,
      `The data folder ${warm} is in use by another Muster (process ${first.process.pid}): stop that one, or give this one a DATA_DIR of its own.`,
    );
    assert.deepEqual(await readNotes(first.connection), ["kept"]);
    await first.stop();
  });

  const beginnings: [string, () => Promise<string>][] = [
    ["that is new", async () => freshFolder()],
    ["that holds data", async () => warm],
    [
      "with a server left running",
      async () => {
        const left = await start(warm);
        await left.kill();
        return warm;
      },
    ],
  ];
  for (const [description, begin] of beginnings) {
    test(`started in the same instant on a folder ${description}: one has it, the other is told`, async () => {
      const data = await begin();
      const both = await Promise.all([launch(data), launch(data)]);
      assert.deepEqual(both.map(({ answer }) => answer.event).sort(), ["failed", "ready"]);
      const winner = both.find(({ answer }) => answer.event === "ready");
      const loser = both.find(({ answer }) => answer.event === "failed");
      assert.ok(winner?.answer.event === "ready" && loser?.answer.event === "failed");
      assert.match(loser.answer.message, new RegExp(`in use by another Muster \\(process ${winner.child.pid}\\)`));
      await withClient(winner.answer.connection, (client) => client.query("create temporary table works ()"));
      winner.child.stdin?.end();
      await once(winner.child, "close");
      assertNothingRuns(data);
    });
  }
});

test("values of statements never reach the log", async () => {
  const running = await start(warm);
  await withClient(running.connection, async (client) => {
    await client.query("create temporary table people (email text primary key)");
    await client.query("insert into people values ($1)", ["canary@example.edu"]);
    await assert.rejects(client.query("insert into people values ($1)", ["canary@example.edu"]), /duplicate key/);
    await assert.rejects(client.query("select $1::text::integer", ["canary@example.edu"]), /invalid input syntax/);
    await assert.rejects(
      client.query("do $$ begin raise warning 'canary@'; perform 1 / 0; end $$"),
      /division by zero/,
    );
  });
  await running.stop();
  const logged = running.lines.filter((line) => line.event === "log");
  assert.ok(logged.some((line) => line.level === "debug" && line.message.includes("ready to accept connections")));
  assert.equal(JSON.stringify(logged).includes("canary"), false);
});
