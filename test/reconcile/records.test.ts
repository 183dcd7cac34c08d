/**
 * Holds files of groups and of locations to the reference model: random organizations and files have the same outcome row
 * by row, and the same stored state. FAST_CHECK_SEED repeats a run, FAST_CHECK_RUNS sets how many cases are tried.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import sql from "sql-template-tag";
import { userDocuments } from "../../src/directory/user-document.ts";
import type { ImportCounts, ImportResource } from "../../src/reconcile/attempts/import-resource.ts";
import { listPlan } from "../../src/reconcile/attempts/plans.ts";
import { type RowResponse, respondRows } from "../../src/reconcile/attempts/response-file.ts";
import { approveImport } from "../../src/reconcile/run/decide-import.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { groupFiles, locationFiles, richOrganizations } from "../model/generate-records.ts";
import { type GroupValues, importGroups, type RecordOutcome } from "../model/import-groups.ts";
import { importLocations, type LocationValues } from "../model/import-locations.ts";
import type { Group, Organization } from "../model/state.ts";
import { loadOrganization } from "../support/load-organization.ts";
import { byText, comparable, notesOfModel, openModelStore } from "../support/model-store.ts";
import { noGuard, saveOrganization, strictGuard } from "../support/organization-store.ts";
import { type ReplayedRecord, replayable, replayRecords, replayUsers } from "../support/replay.ts";
import { runs, seed, sendToModel, sendUsers } from "./send-series.ts";
import { series } from "./series.ts";

const store = await openModelStore(after);
const { database, dependencies, head, notesOf, send } = store;

/** A file of groups or of locations. */
type RecordFile =
  | { readonly kind: "groups"; readonly rows: readonly GroupValues[] }
  | { readonly kind: "locations"; readonly rows: readonly LocationValues[] };

const recordFiles: fc.Arbitrary<RecordFile> = fc.oneof(
  { weight: 3, arbitrary: groupFiles.map((rows) => ({ kind: "groups" as const, rows })) },
  { weight: 1, arbitrary: locationFiles.map((rows) => ({ kind: "locations" as const, rows })) },
);

const sendRecords = (organizationId: number, { kind, rows }: RecordFile, dryRun = false): Promise<ImportResource> =>
  send(organizationId, {
    kind,
    source: "default",
    style: "normal",
    format: "json",
    dryRun,
    body: JSON.stringify({ [kind]: rows }),
  });

const modelOf = (organization: Organization, file: RecordFile) =>
  file.kind === "groups" ? importGroups(organization, file.rows) : importLocations(organization, file.rows);

const load = (organizationId: number, before: Organization) => loadOrganization(database.owner, organizationId, before);

/** Reads the response to each row. */
async function responseTo(organizationId: number, id: string): Promise<RowResponse[]> {
  const responses: RowResponse[] = [];
  for await (const response of await respondRows(dependencies.database, organizationId, id)) responses.push(response);
  return responses;
}

async function outcomesOf(organizationId: number, id: string): Promise<string[]> {
  return (await responseTo(organizationId, id)).map(({ outcome }) => outcome);
}

function countsOf(
  before: Organization,
  after: Organization,
  outcomes: readonly RecordOutcome[],
): Partial<ImportCounts> {
  const of = (outcome: string) => outcomes.filter((row) => row.outcome === outcome).length;
  const memberships = ({ users }: Organization) =>
    new Set(
      [...users.values()].flatMap(({ id, memberships }) => [...memberships.keys()].map((group) => `${id} ${group}`)),
    );
  const [had, has] = [memberships(before), memberships(after)];
  return {
    rows: outcomes.length,
    added: of("added"),
    updated: of("updated"),
    unchanged: of("unchanged"),
    removed: of("removed"),
    failed: of("failed"),
    membershipsAdded: [...has].filter((membership) => !had.has(membership)).length,
    membershipsRemoved: [...had].filter((membership) => !has.has(membership)).length,
  };
}

const only = (counts: ImportCounts, names: object) =>
  Object.fromEntries(Object.entries(counts).filter(([name]) => name in names));

/** Sends a file, compares what came of it with the model, and returns what is stored then. */
async function agree(organizationId: number, before: Organization, file: RecordFile): Promise<Organization> {
  const { organization: expected, outcomes } = modelOf(before, file);
  const result = await sendRecords(organizationId, file);
  assert.equal(result.status, "applied");
  assert.deepEqual(
    await outcomesOf(organizationId, result.id),
    outcomes.map(({ outcome }) => outcome),
  );
  const failed = outcomes.filter(({ outcome }) => outcome === "failed").map(({ row }) => `${row} failed value_invalid`);
  const notes = await notesOf(organizationId, result.id);
  assert.deepEqual(
    notes.map((note) => note.split(" ").slice(0, 3).join(" ")),
    failed.sort(),
  );
  const counts = countsOf(before, expected, outcomes);
  assert.deepEqual(only(result.counts!, counts), counts);
  const stored = await load(organizationId, before);
  assert.deepEqual(comparable(stored, before.lastUserId), comparable(expected, before.lastUserId));
  return stored;
}

async function assertNoViolations(organizationId: number): Promise<void> {
  const violations = await verifyStore(database.owner);
  assert.deepEqual(
    violations.filter((violation) => violation.organizationId === organizationId),
    [],
  );
}

/** A group as the change log shows it. */
const groupRecord = ({ isDefault, isProtected, parent, ...group }: Group): ReplayedRecord => ({
  ...group,
  default: isDefault,
  protected: isProtected,
  parentGroupId: parent,
});

const recordsOf = ({ groups, locations }: Organization): Map<string, ReplayedRecord> =>
  new Map([
    ...[...groups].map(([id, group]) => [`group ${id}`, groupRecord(group)] as const),
    ...[...locations.values()].map(
      ({ name, groups }) => [`location ${name}`, { name, groups: [...groups].sort() }] as const,
    ),
  ]);

/** A file that does one thing to a group in which people of a series are. */
const oneOrder: fc.Arbitrary<RecordFile> = fc
  .record({
    action: fc.constantFrom("purge", "delete", ""),
    groupID: fc.constantFrom("G1", "G2", "STATIC", "CRS-1"),
  })
  .map((row) => ({ kind: "groups", rows: [row] }));

describe(`files of groups and locations, and the reference model (seed ${seed})`, () => {
  const files = fc.array(recordFiles, { minLength: 1, maxLength: 3 });

  it("agree, from any stored state; and the change log tells all of it", async () => {
    const seen: string[] = [];
    await fc.assert(
      fc.asyncProperty(richOrganizations, files, async (start, files) => {
        const organizationId = await saveOrganization(database.owner, start);
        let organization = start;
        for (const file of files) {
          seen.push(...modelOf(organization, file).outcomes.map(({ outcome }) => outcome));
          organization = await agree(organizationId, organization, file);
        }
        await assertNoViolations(organizationId);
        const replayed = await replayRecords(database.owner, organizationId, recordsOf(start));
        assert.deepEqual(replayed, recordsOf(organization));
      }),
      { seed, numRuns: runs },
    );
    for (const outcome of ["added", "updated", "removed", "unchanged", "failed"]) {
      const share = seen.filter((one) => one === outcome).length;
      assert.ok(share >= runs / 20, `only ${share} of ${seen.length} rows were ${outcome}`);
    }
  });

  it("do not mind users imports in between, nor do these", async () => {
    await fc.assert(
      fc.asyncProperty(
        richOrganizations,
        series,
        fc.array(fc.oneof(recordFiles, oneOrder), { minLength: 5, maxLength: 5 }),
        async (start, nights, files) => {
          const empty: Organization = { ...start, users: new Map(), lastUserId: 0 };
          const organizationId = await saveOrganization(database.owner, empty);
          let organization = empty;
          for (const [night, sent] of nights.entries()) {
            const expected = sendToModel(organization, sent);
            const { id } = await sendUsers(store, organizationId, sent);
            assert.deepEqual(await notesOf(organizationId, id), notesOfModel(expected), "the notes on the rows");
            const stored = await load(organizationId, organization);
            const { lastUserId } = organization;
            assert.deepEqual(comparable(stored, lastUserId), comparable(expected.organization, lastUserId));
            organization = await agree(organizationId, stored, files[night % files.length]!);
          }
          await assertNoViolations(organizationId);
          const { rows: shown } = await database.owner.query<{ document: string }>(
            userDocuments(organizationId, sql`select id from users where organization_id = ${organizationId}`),
          );
          assert.deepEqual(
            [...(await replayUsers(database.owner, organizationId)).values()].sort(byText),
            shown.map(({ document }) => replayable(JSON.parse(document))).sort(byText),
          );
          const replayed = await replayRecords(database.owner, organizationId, recordsOf(empty));
          assert.deepEqual(replayed, recordsOf(organization));
        },
      ),
      { seed, numRuns: Math.max(1, Math.round(runs / 2)) },
    );
  });

  it("the same file twice: the second import changes nothing and writes no change", async () => {
    let checked = 0;
    await fc.assert(
      fc.asyncProperty(richOrganizations, recordFiles, async (start, file) => {
        // A name that a row failed for may be free once the file has deleted the group that had it.
        const isFailed = modelOf(start, file).outcomes.some(({ outcome }) => outcome === "failed");
        if (file.kind === "groups" && isFailed) return;
        checked += 1;
        const organizationId = await saveOrganization(database.owner, start);
        const first = await sendRecords(organizationId, file);
        const [state, feed] = [await load(organizationId, start), await head(organizationId)];
        const { counts } = await sendRecords(organizationId, file);
        assert.deepEqual(await load(organizationId, start), state);
        assert.deepEqual(await head(organizationId), feed);
        const { rows, failed } = first.counts!;
        assert.deepEqual([counts!.unchanged, counts!.failed], [rows - failed, failed]);
      }),
      { seed, numRuns: runs },
    );
    assert.ok(checked >= runs / 5, `only ${checked} files could be repeated`);
  });

  it("a dry run says what the import then does, and changes nothing", () =>
    fc.assert(
      fc.asyncProperty(richOrganizations, recordFiles, async (start, file) => {
        const organizationId = await saveOrganization(database.owner, start);
        const [state, feed] = [await load(organizationId, start), await head(organizationId)];
        const dry = await sendRecords(organizationId, file, true);
        assert.deepEqual([await load(organizationId, start), await head(organizationId)], [state, feed]);
        const { items } = await listPlan(dependencies.database, organizationId, dry.id, {}, { after: 0, limit: 1000 });
        const applied = await sendRecords(organizationId, file);
        assert.deepEqual(dry.counts, applied.counts);
        assert.deepEqual(await notesOf(organizationId, dry.id), await notesOf(organizationId, applied.id));
        const { rows: logged } = await database.owner.query<{ entry: string }>(
          `select concat_ws(' ', action, type, id) as entry from changes where organization_id = $1 and type <> 'user'`,
          [organizationId],
        );
        const actions = { add: "created", update: "updated", remove: "deleted" } as const;
        const planned = items
          .filter(({ changed }) => Object.keys(changed).join() !== "members")
          .map(({ action, type, id }) => `${actions[action]} ${type} ${id}`);
        assert.deepEqual(
          planned.filter((entry) => !logged.some((change) => change.entry === entry)),
          [],
        );
      }),
      { seed, numRuns: Math.max(1, Math.round(runs / 2)) },
    ));

  it("holding and approving a file has the same result as applying it at once", async () => {
    let held = 0;
    const last = fc.record({
      action: fc.constantFrom("purge", "delete"),
      groupID: fc.constantFrom("G1", "G2", "STATIC"),
    });
    await fc.assert(
      fc.asyncProperty(richOrganizations, groupFiles, last, async (start, others, row) => {
        const file = { kind: "groups", rows: [...others, row] } as const;
        const [free, guarded] = [
          await saveOrganization(database.owner, start, noGuard),
          await saveOrganization(database.owner, start, strictGuard),
        ];
        const atOnce = await sendRecords(free, file);
        const result = await sendRecords(guarded, file);
        let { counts } = result;
        assert.equal(result.status === "held", atOnce.counts!.membershipsRemoved > 0);
        if (result.status === "held") {
          held += 1;
          const meanwhile = await load(guarded, start);
          assert.deepEqual(
            [...start.groups.keys()].filter((id) => !meanwhile.groups.has(id)),
            [],
          );
          for (const [id, { memberships }] of start.users) {
            const kept = meanwhile.users.get(id)!.memberships;
            assert.deepEqual(
              [...memberships.keys()].filter((groupId) => !kept.has(groupId)),
              [],
            );
          }
          const decision = { actor: "test", decidedBy: "Kim Park", reason: null, organizationId: guarded };
          counts = (await approveImport(dependencies, result.id, result.planHash!, decision)).counts;
        }
        const { lastUserId } = start;
        assert.deepEqual(
          comparable(await load(guarded, start), lastUserId),
          comparable(await load(free, start), lastUserId),
        );
        assert.deepEqual(counts, atOnce.counts);
        assert.deepEqual(await responseTo(guarded, result.id), await responseTo(free, atOnce.id));
      }),
      { seed, numRuns: runs },
    );
    assert.ok(held >= runs / 10, `only ${held} imports were held`);
  });
});
