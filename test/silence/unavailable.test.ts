/** A database that takes no changes, and connections that end in the middle of an import. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { toDatabase, withClient } from "../support/server.ts";

const headers = { "content-type": "application/xml", accept: "application/json" };

/** A roster that takes a while to read. */
function roster(people: number): string {
  const rows = Array.from(
    { length: people },
    (_, id) => `<user><firstName>P</firstName><email>p${id}@example.edu</email><databaseID>U${id}</databaseID></user>`,
  );
  return `<users type="array">${rows.join("")}</users>`;
}

test("a database that became read-only answers 503 to changes, shows it in /readyz, and recovers by itself", async () => {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  const create = (groupId: string) => app.inject({ method: "POST", url: "/v1/groups", body: { groupId } });
  assert.equal((await create("A")).status, 201);
  const { rows } = await database.owner.query<{ name: string }>("select current_database() as name");
  const name = `"${rows[0]!.name}"`;
  await withClient(toDatabase(database.connection, "postgres"), async (administrator) => {
    await administrator.query(`alter database ${name} set default_transaction_read_only = on`);
    await administrator.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'muster' and datname = $1",
      [rows[0]!.name],
    );
    const refused = await create("B");
    assert.deepEqual([refused.status, refused.json.code], [503, "database_unavailable"], refused.body);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    assert.equal((await app.inject({ url: "/readyz", key: null })).status, 503);
    await administrator.query(`alter database ${name} reset default_transaction_read_only`);
  });
  assert.equal((await create("C")).status, 201);
});

test("an import whose connection ends while its rows are copied is answered 503, and nothing is applied", async () => {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  // Somebody is known, so that the file is copied as a whole.
  const first = await app.inject({ method: "POST", url: "/v1/imports/users", headers, body: roster(1) });
  assert.equal(first.status, 201, first.body);
  const people = await database.owner.query("select from users");
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const sent = app.inject({ method: "POST", url: "/v1/imports/users", headers, body: roster(20_000) });
    const copying =
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'copy staged_rows%' and state = 'active' and pid <> pg_backend_pid()";
    let isOver = false;
    void sent.then(() => {
      isOver = true;
    });
    let ended = 0;
    while (ended === 0 && !isOver) ended = (await database.owner.query(copying)).rowCount ?? 0;
    const { status, body, headers: got } = await sent;
    assert.ok(ended > 0, "the copy was over too early");
    assert.equal(status, 503, body);
    assert.ok(Number(got["retry-after"]) > 0);
  }
  assert.equal((await database.owner.query("select from users")).rowCount, people.rowCount);
});
