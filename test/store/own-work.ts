/** The work that a service does without a request: at its start, on a schedule, and beside requests. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import pg from "pg";
import { deliverAnnouncements } from "../../src/announcements/deliver.ts";
import { announceOverdue } from "../../src/announcements/overdue.ts";
import { forgetUnfinishedRequests, keepAlive, settlement } from "../../src/http/callers/idempotency-claims.ts";
import { expireEverywhere } from "../../src/moderation/expire-topics.ts";
import { acceptClock } from "../../src/organizations/clock.ts";
import { requireOwnOperatorKey } from "../../src/organizations/operator.ts";
import { deleteOldEntries } from "../../src/organizations/retention.ts";
import { endInterruptedImports } from "../../src/reconcile/attempts/interrupted.ts";
import { importDone } from "../../src/reconcile/attempts/repeats.ts";
import { releaseStored } from "../../src/reconcile/attempts/stored-imports.ts";
import { storeImport } from "../../src/reconcile/run/store-import.ts";
import { listAccountImports, sourceOf, withdrawImport } from "../../src/sftp/library.ts";
import { auditRefusal, findAccount, findLegacyNetworks, noteUse } from "../../src/sftp/login.ts";
import { noteMissing, noteResponse } from "../../src/sftp/responses.ts";
import { createClockGuard } from "../../src/store/clock-guard.ts";
import { withOrganization } from "../../src/store/database.ts";
import { applyMigrations } from "../../src/store/migrate.ts";
import { checkNotifications, createNotifications } from "../../src/store/notifications.ts";
import { prepareDatabase } from "../../src/store/prepare.ts";
import { joinDatabase } from "../../src/store/presence.ts";
import { verifyStore } from "../../src/store/verify.ts";
import type { TestApp } from "../support/app.ts";
import type { TestDatabase } from "../support/database.ts";

/** Does all of this work on a filled database. */
export async function doOwnWork(t: TestContext, app: TestApp, database: TestDatabase): Promise<void> {
  const { owner } = database;
  const { dependencies } = app;
  const { clock } = dependencies;
  await start(database);
  await requireOwnOperatorKey(owner, Buffer.of(1));
  await endInterruptedImports(owner, clock());
  await forgetUnfinishedRequests(owner);
  const log = { info: () => undefined, warn: () => undefined };
  await deliverAnnouncements({ owner, sendMail: undefined, clock, log, publicUrl: "https://muster.example.edu" });
  await announceOverdue(owner, clock());
  const inAYear = () => new Date(clock().getTime() + 366 * 86_400_000);
  await expireEverywhere({ ...dependencies, owner, clock: inAYear });
  await deleteOldEntries({ owner, clock: inAYear });
  await createClockGuard(owner, clock).look();
  await createClockGuard(owner, () => new Date()).look();
  await acceptClock(owner);
  dependencies.database.room.isDoubtful = true;
  await dependencies.readiness.problem();
  await verifyStore(owner);
  const notifications = createNotifications(database.connection);
  await checkNotifications(dependencies.database, notifications).finally(() => notifications.close());
  await finishStored(app);
  await serveSftp(app, owner);
  await renewClaim(t, app);
  await settleFailure(app);
}

/** Looks for an SFTP account and its files, as the SFTP server does. */
async function serveSftp({ dependencies, organizationId }: TestApp, owner: TestDatabase["owner"]): Promise<void> {
  const { database, clock } = dependencies;
  const { rows } = await owner.query("select name from sftp_accounts where organization_id <> $1 limit 1", [
    organizationId,
  ]);
  const found = await findAccount(database, rows[0].name);
  assert(found !== undefined);
  await findLegacyNetworks(database);
  await noteUse(database, found, clock());
  await auditRefusal(database, found, { address: "192.0.2.1", usesLegacy: false, at: clock() });
  await sourceOf(database, { ...found, source: 1 });
  await noteMissing(database, found);
  await listAccountImports(database, found);
  await withdrawImport(database, found, dependencies.newId(), clock());
}

/** Stores a packed file and a damaged one, finishes their imports, and lets go of one. */
async function finishStored({ dependencies, organizationId }: TestApp): Promise<void> {
  const { database, waitingImports } = dependencies;
  const caller = { organizationId, actor: "test", channel: "sftp" } as const;
  const options = { kind: "locations", source: "default", dryRun: false } as const;
  for (const bytes of [gzipSync("name\nNorth"), Buffer.from("{")]) {
    const file = { fileName: null, body: Readable.from([bytes]), maximumBytes: 1000 };
    const { id } = await storeImport(dependencies, { caller, file, options });
    waitingImports.wake();
    await importDone(database, organizationId, id).catch(() => undefined);
    await noteResponse(database, organizationId, id).catch(() => undefined);
    await withOrganization(database, organizationId, (transaction) =>
      releaseStored(transaction, { organizationId, id }, database.process),
    );
  }
}

/** Starts a service's work on a database, and migrates an empty schema. */
async function start({ connection }: TestDatabase): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  const folder = await mkdtemp(join(tmpdir(), "muster-test-migrations-"));
  try {
    await prepareDatabase(client);
    await joinDatabase(client, 1, async () => undefined);
    await mkdir(join(folder, "1"));
    await writeFile(join(folder, "1", "migration.sql"), "select 1");
    await client.query("create schema probe");
    await client.query("set search_path to probe");
    await applyMigrations(client, folder);
    await client.query("drop schema probe cascade");
  } finally {
    await client.end();
    await rm(folder, { recursive: true });
  }
}

/** Lets the time pass after which a request under way renews the claim of its key. */
async function renewClaim(t: TestContext, { dependencies: { database }, organizationId }: TestApp): Promise<void> {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const caller = { organizationId, callerId: crypto.randomUUID() };
  const renewal = keepAlive(database, { caller } as never, "key", crypto.randomUUID());
  t.mock.timers.tick(60_000);
  clearInterval(renewal);
  t.mock.timers.reset();
  while (database.requests.pool.idleCount < database.requests.pool.totalCount) await nextTurn();
}

/** Settles the claim of a key whose request ended with a fault of the service. */
async function settleFailure({ dependencies: { database }, organizationId }: TestApp): Promise<void> {
  const request = { method: "POST", url: "/", caller: { organizationId, callerId: crypto.randomUUID() } };
  const reply = { statusCode: 500, hasHeader: () => false, getHeader: () => undefined };
  const claimed = { key: "key", id: crypto.randomUUID(), body: createHash("sha256") };
  await settlement(database, request as never, reply as never, claimed as never, "")();
}
