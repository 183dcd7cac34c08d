/** Races between writers of one organization, each with a named interleaving. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { PoolClient } from "pg";
import { createWriterQueue, lockOrganization } from "../../src/store/organization-lock.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let app: TestApp;

before(async () => {
  database = await createTestDatabase();
  app = await startTestApp(database);
});
after(() => database.drop());

const headers = { "content-type": "application/xml", accept: "application/json" };
const importFile = (fields: string) =>
  app.inject({
    method: "POST",
    url: "/v1/imports/users",
    headers,
    body: `<users type="array"><user>${fields}</user></users>`,
  });
const gil = (fields = "") =>
  `<databaseID>1</databaseID><userID>gil</userID><firstName>Gil</firstName><email>gil@x.edu</email><groupID>G1</groupID>${fields}`;

const lock = "select from feed_heads where organization_id = $1 for update";

/** Holds the organization's lock, as another process would, until `work` is done. */
async function whileLocked<Result>(work: (other: PoolClient) => Promise<Result>): Promise<Result> {
  const other = await database.owner.connect();
  try {
    await other.query("begin");
    await other.query(lock, [app.organizationId]);
    return await work(other);
  } finally {
    await other.query("rollback");
    other.release();
  }
}

/** Waits until somebody waits for the lock. */
async function somebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await database.owner.query(
      "select count(*)::integer as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    if (rows[0].waiting > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("while another process writes", () => {
  it("readers never wait, and an import waits and then sees what was written", async () => {
    await importFile(gil());
    const waiting = await whileLocked(async (other) => {
      const waiting = importFile(gil("<lastName>Feed</lastName>"));
      await somebodyWaits();
      assert.equal((await app.inject({ url: "/v1/users?username=gil" })).status, 200);
      await other.query(
        "update users set last_name = 'Hand', last_name_owner = 0, version = version + 1 where username = 'gil'",
      );
      await other.query("commit; begin");
      return { answer: waiting };
    });
    const { json } = await waiting.answer;
    assert.equal(json.counts.updated, 0);
    assert.equal((await app.inject({ url: "/v1/users?username=gil" })).json.items[0].lastName, "Hand");
  });

  it("a row that its digest would pass over is looked at when the person changes under its hands", async () => {
    const file = gil("<address>1 Main St</address>");
    await importFile(file);
    const { answer } = await whileLocked(async (other) => {
      const answer = importFile(file);
      await somebodyWaits();
      await other.query(
        "update users set address = '', address_owner = null, version = version + 1 where username = 'gil'",
      );
      await other.query("update feed_heads set last_sequence = last_sequence + 1");
      await other.query("commit; begin");
      return { answer };
    });
    assert.equal((await answer).json.counts.updated, 1);
    assert.deepEqual((await app.inject({ url: "/v1/users?username=gil" })).json.items[0].address, {
      text: "1 Main St",
    });
  });

  it("answers a request that waits too long with organization_busy", () =>
    whileLocked(async () => {
      const client = await database.owner.connect();
      try {
        await client.query("begin");
        await assert.rejects(lockOrganization(client, app.organizationId, 20), { code: "organization_busy" });
      } finally {
        await client.query("rollback");
        client.release();
      }
    }));
});

describe("imports of one organization at the same moment", () => {
  it("come one after another, and each person is added once", async () => {
    const files = Array.from({ length: 6 }, (_, number) =>
      importFile(
        `<databaseID>twin</databaseID><firstName>Twin</firstName><lastName>Of ${number}</lastName><email>twin@x.edu</email><groupID>G1</groupID>`,
      ),
    );
    const counts = (await Promise.all(files)).map(({ json }) => json.counts);
    assert.equal(
      counts.reduce((sum, { added }) => sum + added, 0),
      1,
    );
    assert.equal((await app.inject({ url: "/v1/users?email=twin@x.edu" })).json.items.length, 1);
  });
});

describe("the queue of writers", () => {
  it("lets them in one by one, in the order of arrival, each organization for itself", async () => {
    const queue = createWriterQueue();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = queue.run(1, 1000, async () => {
      await gate.promise;
      order.push("first");
    });
    const second = queue.run(1, 1000, async () => void order.push("second"));
    const third = queue.run(1, 1000, async () => void order.push("third"));
    await queue.run(2, 1000, async () => void order.push("other organization"));
    gate.resolve();
    await Promise.all([first, second, third]);
    assert.deepEqual(order, ["other organization", "first", "second", "third"]);
  });

  it("sends away who waits too long, and goes on with the next", async () => {
    const queue = createWriterQueue();
    const gate = Promise.withResolvers<void>();
    const first = queue.run(1, 1000, () => gate.promise);
    await assert.rejects(
      queue.run(1, 10, async () => {}),
      { code: "organization_busy" },
    );
    const third = queue.run(1, 1000, async () => "in");
    gate.resolve();
    await first;
    assert.equal(await third, "in");
  });

  it("goes on after a failure", async () => {
    const queue = createWriterQueue();
    await assert.rejects(queue.run(1, 1000, () => Promise.reject(new Error("no"))));
    assert.equal(await queue.run(1, 1000, async () => "in"), "in");
  });
});
