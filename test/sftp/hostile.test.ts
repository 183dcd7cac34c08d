/** Many, broken and hostile sessions. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import ssh2, { type Client, type SFTPWrapper } from "ssh2";
import { createTestDatabase } from "../support/database.ts";
import { csv, startSftpTest } from "./sftp-service.ts";

const database = await createTestDatabase({ after });
const service = await startSftpTest(database);
const { app, port, privateKey, login, ended } = service;

/** A session of its own connection. */
interface Session {
  readonly client: Client;
  readonly sftp: SFTPWrapper;
  open(path: string, flags: "w" | "r+" | "a"): Promise<Buffer>;
  write(handle: Buffer, text: string, offset: number): Promise<void>;
  close(handle: Buffer): Promise<void>;
}

function logIn(): Promise<Session> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.on("error", reject).on("ready", () =>
      client.sftp((error, sftp) => {
        if (error) return reject(error);
        resolve({
          client,
          sftp,
          open: (path, flags) =>
            promisify(
              sftp.open.bind(sftp) as (p: string, f: string, c: (e: Error | undefined, h: Buffer) => void) => void,
            )(path, flags),
          write: (handle, text, offset) =>
            new Promise((done, failed) => {
              const bytes = Buffer.from(text);
              sftp.write(handle, bytes, 0, bytes.length, offset, (problem) => (problem ? failed(problem) : done()));
            }),
          close: (handle) =>
            new Promise((done, failed) => sftp.close(handle, (problem) => (problem ? failed(problem) : done()))),
        });
      }),
    );
    client.connect({ host: "127.0.0.1", port, username: login, privateKey, readyTimeout: 20_000 });
  });
}

async function put({ open, write, close }: Session, path: string, text: string): Promise<void> {
  const handle = await open(path, "w");
  await write(handle, text, 0);
  await close(handle);
}
const imports = async (name: string) =>
  (await database.owner.query("select from imports where file_name = $1", [name])).rowCount;

test("fifty sessions at once each have their file imported once", async () => {
  const sessions = await Promise.all(Array.from({ length: 50 }, logIn));
  await Promise.all(sessions.map((session, index) => put(session, `upload/many-${index}.csv`, csv(`many${index}`))));
  for (const { client } of sessions) client.end();
  for (let tries = 0; tries < 1500; tries += 1) {
    const { rows } = await database.owner.query(
      "select count(*)::integer as count from imports where file_name like 'many-%' and status = 'applied'",
    );
    if (rows[0].count === 50) return;
    await sleep(20);
  }
  assert.fail("not all files are imported");
});

test("a connection that breaks leaves no half file, and another one can continue it", async () => {
  const first = await logIn();
  const text = csv("ida", "jon");
  const handle = await first.open("upload/broken.csv", "w");
  await first.write(handle, text.slice(0, 30), 0);
  first.client.destroy();
  await sleep(200);
  assert.equal(await imports("broken.csv"), 0);
  const second = await logIn();
  const { size } = await promisify(
    second.sftp.stat.bind(second.sftp) as (p: string, c: (e: Error | undefined, s: { size: number }) => void) => void,
  )("upload/broken.csv");
  assert.equal(size, 30);
  const rest = await second.open("upload/broken.csv", "r+");
  await second.write(rest, text.slice(30), 30);
  await second.close(rest);
  second.client.end();
  const { status, counts } = await ended("broken.csv");
  assert.deepEqual([status, counts.added], ["applied", 2]);
});

test("a file with a gap, an empty file and one that is too large are not taken, and the client sees it", async () => {
  const session = await logIn();
  const gap = await session.open("upload/gap.csv", "w");
  await session.write(gap, csv("kim"), 100);
  await assert.rejects(session.close(gap), /Parts of the file are missing/);
  const empty = await session.open("upload/empty.csv", "w");
  await assert.rejects(session.close(empty), /empty/);
  const large = await session.open("upload/large.csv", "w");
  await assert.rejects(session.write(large, "x", 10 * 1024 ** 3), /larger than 67,108,864 bytes/);
  session.client.end();
  for (const name of ["gap.csv", "empty.csv", "large.csv"]) assert.equal(await imports(name), 0);
});

test("a session has at most 64 files open, and names have limits", async () => {
  const session = await logIn();
  const opened = await Promise.allSettled(
    Array.from({ length: 80 }, (_, index) => session.open(`upload/.flood-${index}`, "w")),
  );
  assert.equal(opened.filter(({ status }) => status === "fulfilled").length, 64);
  for (const name of ["x".repeat(300), "a\u0001b", "a\\b"]) await assert.rejects(session.open(`upload/${name}`, "w"));
  session.client.end();
});

test("a client that says nothing, or rubbish, does not keep others out", async () => {
  const sockets = Array.from({ length: 50 }, (_, index) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    if (index % 2 === 0) socket.write("GET / HTTP/1.1\r\n\r\n");
    return socket;
  });
  const session = await logIn();
  await put(session, "upload/polite.csv", csv("lea"));
  session.client.end();
  for (const socket of sockets) socket.destroy();
  assert.equal((await ended("polite.csv")).status, "applied");
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error"),
    [],
  );
});

test("a file that waits can be deleted until its import begins", async () => {
  const keeper = await database.owner.connect();
  await keeper.query("begin");
  await keeper.query("select from feed_heads where organization_id = 1 for update");
  const session = await logIn();
  await put(session, "upload/before.csv", csv("mia"));
  await put(session, "upload/waits.csv", csv("noa"));
  await promisify(session.sftp.unlink.bind(session.sftp) as (p: string, c: (e?: Error | null) => void) => void)(
    "upload/waits.csv",
  );
  await keeper.query("commit");
  keeper.release();
  session.client.end();
  assert.equal((await ended("before.csv")).status, "applied");
  assert.equal((await ended("waits.csv")).status, "discarded");
});
