/**
 * Holds the import into an organization that knows nobody, which is applied in parts, to what it would do on the whole,
 * which is what a dry run tells. FAST_CHECK_SEED and FAST_CHECK_RUNS as for the reference model.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { type Settings, settingsSchema } from "../../src/organizations/settings.ts";
import { plainEntry } from "../../src/reconcile/people/first-load/plain-rows.ts";
import { createsGroup } from "../../src/reconcile/people/plan/group-patterns.ts";
import { organizations, sourceNumbers } from "../model/generate.ts";
import { type Organization, plainGroup } from "../model/state.ts";
import { loadOrganization } from "../support/load-organization.ts";
import { byText, comparable, notesOfModel, openModelStore } from "../support/model-store.ts";
import { saveOrganization, strictGuard } from "../support/organization-store.ts";
import { runs, seed, sendToModel, sendUsers } from "./send-series.ts";
import { type Sent, series } from "./series.ts";

const store = await openModelStore(after);
const { database, notesOf } = store;
const send = (organizationId: number, sent: Sent, dryRun = false) => sendUsers(store, organizationId, sent, { dryRun });

describe(`a file for an organization that knows nobody (seed ${seed})`, () => {
  /** Rows that were written within a savepoint are of another transaction than the import's record. */
  async function wasAppliedInParts(organizationId: number, importId: string): Promise<boolean> {
    const { rows } = await database.owner.query<{ is_other: boolean }>(
      `select users.xmin <> imports.xmin as is_other from users join imports using (organization_id)
       where organization_id = $1 and imports.id = $2 limit 1`,
      [organizationId, importId],
    );
    return rows[0]?.is_other ?? false;
  }

  const outcomesOf = async (organizationId: number, importId: string) =>
    (
      await database.owner.query("select outcomes from imports where organization_id = $1 and id = $2", [
        organizationId,
        importId,
      ])
    ).rows[0].outcomes;

  const toldOf = async (table: "plan_items" | "changes", organizationId: number, importId: string) =>
    (
      await database.owner.query(
        `select database_id, username, changed::text, memberships::text from ${table}
         where organization_id = $1 and import_id = $2 and type = 'user'`,
        [organizationId, importId],
      )
    ).rows.sort(byText);

  /** Sends a file as a dry run and then in parts, and compares; returns whether it was applied in parts. */
  async function agrees(organizationId: number, empty: Organization, sent: Sent): Promise<boolean> {
    const planned = await send(organizationId, sent, true);
    const notes = await notesOf(organizationId, planned.id);
    const applied = await send(organizationId, sent);
    assert.deepEqual(applied.counts, planned.counts);
    assert.deepEqual(applied.hold?.reasons, planned.hold?.reasons);
    assert.deepEqual(await notesOf(organizationId, applied.id), notes);
    assert.deepEqual(await outcomesOf(organizationId, applied.id), await outcomesOf(organizationId, planned.id));
    if (applied.status === "held") return false;
    const expected = sendToModel(empty, sent);
    const stored = await loadOrganization(database.owner, organizationId, empty);
    assert.deepEqual(comparable(stored, 0), comparable(expected.organization, 0));
    assert.deepEqual(
      await toldOf("changes", organizationId, applied.id),
      await toldOf("plan_items", organizationId, planned.id),
    );
    return wasAppliedInParts(organizationId, applied.id);
  }

  /** How many rows of a file are plain. */
  const countPlain = ({ settings, groups, locations }: Organization, { records }: Sent) =>
    records.filter((record) =>
      plainEntry(normalizeUser(record, settings), {
        sourceName: "default",
        settings,
        groups: new Set(groups.keys()),
        createsGroup: createsGroup(settings.createGroups),
        joinedByEverybody: [...groups].filter(([id, { isDefault }]) => id === "ALL" || isDefault).map(([id]) => id),
        locations: new Set([...locations.values()].map(({ name }) => name)),
        createsLocation: () => settings.createLocations,
      }),
    ).length;

  it("does in parts what it would on the whole", async () => {
    let inParts = 0;
    let plain = 0;
    let mixed = 0;
    await fc.assert(
      fc.asyncProperty(organizations, series, fc.boolean(), async (start, [sent], isStrict) => {
        const empty = { ...start, users: new Map(), lastUserId: 0 };
        const organizationId = await saveOrganization(database.owner, empty, ...(isStrict ? [strictGuard] : []));
        const isInParts = await agrees(organizationId, empty, sent!);
        inParts += Number(isInParts && sent!.records.length > 2);
        const plainRows = isInParts ? countPlain(empty, sent!) : 0;
        plain += plainRows;
        mixed += Number(plainRows > 0 && plainRows < sent!.records.length);
      }),
      { seed, numRuns: runs },
    );
    assert.ok(inParts >= runs / 12, `only ${inParts} files were applied in several parts`);
    assert.ok(plain >= runs / 4, `only ${plain} rows were plain`);
    assert.ok(mixed >= runs / 30, `only ${mixed} files had plain rows and others`);
  });

  /** An organization without people, and a file of rows of people who can all be added. */
  async function sendParts(
    rows: readonly SourceRecord["values"][],
    { source = sourceNumbers.default, ...settings }: Partial<Settings> & { source?: number } = {},
  ) {
    const [start] = fc.sample(organizations, { seed: 1, numRuns: 1 });
    const empty: Organization = {
      ...start!,
      settings: settingsSchema.parse({ requireEmail: false, createGroups: ["*"], ...settings }),
      groups: new Map([
        ["G1", plainGroup("First group")],
        ["R1", { ...plainGroup("Roster"), style: "active-roster" }],
      ]),
      users: new Map(),
      lastUserId: 0,
    };
    const organizationId = await saveOrganization(database.owner, empty);
    const records = rows.map((values, index) => ({
      row: index + 1,
      line: 3 + index,
      values: { firstName: "Ann", groupID: "G1", ...values },
    }));
    const sent: Sent = { source, style: "normal", records };
    return { isInParts: await agrees(organizationId, empty, sent), organizationId, empty, sent };
  }
  const other = { databaseID: "X", email: "x@x.edu" };

  const related: Record<string, readonly SourceRecord["values"][]> = {
    "somebody is deleted before being added": [{ databaseID: "1", groupID: "00000" }, other, { databaseID: "1" }],
    "a userID only removes, and another row of it fails": [
      { userID: "ann", groupID: "G1|00002" },
      other,
      { userID: "ann", firstName: "" },
    ],
    "an e-mail only removes, and then it is somebody's": [
      other,
      { email: "a@x.edu", groupID: "00001" },
      { databaseID: "1", email: "a@x.edu" },
    ],
    "somebody of several rows had another userID before": [
      { databaseID: "1", userID: "ann" },
      { databaseID: "1", userID: "bob" },
      { userID: "ann" },
    ],
    "somebody of several rows had another e-mail before": [
      { databaseID: "1", email: "a@x.edu" },
      { databaseID: "1", email: "b@x.edu" },
      { email: "a@x.edu" },
    ],
    "two people share a databaseID": [
      { databaseID: "1", email: "a@x.edu" },
      other,
      { databaseID: "1", email: "b@x.edu", firstName: "Bob" },
    ],
    "two people share an e-mail": [{ email: "a@x.edu" }, other, { email: "a@x.edu", firstName: "Bob" }],
    "somebody leaves a group before it is created": [
      { databaseID: "1", groupID: "G1;CRS-1|00002" },
      other,
      { databaseID: "2", groupID: "CRS-1" },
    ],
    "a network administrator comes before a created group": [
      { databaseID: "1", groupID: "G1|2" },
      other,
      { databaseID: "2", groupID: "CRS-1" },
    ],
    "a network administrator is in the row of a created group": [
      { databaseID: "1", groupID: "G1|2" },
      { databaseID: "2", groupID: "CRS-1" },
    ],
    "a group that it creates is spelled in two ways": [
      { databaseID: "1", groupID: "CRS-1" },
      { databaseID: "2", groupID: "crs-1" },
    ],
  };
  for (const [what, rows] of Object.entries(related))
    it(`is planned as a whole when ${what}`, async () => {
      assert.equal((await sendParts(rows, { grantableRoles: [1, 2, 3, 4] })).isInParts, false);
    });

  const colleagues = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ databaseID: `office ${index}`, email: "office@x.edu" }));
  for (const [count, isInParts] of [
    [10, true],
    [11, false],
  ] as const)
    it(`is applied in parts, unless an e-mail is of more people than a family: ${count}`, async () => {
      const { organizationId, empty, sent, ...result } = await sendParts(colleagues(count));
      assert.equal(result.isInParts, isInParts);
      const before = await loadOrganization(database.owner, organizationId, empty);
      const late = {
        row: 1,
        line: 3,
        values: { databaseID: "late", firstName: "Bob", email: "office@x.edu", groupID: "G1" },
      };
      const next = { ...sent, records: [late] };
      const { id } = await send(organizationId, next);
      assert.deepEqual(await notesOf(organizationId, id), notesOfModel(sendToModel(before, next)));
    });

  const placed = (databaseID: string, campusName: string, groupID = "G1") => ({ databaseID, campusName, groupID });
  const apart: Record<string, readonly SourceRecord["values"][]> = {
    "rows name groups and locations that it creates": [
      placed("1", "New Hall", "G1;CRS-1"),
      placed("2", "Old Hall", "CRS-1;CRS-2"),
      placed("3", "New Hall", "CRS-3"),
      placed("4", "Third Hall"),
    ],
    "a location that it creates is spelled in two ways": [placed("1", "new hall"), placed("2", "New Hall")],
    "a row with a note spells a location first": [
      { ...placed("1", "NEW HALL", "G1;NO GROUP"), showAllGroups: "perhaps" },
      placed("2", "New Hall", "CRS-1"),
    ],
    "two people want one userID, and a group that nobody else is in": [
      { ...placed("1", "", "CRS-9"), userID: "ann" },
      { ...placed("2", "", "CRS-9"), userID: "ANN" },
      placed("3", "New Hall"),
    ],
    "several rows mean one person": [
      { ...placed("1", "New Hall", "CRS-1"), lastName: "Doe" },
      { ...placed("1", "Old Hall", "CRS-2"), lastName: "" },
      placed("2", "Old Hall", "CRS-2"),
    ],
  };
  for (const [what, rows] of Object.entries(apart))
    it(`is applied in parts when ${what}`, async () => {
      assert.equal((await sendParts(rows, { createLocations: true })).isInParts, true);
    });

  it("looks again, the next time, at rows that have somebody leave: they name a group that is a roster", async () => {
    const leaving = { databaseID: "1", email: "a@x.edu", groupID: "G1;R1|00002" };
    const { isInParts, organizationId, empty, sent } = await sendParts([
      leaving,
      other,
      { databaseID: "2", groupID: "G1;R1" },
    ]);
    assert.equal(isInParts, true);
    const before = await loadOrganization(database.owner, organizationId, empty);
    const values = { ...sent.records[2]!.values, groupID: "G1" };
    const next = { ...sent, records: sent.records.with(2, { ...sent.records[2]!, values }) };
    const expected = sendToModel(before, next);
    assert.equal((await send(organizationId, next)).counts!.membershipsRemoved, 1);
    const after = await loadOrganization(database.owner, organizationId, empty);
    assert.deepEqual(comparable(after, 3), comparable(expected.organization, 3));
  });

  it("stores and reports unusual characters as they are", async () => {
    const odd = ['a"b', "backslash", "N", "x\u2028y", "\u{1f600}", "{}", "O'Neil", "null"];
    const rows = odd.map((text, index) => ({
      databaseID: `${index} ${text}`,
      userID: `${text}${index}`,
      firstName: text,
      lastName: text,
      campusName: "Main",
      email: `a${index}@x.edu;\u{1f600}@x.edu;\uff5a@x.edu;b@x.edu`,
      phone: `2025550123|${text};2125550187 x12`,
      address: `${text}|${text}`,
      customFields: `|${text}`,
      groupID: `G1;\u{1f600};\uff5a;${text.replaceAll(/\s/g, "")}`,
    }));
    assert.equal((await sendParts(rows)).isInParts, true);
  });
});
