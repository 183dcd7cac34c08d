import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp, type TestAnswer, type TestRequest } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { toDatabase, withClient } from "../support/server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const anybody = { firstName: "Kim", lastName: "Park", emails: ["kim@example.edu"] };
const roster = `<users type="array"><user><firstName>P</firstName><email>p@example.edu</email><databaseID>1</databaseID></user></users>`;
const createGroup: TestRequest = { method: "POST", url: "/v1/groups", body: { groupId: "G1" } };

/**
 * A request whose connection breaks while it waits for a lock.
 * @param request what is sent; and sent again when the connection is back, until the answer is neither 503 nor that the
 * request is being done
 * @param held SQL that takes the lock
 * @param isAway whether the database takes no connection until the request was answered
 */
async function loseConnection(
  request: TestRequest,
  { held = "select from feed_heads for update", isAway = false } = {},
) {
  const database = await createTestDatabase({ after: (close) => closers.push(close) });
  const { owner, connection } = database;
  const app = await startTestApp(database);
  const { rows } = await owner.query<{ name: string }>("select current_database() as name");
  const holder = await owner.connect();
  try {
    await holder.query(`begin; ${held}`);
    const first = app.inject(request);
    for (let waiting = 0; waiting < 1; ) {
      const locks = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
      waiting = (await owner.query(locks)).rows.length;
    }
    return await withClient(toDatabase(connection, "postgres"), async (administrator) => {
      const name = `"${rows[0]!.name}"`;
      if (isAway) await administrator.query(`alter database ${name} allow_connections false`);
      await administrator.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'muster' and datname = $1",
        [rows[0]!.name],
      );
      const answer = await first;
      if (isAway) await administrator.query(`alter database ${name} allow_connections true`);
      await holder.query("rollback");
      const again = await untilKnown(() => app.inject(request));
      return { app, owner, answer, again };
    });
  } finally {
    holder.release();
  }
}

/** Idle connections broke as well, which the pool notices one by one; and whatever could not be noted is noted soon. */
async function untilKnown(send: () => Promise<TestAnswer>): Promise<TestAnswer> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await send();
    const isPassing = answer.status === 503 || answer.json?.field === "Idempotency-Key";
    if (!isPassing || attempt === 60) return answer;
    await sleep(25);
  }
}

const requests: Record<string, readonly [TestRequest, number, string?]> = {
  "a change": [createGroup, 201],
  "a read of a single record": [{ url: "/v1/groups/G1" }, 404, "lock groups"],
  "a list": [{ url: "/v1/users" }, 200, "lock users"],
  "a new person": [{ method: "POST", url: "/v1/users", body: anybody }, 201],
  "the check of the API key": [{ url: "/v1/groups" }, 200, "lock api_keys"],
};
for (const [what, [request, expected, held]] of Object.entries(requests)) {
  test(`a connection that breaks in the middle of ${what} fails its request, and not the service`, async () => {
    const { answer, again } = await loseConnection(request, held === undefined ? {} : { held });
    assert.deepEqual([answer.status, again.status], [503, expected], answer.body);
    assert.equal(answer.json.code, "database_unavailable");
  });
}

test("a request that failed while the database was away can be sent again under its Idempotency-Key", async () => {
  const request = { ...createGroup, headers: { "idempotency-key": "night-1" } };
  const { answer, again } = await loseConnection(request, { isAway: true });
  assert.deepEqual([answer.status, again.status], [503, 201], again.body);
});

test("an import whose connection breaks is recorded as failed, even if the database was away then", {}, async () => {
  const headers = { "content-type": "application/xml", accept: "application/json" };
  const request = { method: "POST", url: "/v1/imports/users", body: roster, headers } as const;
  const { app, answer, again } = await loseConnection(request, { isAway: true });
  assert.deepEqual([answer.status, again.status], [503, 201], again.body);
  const { json } = await untilKnown(async () => {
    const list = await app.inject({ url: "/v1/imports" });
    return list.json.items.some(({ status }: { status: string }) => status === "planning")
      ? { ...list, status: 503 }
      : list;
  });
  assert.deepEqual(
    json.items.map(({ status, problem }: { status: string; problem: { code: string } }) => [status, problem?.code]),
    [
      ["applied", undefined],
      ["failed", "database_unavailable"],
    ],
  );
});
