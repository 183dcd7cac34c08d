/** Requests with an Idempotency-Key whose process or connection broke off before their answer was kept. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { forgetUnfinishedRequests } from "../../src/http/callers/idempotency-claims.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { openSocket, readAnswer } from "../support/raw-http.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const roster = (id: number) =>
  `<users type="array"><user><firstName>P</firstName><email>p${id}@example.edu</email><databaseID>${id}</databaseID></user></users>`;
const send = (key: string, body: string) =>
  app.inject({
    method: "POST",
    url: "/v1/imports/users",
    body,
    headers: { "content-type": "application/xml", accept: "application/json", "idempotency-key": key },
  });
const createGroup = (key: string, groupId: string) =>
  app.inject({ method: "POST", url: "/v1/groups", body: { groupId }, headers: { "idempotency-key": key } });

/** Leaves a key as a killed process does: the request was done, there is no answer, and its claim ends. */
const loseAnswer = (key: string) =>
  database.owner.query(
    "update idempotency_keys set status = null, body = null, content_type = null, claimed_until = now() where key = $1",
    [key],
  );
const endClaim = (key: string) =>
  database.owner.query("update idempotency_keys set claimed_until = now() where key = $1", [key]);
const changes = async () => (await database.owner.query("select from changes")).rowCount;

test("a request that was done is not done again when its answer was lost", async () => {
  assert.equal((await createGroup("lost-1", "G1")).status, 201);
  await database.owner.query("delete from groups where group_id = 'G1'");
  const count = await changes();
  await loseAnswer("lost-1");
  for (const round of ["at once", "after a start"]) {
    const again = await createGroup("lost-1", "G1");
    assert.deepEqual([again.status, again.json.code, again.json.field], [409, "answer_lost", "Idempotency-Key"], round);
    assert.equal((await createGroup("lost-1", "G2")).json.code, "idempotency_key_reused");
    await forgetUnfinishedRequests(database.owner);
  }
  assert.equal(await changes(), count);
});

test("an import whose answer was lost is answered all the same", async () => {
  const first = await send("lost-2", roster(1));
  await loseAnswer("lost-2");
  const count = (await database.owner.query("select from imports")).rowCount;
  const again = await send("lost-2", roster(1));
  assert.deepEqual([again.status, again.headers["idempotent-replay"]], [201, "true"], again.body);
  assert.deepEqual([again.json, again.headers.location], [first.json, first.headers.location]);
  assert.equal((await send("lost-2", roster(2))).json.code, "idempotency_key_reused");
  assert.equal((await database.owner.query("select from imports")).rowCount, count);
});

test("a request that takes over from a dead one does the work, and the dead one no longer can", async () => {
  const body = roster(3);
  const socket = await openSocket(app.url);
  const head = [
    "POST /v1/imports/users HTTP/1.1",
    "Host: x",
    `Authorization: Bearer ${app.key}`,
    "Idempotency-Key: taken-1",
    "Content-Type: application/xml",
    "Accept: application/json",
    `Content-Length: ${body.length}`,
    "",
    "",
  ];
  socket.write(`${head.join("\r\n")}${body.slice(0, 20)}`);
  for (let tries = 0; tries < 500; tries += 1) {
    const { rowCount } = await database.owner.query("select from idempotency_keys where key = 'taken-1'");
    if (rowCount === 1) break;
    await sleep(10);
  }
  assert.equal((await send("taken-1", body)).json.code, "conflict");
  await endClaim("taken-1");
  const taken = await send("taken-1", body);
  assert.equal(taken.status, 201, taken.body);
  assert.equal(taken.headers["idempotent-replay"], undefined);
  const count = await changes();

  socket.write(body.slice(20));
  const answer = await readAnswer(socket);
  assert.equal(answer.status, 409);
  assert.match(answer.text, /another one with its Idempotency-Key took over/);
  assert.equal(await changes(), count);
  const again = await send("taken-1", body);
  assert.deepEqual([again.headers["idempotent-replay"], again.json], ["true", taken.json]);
});

/** From now on the connection breaks when a request with an Idempotency-Key has just committed. */
function breakAfterCommit(): () => void {
  const { pool } = app.dependencies.database.requests;
  const connect = pool.connect;
  // biome-ignore lint/suspicious/noExplicitAny: one of many signatures
  pool.connect = async function (this: unknown, ...values: any[]) {
    // With a callback it is the pool itself that connects, for a statement by itself.
    if (values.length > 0) return Reflect.apply(connect, pool, values);
    const client = await Reflect.apply(connect, pool, values);
    const { query } = client;
    let isNoted = false;
    // biome-ignore lint/suspicious/noExplicitAny: the same
    client.query = (...statement: any[]) => {
      const text = String(statement[0]?.text ?? statement[0]);
      const result = Reflect.apply(query, client, statement) as Promise<unknown>;
      if (text.includes("is_done = true")) isNoted = true;
      if (text !== "commit" && text !== "rollback") return result;
      client.query = query;
      if (text === "rollback" || !isNoted) return result;
      return result.then(() => {
        throw new Error("Connection terminated unexpectedly");
      });
    };
    return client;
  } as typeof connect;
  return () => {
    pool.connect = connect;
  };
}

test("a request whose connection breaks at the commit is not done again", async () => {
  const mend = breakAfterCommit();
  const answer = await createGroup("commit-1", "G3").finally(mend);
  assert.deepEqual([answer.status, answer.json.code], [503, "database_unavailable"]);
  assert.equal((await database.owner.query("select from groups where group_id = 'G3'")).rowCount, 1);
  assert.equal((await createGroup("commit-1", "G3")).json.code, "answer_lost");
});

test("an import whose connection breaks at the commit is answered as what it became", async () => {
  const mend = breakAfterCommit();
  const answer = await send("commit-2", roster(4)).finally(mend);
  assert.deepEqual([answer.status, answer.json.status, answer.json.problem], [201, "applied", null], answer.body);
  assert.deepEqual((await send("commit-2", roster(4))).json, answer.json);
});
