/** The reference reconciler as a whole: what holds for every import, whatever is in it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SourceRecord } from "../../src/intake/records.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";
import { documented } from "../intake/support.ts";
import { files, imports, organizations, sourceNumbers } from "./generate.ts";
import { importUsers } from "./import-users.ts";
import { renderXml } from "./render-xml.ts";
import { type Group, hasGrantedRole, isSource, manual, type Organization } from "./state.ts";
import { textProperties } from "./texts.ts";
import { complaintsAbout, employees, rowsOf, stored, students, world } from "./world.ts";

const parameters = { seed: 20261122, numRuns: 300 };
type GeneratedImport = typeof imports extends fc.Arbitrary<infer Import> ? Import : never;

const run = (before: Organization, { source, style, records }: GeneratedImport) =>
  importUsers(before, { source, style, rows: rowsOf(before, records) });

describe("an import", () => {
  it("of nothing changes nothing", () => {
    const before = world({ users: [stored(1, { sources: { [students]: "1" } })] });
    const { organization, outcomes, counts } = importUsers(before, { source: students, style: "normal", rows: [] });
    assert.deepEqual([organization, outcomes], [before, []]);
    assert.deepEqual(new Set(Object.values(counts)), new Set([0]));
  });

  it("counts rows by outcome, warnings, and memberships that came and went", () => {
    const before = world({
      users: [
        stored(1, { sources: { [students]: "1" }, memberships: { G1: { owner: students }, G2: { owner: employees } } }),
        stored(2, { sources: { [students]: "2" }, memberships: { G1: { owner: students } } }),
        stored(3, { sources: { [students]: "3" } }),
      ],
      groups: { ALL: {} },
    });
    const { counts } = importUsers(before, {
      source: students,
      style: "normal",
      rows: rowsOf(
        before,
        [
          { databaseID: "1", groupID: "00001;G1;NOPE" },
          { databaseID: "2", groupID: "00000" },
          { databaseID: "3", firstName: "Ann" },
          { databaseID: "4", firstName: "Dot", email: "d@x.edu", groupID: "G1" },
          { databaseID: "4", groupID: "G2" },
          { databaseID: "5" },
        ].map((values, index) => ({ row: index + 1, line: index + 1, values })),
      ),
    });
    assert.deepEqual(counts, {
      rows: 6,
      added: 2,
      updated: 1,
      unchanged: 1,
      removed: 1,
      failed: 1,
      warnings: 1,
      membershipsAdded: 3,
      membershipsRemoved: 2,
    });
  });

  it("leaves the state it was given as it is", () => {
    const check = (before: Organization, sent: GeneratedImport) => {
      const copy = structuredClone(before);
      run(before, sent);
      assert.deepEqual(before, copy);
    };
    fc.assert(fc.property(organizations, imports, check), parameters);
  });

  it("makes a state that can be of one that can be, and says what became of every row", () => {
    const check = (before: Organization, sent: GeneratedImport) => {
      assert.deepEqual(complaintsAbout(before), []);
      const { organization, outcomes, counts } = run(before, sent);
      assert.deepEqual(complaintsAbout(organization), []);
      assert.deepEqual(
        outcomes.map(({ row }) => row),
        sent.records.map(({ row }) => row),
      );
      assert.equal(counts.added + counts.updated + counts.unchanged + counts.removed + counts.failed, counts.rows);
    };
    fc.assert(fc.property(organizations, imports, check), parameters);
  });

  it("withdraws no claim but its own, and overwrites nothing that was entered by hand", () => {
    const scalars = [...textProperties, "username", "customFields", "location"] as const;
    const check = (before: Organization, sent: GeneratedImport) => {
      const { organization } = run(before, sent);
      for (const [id, was] of before.users) {
        const is = organization.users.get(id);
        if (!is) continue; // deleted, with everything
        for (const scalar of scalars) {
          const isByHand = was[scalar].owner === manual && scalar !== "customFields"; // their blank elements are filled
          if (isByHand) assert.deepEqual(is[scalar], was[scalar]);
        }
        for (const [key, { claims }] of [...was.emails, ...was.phones]) {
          const others = [...claims].filter((claim) => claim !== sent.source);
          const now = (is.emails.get(key) ?? is.phones.get(key))?.claims ?? new Set();
          const becamePrimary = is.email.value?.normalized === key;
          assert.ok(becamePrimary || others.every((claim) => now.has(claim)), `${key} of ${id}`);
        }
        for (const [groupId, membership] of was.memberships) {
          const now = is.memberships.get(groupId);
          if (hasGrantedRole(membership)) assert.equal(now?.role, membership.role);
          if (before.groups.get(groupId)?.style === "static") assert.ok(now);
        }
        if (was.email.value && was.email.owner === manual) assert.deepEqual(is.email.value, was.email.value);
        const links = [...was.sources].filter(([source]) => source !== sent.source);
        assert.deepEqual(new Map([...is.sources].filter(([source]) => source !== sent.source)), new Map(links));
      }
    };
    fc.assert(fc.property(organizations, imports, check), parameters);
  });

  it("does the same with and without the rows that failed in intake", () => {
    const check = (drawn: Organization, { source, records }: GeneratedImport) => {
      const before = withoutRosters(drawn);
      const rows = rowsOf(before, records);
      const readable = rows.filter((row) => !row.failure);
      const all = importUsers(before, { source, style: "normal", rows });
      const some = importUsers(before, { source, style: "normal", rows: readable });
      assert.deepEqual(all.organization, some.organization);
    };
    fc.assert(fc.property(organizations, imports, check), parameters);
  });

  it("leaves everybody alone whom no source of the file has ever met, if no row could mean them", () => {
    const check = (drawnOrganization: Organization, drawn: GeneratedImport) => {
      const rosterless = withoutRosters(drawnOrganization);
      // network administrators join the groups that are created
      const before = { ...rosterless, settings: { ...rosterless.settings, createGroups: [] } };
      const sent = { ...drawn, style: "normal" as const };
      const rows = rowsOf(before, sent.records);
      const usernames = new Set(rows.map((row) => row.usernameNormalized));
      const emails = new Set(rows.flatMap((row) => row.emails ?? []).map(({ normalized }) => normalized));
      const databaseIds = new Set<string | null | undefined>(rows.map((row) => row.databaseId));
      const { organization } = run(before, sent);
      for (const [id, user] of before.users) {
        const isMeant =
          databaseIds.has(user.sources.get(sent.source) ?? null) ||
          usernames.has(user.username.value?.normalized ?? "-") ||
          emails.has(user.email.value?.normalized ?? "-");
        if (!isMeant) assert.deepEqual(organization.users.get(id), user);
      }
    };
    fc.assert(fc.property(organizations, imports, check), parameters);
  });
});

/** The organization without groups that absent members leave: then absence from the file means nothing. */
function withoutRosters(organization: Organization): Organization {
  const plain = (group: Group): Group => (group.style === "static" ? group : { ...group, style: "normal" });
  return {
    ...organization,
    groups: new Map([...organization.groups].map(([groupId, group]) => [groupId, plain(group)])),
  };
}

describe("generated files", () => {
  it("are read from the rendered XML as they were", async () => {
    const check = async (records: SourceRecord[]) => {
      const read: SourceRecord[] = [];
      for await (const batch of readXmlRecords(chunksOf(renderXml(records)), documented)) read.push(...batch);
      assert.deepEqual(read, records);
    };
    await fc.assert(fc.asyncProperty(files, check), parameters);
  });

  it("meet every outcome and every rule", () => {
    const met = new Set<string>();
    const sample = fc.sample(fc.tuple(organizations, imports), { ...parameters, numRuns: 4000 });
    for (const [before, sent] of sample) {
      for (const { outcome, issues } of run(before, sent).outcomes) {
        met.add(outcome);
        for (const { code } of issues) met.add(code);
      }
    }
    const expected = [
      "added",
      "updated",
      "unchanged",
      "removed",
      "failed",
      "identifier_missing",
      "required_missing",
      "delete_contradicted",
      "database_ids_conflict",
      "person_ambiguous",
      "username_taken",
      "group_unknown",
      "location_unknown",
      "role_not_permitted",
      "role_kept",
      "membership_kept",
      "value_kept",
      "primary_email_kept",
      "person_linked_by_email",
      "person_kept",
      "email_invalid",
      "group_code_damaged",
      "delete_code_not_alone",
      "group_token_invalid",
      "show_all_groups_invalid",
    ];
    assert.deepEqual(
      expected.filter((code) => !met.has(code)),
      [],
    );
  });

  it("come from the sources of generated organizations", () => {
    const [organization] = fc.sample(organizations, { ...parameters, numRuns: 1 });
    const numbers = [...(organization?.sources.values() ?? [])].map(({ number }) => number);
    assert.deepEqual(numbers, Object.values(sourceNumbers));
    assert.ok(numbers.every(isSource));
  });
});

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
