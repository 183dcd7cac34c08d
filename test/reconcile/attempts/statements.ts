/** The statements of attempts, records and received bodies, each prepared by PostgreSQL. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { discardHeld, keepMovedPlan, lockHeld } from "../../../src/reconcile/attempts/held-imports.ts";
import {
  keptPeople,
  listImportChanges,
  loggedChanges,
  plannedChanges,
} from "../../../src/reconcile/attempts/import-changes.ts";
import { listImportRows } from "../../../src/reconcile/attempts/list-rows.ts";
import { dropPlan, hashPlan, listPlan } from "../../../src/reconcile/attempts/plans.ts";
import { listImports, readImport, readImports } from "../../../src/reconcile/attempts/read-imports.ts";
import {
  finishImport,
  openImport,
  receivedImport,
  refuseImport,
} from "../../../src/reconcile/attempts/record-attempt.ts";
import { dropRepeat, findRepeated } from "../../../src/reconcile/attempts/repeats.ts";
import { respondRows } from "../../../src/reconcile/attempts/response-file.ts";
import { copyNotes, findSettled, mayBeSettled, noteSettled } from "../../../src/reconcile/attempts/settled.ts";
import { groupFiles } from "../../../src/reconcile/groups/group-files.ts";
import { locationFiles, peopleAtLocations } from "../../../src/reconcile/locations/location-files.ts";
import { dropBody, dropFilesBefore, dropUnkeptBody, openBody } from "../../../src/reconcile/receive/bodies.ts";
import { keepRecordItems, keepRecordNotes } from "../../../src/reconcile/records/record-items.ts";
import { readSetup } from "../../../src/reconcile/setup/setup.ts";
import { openDatabase, type Transaction, withOrganization } from "../../../src/store/database.ts";
import type { Statement } from "../../../src/store/statement.ts";
import { statementDatabase } from "../../support/statement-database.ts";
import { refusedStatements } from "../../support/statements.ts";

const store = statementDatabase;
const database = openDatabase(store.connection, { maxConnections: 2 });
store.beforeDrop(() => database.close());

const statements: Record<string, Pick<Statement, "text">> = {};

/** A transaction that keeps each statement, and finds whatever `row` holds. */
const recording = (transaction: Transaction, row: object): Transaction => ({
  ...transaction,
  async query(statement: string | Statement) {
    const { text } = typeof statement === "string" ? { text: statement } : statement;
    statements[text] = { text };
    return { rows: [row], rowCount: 1, command: "", oid: 0, fields: [] } as never;
  },
});

const id = crypto.randomUUID();
const at = new Date("2026-11-22T02:00:00Z");
const decision = {
  outcome: "discarded" as const,
  decidedBy: "Kim Park",
  actor: "test",
  reason: null,
  supersededBy: null,
  at: "2026-11-22T02:00:00.000000Z",
};
const waiting = { peopleRemoved: 0, peopleWithdrawn: 0, membershipsRemoved: 0, contactsRemoved: 0 };
const held = { status: "held", hold: { scope: "removals", reasons: [], waiting }, decision: null, counts: {} };
const end = {
  status: "applied",
  counts: { failed: 3 },
  outcomes: {},
  reading: null,
  mapping: null,
  hold: null,
  decision: null,
  planHash: null,
  recorded: { count: 0 },
  source: 1,
  actor: "test",
  at,
} as const;

test("PostgreSQL accepts every statement of an attempt, a record and a body", async () => {
  const work: ((transaction: Transaction) => Promise<unknown>)[] = [
    (transaction) => readImport(transaction, 1, id),
    (transaction) => readImports(transaction, 1, [id]),
    (transaction) => lockHeld(transaction, 1, id),
    (transaction) => keepMovedPlan(transaction, 1, id, { planHash: "", waiting }),
    (transaction) => discardHeld(transaction, 1, id, decision),
    (transaction) => receivedImport(transaction, 1, id, { bytes: 1, sha256: "", format: "csv" }),
    (transaction) => finishImport(transaction, 1, id, end as never),
    (transaction) => refuseImport(transaction, 1, id, new Error("test"), at),
    (transaction) => findRepeated(transaction, 1, { id, sha256: "" }, 1_000),
    (transaction) => dropRepeat(transaction, 1, id),
    (transaction) => mayBeSettled(transaction, 1, { body: { sha256: "" } }),
    (transaction) => findSettled(transaction, 1, { source: 1, sha256: "", settledAs: "", notBefore: at }),
    (transaction) => noteSettled(transaction, 1, id, ""),
    (transaction) => copyNotes(transaction, 1, id, id),
    (transaction) => hashPlan(transaction, 1, id),
    (transaction) => dropBody(transaction, 1, id),
    (transaction) => dropFilesBefore(transaction, 1, at),
    (transaction) =>
      keepRecordItems(transaction, 1, id, [{ type: "group", action: "add", id: "1", row: 1, changed: {} }]),
    (transaction) =>
      keepRecordNotes(transaction, 1, id, [
        { row: 1, number: 1, line: 1, outcome: "failed", code: "group_unknown", details: {} },
      ]),
    (transaction) => readSetup(transaction, 1, { source: "default" }),
    (transaction) => groupFiles.plan(transaction, 1, [], false),
    (transaction) => locationFiles.plan(transaction, 1, [], false),
    (transaction) => transaction.query(peopleAtLocations(1, ["Main"])),
  ];
  await withOrganization(database, 1, async (transaction) => {
    for (const run of work) await run(recording(transaction, held)).catch(() => undefined);
  });
  for (const filter of [{}, { type: "user" }, { action: "added" }, { type: "group", action: "removed" }] as const) {
    const logged = loggedChanges(1, id, filter, { after: 0, through: 9, limit: 10 });
    const built = [logged, plannedChanges(1, id, filter, 0, 10), keptPeople(1, id, 0, 0, 10)];
    for (const { text } of built) statements[text] = { text };
  }
  assert.ok(Object.keys(statements).length > work.length);
  assert.deepEqual(await refusedStatements(store.owner, statements), []);
});

test("PostgreSQL runs every list and look-up, with and without its filters", async () => {
  const missing = { code: "not_found" };
  for (const status of [undefined, "held"] as const) {
    for (const source of [undefined, "default"]) {
      for (const after of [undefined, ["2026-11-22T02:00:00.000000Z", id]] as const) {
        const filter = { ...(status && { status }), ...(source && { source }) };
        const page = await listImports(database, 1, filter, { ...(after && { after }), limit: 10 });
        assert.deepEqual(page.items, []);
      }
    }
  }
  const filter = { type: "user", action: "add", databaseId: "1", username: "a" };
  await assert.rejects(listPlan(database, 1, id, filter, { after: 0, limit: 10 }), missing);
  await assert.rejects(listImportRows(database, 1, id, {}, { limit: 10 }), missing);
  await assert.rejects(listImportChanges(database, 1, id, {}, { limit: 10 }), missing);
  await assert.rejects(respondRows(database, 1, id), missing);
  await assert.rejects(openBody(database, { organizationId: 1, importId: id }).next(), { code: "gone" });
  await dropUnkeptBody(database, 1, id);
  await withOrganization(database, 1, (transaction) => dropPlan(transaction, 1, id));
});

test("a plan and rows are listed under every filter", async () => {
  const { rows } = await store.owner.query<{ id: number }>(
    "insert into organizations (name, settings, created_at, updated_at) values ('statements', '{}', $1, $1) returning id",
    [at],
  );
  const organizationId = rows[0]!.id;
  await store.owner.query("insert into feed_heads (organization_id) values ($1)", [organizationId]);
  await store.owner.query(
    "insert into sources (organization_id, number, name, rank, created_at, updated_at) values ($1, 4, 'default', 1, $2, $2)",
    [organizationId, at],
  );
  await withOrganization(database, organizationId, async (transaction) => {
    const caller = { organizationId, actor: "test", channel: "api" } as const;
    const attempt = {
      kind: "users",
      style: "normal",
      dryRun: true,
      source: 4,
      format: null,
      fileName: null,
      folder: null,
    } as const;
    await openImport(transaction, { id, caller, ...attempt, at, process: 1 });
    await transaction.query(`update imports set plan_hash = 'abc' where id = '${id}'`);
    await transaction.query(
      `insert into plan_items (organization_id, import_id, number, type, action, database_id, username, row)
       values (${organizationId}, '${id}', 1, 'user', 'add', '17', 'ann', 1)`,
    );
    await transaction.query(
      `insert into import_rows (organization_id, import_id, row, number, line, outcome, code)
       values (${organizationId}, '${id}', 1, 1, 2, 'updated', 'group_unknown'),
              (${organizationId}, '${id}', 2, 1, 3, 'failed', 'group_unknown')`,
    );
  });
  const [read] = (await listImports(database, organizationId, {}, { limit: 10 })).items;
  assert.deepEqual(
    [read?.status, read?.source.name, read?.createdAt],
    ["receiving", "default", "2026-11-22T02:00:00.000000Z"],
  );
  for (const [name, found, other] of [
    ["type", "user", "group"],
    ["action", "add", "remove"],
    ["databaseId", "17", "18"],
    ["username", "ann", "bo"],
  ] as const) {
    const count = async (value: string) =>
      (await listPlan(database, organizationId, id, { [name]: value }, { after: 0, limit: 10 })).items.length;
    assert.deepEqual([await count(found), await count(other)], [1, 0], name);
  }
  const rowsOf = async (rowFilter: object, page: object = {}) =>
    (await listImportRows(database, organizationId, id, rowFilter, { limit: 10, ...page })).items.map(({ row }) => row);
  assert.deepEqual(await rowsOf({}), [1, 2]);
  assert.deepEqual(await rowsOf({}, { failedFirst: true }), [2, 1]);
  assert.deepEqual(await rowsOf({}, { after: [1, 1] }), [2]);
  assert.deepEqual(await rowsOf({ outcome: "failed" }), [2]);
  assert.deepEqual(await rowsOf({ code: "group_unknown" }), [1, 2]);
  assert.deepEqual(await rowsOf({ code: "role_kept" }), []);
});
