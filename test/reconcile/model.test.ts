/**
 * Holds the set-based reconciliation to the reference model: random organizations, random files, the same outcome row
 * by row and the same stored state, claims and owners included. FAST_CHECK_SEED repeats a run, FAST_CHECK_RUNS sets how
 * many cases are tried.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import sql from "sql-template-tag";
import { userDocuments } from "../../src/directory/user-document.ts";
import { createUser, deleteUser, updateUser } from "../../src/directory/users.ts";
import { MusterError } from "../../src/errors.ts";
import { approveImport } from "../../src/reconcile/run/decide-import.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { organizations } from "../model/generate.ts";
import { networkAdministrator, type Organization } from "../model/state.ts";
import { loadOrganization } from "../support/load-organization.ts";
import { byText, comparable, notesOfModel, openModelStore } from "../support/model-store.ts";
import { saveOrganization, strictGuard } from "../support/organization-store.ts";
import { replayable, replayUsers } from "../support/replay.ts";
import { runs, seed, sendToModel, sendUsers } from "./send-series.ts";
import { families, rosters, type Sent, series } from "./series.ts";

const store = await openModelStore(after);
const { database, dependencies, head, notesOf } = store;

const send = (organizationId: number, sent: Sent, dryRun = false) => sendUsers(store, organizationId, sent, { dryRun });

/** Runs a property over organizations that are stored, and checks the rules of the stored state in the end. */
function property(
  claim: (organizationId: number, organization: Organization, series: readonly Sent[]) => Promise<void>,
  { share = 1, files = series }: { readonly share?: number; readonly files?: fc.Arbitrary<Sent[]> } = {},
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(organizations, files, async (organization, series) => {
      const organizationId = await saveOrganization(database.owner, organization);
      await claim(organizationId, organization, series);
      const violations = await verifyStore(database.owner);
      assert.deepEqual(
        violations.filter((violation) => violation.organizationId === organizationId),
        [],
      );
    }),
    { seed, numRuns: Math.max(1, Math.round(runs * share)) },
  );
}

const administrators = ({ users }: Organization): number[] =>
  [...users.values()]
    .filter(({ memberships }) => [...memberships.values()].some(({ role }) => role === networkAdministrator))
    .map(({ id }) => id);

/** Tells whether a row identifies a person only by a userID that the same file takes away from them. */
function namesGivenUpUsername(before: Organization, after: Organization, { records }: Sent): boolean {
  const givenUp = [...before.users.values()]
    .filter((user) => after.users.get(user.id)?.username.value?.normalized !== user.username.value?.normalized)
    .map((user) => user.username.value?.normalized);
  return records.some(({ values }) => !values.databaseID && givenUp.includes(values.userID?.toLowerCase() ?? ""));
}

/** Finds out if a row has the primary address of a person from whom the file takes it. */
function namesGivenUpEmail(before: Organization, after: Organization, { records }: Sent): boolean {
  const primary = ({ users }: Organization, id: number) => users.get(id)?.email.value?.normalized;
  const givenUp = [...before.users.keys()]
    .filter((id) => primary(before, id) !== undefined && primary(after, id) !== primary(before, id))
    .map((id) => primary(before, id)!);
  return records.some(({ values }) => givenUp.some((email) => values.email?.toLowerCase().includes(email)));
}

describe(`reconciliation and the reference model agree (seed ${seed})`, () => {
  /** Sends a file and compares what came of it; returns what is stored then. */
  async function agree(organizationId: number, organization: Organization, sent: Sent) {
    const expected = sendToModel(organization, sent);
    const result = await send(organizationId, sent);
    const stored = await loadOrganization(database.owner, organizationId, organization);
    assert.deepEqual(await notesOf(organizationId, result.id), notesOfModel(expected), "the notes on the rows");
    assert.deepEqual(
      comparable(stored, organization.lastUserId),
      comparable(expected.organization, organization.lastUserId),
    );
    const { membershipsAdded, membershipsRemoved } = expected.counts;
    assert.deepEqual(
      [result.counts!.membershipsAdded, result.counts!.membershipsRemoved],
      [membershipsAdded, membershipsRemoved],
    );
    return { stored, returned: expected.returned };
  }

  /** Sends one file after the other; returns how many people came back. */
  async function agreeOnAll(organizationId: number, start: Organization, series: readonly Sent[]): Promise<number> {
    let organization = start;
    let returned = 0;
    for (const sent of series) {
      const agreed = await agree(organizationId, organization, sent);
      organization = agreed.stored;
      returned += agreed.returned;
    }
    return returned;
  }

  it("on every file of a series, from any stored state", () =>
    property(async (organizationId, start, series) => {
      await agreeOnAll(organizationId, start, series);
    }));

  it("of people who share an e-mail", () =>
    property(
      async (organizationId, start, series) => {
        await agreeOnAll(organizationId, start, series);
      },
      { files: families },
    ));

  it("when people go and come back", async () => {
    let returned = 0;
    await property(
      async (organizationId, start, series) => {
        returned += await agreeOnAll(organizationId, start, series);
      },
      { files: rosters },
    );
    assert.ok(returned >= runs / 30, `only ${returned} people came back`);
  });

  it("when people edit, enter and delete by hand in between", async () => {
    let edited = 0;
    await fc.assert(
      fc.asyncProperty(
        organizations,
        series,
        fc.array(edits, { minLength: 4, maxLength: 4 }),
        async (start, series, edits) => {
          const organizationId = await saveOrganization(database.owner, start);
          let organization = start;
          for (const [night, sent] of series.entries()) {
            organization = (await agree(organizationId, organization, sent)).stored;
            for (const edit of edits[night] ?? []) edited += await carryOut(organizationId, organization, edit);
            organization = await loadOrganization(database.owner, organizationId, organization);
          }
        },
      ),
      { seed, numRuns: Math.max(1, Math.round(runs / 2)) },
    );
    assert.ok(edited >= runs / 4, `only ${edited} edits were made`);
  });
});

/** The edits by hand, each with the place of the edited person among all people. */
const edits = fc.array(
  fc.record({
    who: fc.nat(5),
    what: fc.constantFrom(
      { lastName: "Byhand" },
      { address: { city: "Byhand" } },
      { phones: [{ number: "+12125550187", label: "home" as const }] },
      { phones: [] },
      { username: "byhand" },
      { emails: ["byhand@x.edu", "a@x.edu"] },
      "delete" as const,
      "enter" as const,
    ),
  }),
  { maxLength: 2 },
);

async function carryOut(
  organizationId: number,
  organization: Organization,
  { who, what }: { who: number; what: object | "delete" | "enter" },
): Promise<number> {
  const context = { ...dependencies, queue: dependencies.importQueue, organizationId, actor: "test" };
  const ids = [...organization.users.keys()];
  const id = String(ids[who % Math.max(1, ids.length)] ?? 0);
  const input = { firstName: "Entered", emails: ["c@x.edu"], memberships: [{ groupId: "G1", role: 0 }] };
  try {
    if (what === "enter") await createUser(context, input as never);
    else if (what === "delete") await deleteUser(context, id, () => {});
    else await updateUser(context, id, what, () => {});
    return 1;
  } catch (error) {
    // The username is taken, or the person is gone by now: then nothing is edited.
    if (!(error instanceof MusterError)) throw error;
    return 0;
  }
}

describe(`what is held (seed ${seed})`, () => {
  const storeOf = (organizationId: number, start: Organization) =>
    loadOrganization(database.owner, organizationId, start);
  const decider = { actor: "test", decidedBy: "Kim Park", reason: null };
  const lists = ["emails", "phones", "memberships"] as const;

  it("takes nothing away until it is approved, and is then what the model says", async () => {
    let held = 0;
    await fc.assert(
      fc.asyncProperty(organizations, series, async (start, series) => {
        const organizationId = await saveOrganization(database.owner, start, strictGuard);
        for (const sent of series) {
          const before = await storeOf(organizationId, start);
          const result = await send(organizationId, sent);
          if (result.status !== "held") continue;
          held += 1;
          const meanwhile = await storeOf(organizationId, start);
          for (const [id, user] of before.users) {
            const now = meanwhile.users.get(id);
            assert.ok(now, `user ${id} was deleted`);
            const kept = lists
              .flatMap((list) => [...user[list].keys()])
              .filter((key) => key !== now.email.value?.normalized);
            const has = new Set(lists.flatMap((list) => [...now[list].keys()]));
            assert.deepEqual(
              kept.filter((key) => !has.has(key)),
              [],
            );
          }
          const expected = sendToModel(meanwhile, sent);
          const feed = await head(organizationId);
          const approved = await approveImport(dependencies, result.id, result.planHash!, {
            ...decider,
            organizationId,
          });
          assert.equal(approved.status, "applied");
          const after = await storeOf(organizationId, start);
          assert.deepEqual(
            comparable(after, meanwhile.lastUserId),
            comparable(expected.organization, meanwhile.lastUserId),
          );
          const items = result.hold!.waiting;
          assert.equal(
            Number((await head(organizationId))!.last_sequence) > Number(feed!.last_sequence),
            items.peopleRemoved + items.membershipsRemoved + items.contactsRemoved > 0,
          );
        }
      }),
      { seed, numRuns: runs },
    );
    assert.ok(held >= runs / 10, `only ${held} imports were held`);
  });
});

describe(`whatever is stored and sent (seed ${seed})`, () => {
  it("the same file twice: the second import changes nothing and writes no change", async () => {
    let checked = 0;
    await property(async (organizationId, start, series) => {
      for (const sent of series) {
        const before = await loadOrganization(database.owner, organizationId, start);
        const first = await send(organizationId, sent);
        const state = await loadOrganization(database.owner, organizationId, start);
        // The cause of a failure may be gone the second time, and the file may name a userID again that it takes away.
        if (first.counts!.failed > 0 || namesGivenUpUsername(before, state, sent)) continue;
        if (namesGivenUpEmail(before, state, sent)) continue;
        // The last network administrator is no longer the last one once the file has made another.
        if (administrators(state).some((id) => !administrators(before).includes(id))) continue;
        checked += 1;
        const feed = await head(organizationId);
        const again = await send(organizationId, sent);
        assert.deepEqual(await loadOrganization(database.owner, organizationId, start), state);
        assert.deepEqual(await head(organizationId), feed);
        const { added, updated, removed } = again.counts!;
        assert.deepEqual({ added, updated, removed }, { added: 0, updated: 0, removed: 0 });
      }
    });
    assert.ok(checked >= runs / 5, `only ${checked} imports could be repeated`);
  });

  it("a dry run says what the import then does, and changes nothing", () =>
    property(
      async (organizationId, start, series) => {
        for (const sent of series) {
          const state = await loadOrganization(database.owner, organizationId, start);
          const feed = await head(organizationId);
          const planned = await send(organizationId, sent, true);
          assert.deepEqual(await loadOrganization(database.owner, organizationId, start), state);
          assert.deepEqual(await head(organizationId), feed);
          const applied = await send(organizationId, sent);
          assert.deepEqual(planned.counts, applied.counts);
          assert.deepEqual(await notesOf(organizationId, planned.id), await notesOf(organizationId, applied.id));
        }
      },
      { share: 0.5 },
    ));

  it("replaying the change log rebuilds the people whom the API shows", () =>
    property(async (_, start, series) => {
      const empty = { ...start, users: new Map(), lastUserId: 0 };
      const organizationId = await saveOrganization(database.owner, empty);
      for (const sent of series) await send(organizationId, sent);
      const { rows } = await database.owner.query<{ document: string }>(
        userDocuments(organizationId, sql`select id from users where organization_id = ${organizationId}`),
      );
      const shown = rows.map(({ document }) => replayable(JSON.parse(document)));
      const replayed = [...(await replayUsers(database.owner, organizationId)).values()];
      assert.deepEqual(replayed.sort(byText), shown.sort(byText));
    }));
});
