import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Style } from "../../src/organizations/settings.ts";
import type { Memberships } from "./send-groups.ts";
import { describeUser, manual, type User } from "./state.ts";
import { employees, importRecords, stored, students, world } from "./world.ts";

describe("groups with a style of their own", () => {
  const groups = { TEAM: { style: "active-roster" }, LIST: { style: "purge" }, CLUB: { style: "normal" } } as const;
  const member = (
    id: number,
    username: string,
    memberships: NonNullable<Memberships>,
    sources: Record<number, string | null> = {},
  ) =>
    stored(id, { username, email: `${username}@x.edu`, memberships, sources: { [employees]: String(id), ...sources } });
  const both = { TEAM: { owner: employees }, G1: { owner: employees } };
  /** Sends employees' rows about ann (1) and bob (2); returns the people in each group afterwards. */
  const after = (
    users: ReturnType<typeof stored>[],
    rows: Parameters<typeof importRecords>[1],
    style: Style = "normal",
  ) => {
    const { organization, issues } = importRecords(world({ groups, users }), rows, employees, style);
    const groupsOf = ([id, user]: [number, User]) => [id, [...user.memberships.keys()]];
    return { groups: Object.fromEntries([...organization.users].map(groupsOf)), issues, organization };
  };

  it("active-roster: whom the file does not put into the group leaves it, in the file or not", () => {
    const users = () => [member(1, "ann", both), member(2, "bob", both), member(3, "cid", both)];
    const rows = [
      { databaseID: "1", groupID: "TEAM" },
      { databaseID: "2", groupID: "G2" },
    ];
    assert.deepEqual(after(users(), rows).groups, { 1: ["TEAM", "G1"], 2: ["G1", "G2"], 3: ["G1"] });
    assert.deepEqual(after(users(), rows, "purge").groups, { 1: ["TEAM"], 2: ["G2"] });
  });
  it("active-roster: a group that the file names nowhere is left alone, by an import in the style purge, too", () => {
    const users = () => [member(1, "ann", both), member(2, "bob", both)];
    const rows = [
      { databaseID: "1", groupID: "G2" },
      { databaseID: "2", groupID: "G2" },
    ];
    assert.deepEqual(after(users(), rows).groups, { 1: ["TEAM", "G1", "G2"], 2: ["TEAM", "G1", "G2"] });
    assert.deepEqual(after(users(), rows, "purge").groups, { 1: ["TEAM", "G2"], 2: ["TEAM", "G2"] });
  });
  it("active-roster: an order to leave names the group", () => {
    const users = [member(1, "ann", both), member(2, "bob", both)];
    assert.deepEqual(after(users, [{ databaseID: "1", groupID: "TEAM|00002" }]).groups, { 1: ["G1"], 2: ["G1"] });
  });
  it("active-roster: what others claim, and roles that no import granted, stay", () => {
    const users = [
      member(1, "ann", {}),
      member(2, "bob", { TEAM: { owner: employees, claims: [employees, manual] } }),
      member(3, "cid", { TEAM: { owner: students, claims: [employees, students] } }),
      member(4, "dot", { TEAM: { role: 1, owner: manual, claims: [employees] } }),
      member(5, "eve", { TEAM: { owner: manual } }),
    ];
    const {
      groups: now,
      organization,
      issues,
    } = after(users, [
      { databaseID: "1", groupID: "TEAM" },
      { databaseID: "4", lastName: "Doe" },
    ]);
    assert.deepEqual(now, { 1: ["TEAM"], 2: ["TEAM"], 3: ["TEAM"], 4: ["TEAM"], 5: ["TEAM"] });
    const claims = (id: number) => organization.users.get(id)?.memberships.get("TEAM")?.claims;
    assert.deepEqual([claims(2), claims(3)], [new Set([manual]), new Set([students])]);
    assert.deepEqual(issues, ["2 role_kept groupID"]);
  });
  it("active-roster: a failed row takes nobody out, and names no group", () => {
    const users = () => [member(1, "ann", both), member(2, "bob", both), member(3, "cid", both)];
    const failed = [
      { databaseID: "1", groupID: "TEAM|7" },
      { email: "bob@x.edu", userID: "bob", groupID: "TEAM;2" },
    ];
    const everybody = { 1: ["TEAM", "G1"], 2: ["TEAM", "G1"], 3: ["TEAM", "G1"] };
    assert.deepEqual(after(users(), failed).groups, everybody);
    const { groups: now } = after(users(), [
      ...failed,
      { databaseID: "4", firstName: "Dot", email: "d@x.edu", groupID: "TEAM" },
    ]);
    assert.deepEqual(now, { ...everybody, 3: ["G1"], 4: ["TEAM"] });
  });
  it("normal: silence ends nothing, even under purge, and even when the source lets go of the person", () => {
    const inClub = { CLUB: { owner: employees }, G1: { owner: employees } };
    const users = [member(1, "ann", inClub), member(2, "bob", inClub, { [students]: "B" })];
    assert.deepEqual(after(users, [{ databaseID: "1", groupID: "G2" }], "purge").groups, {
      1: ["CLUB", "G2"],
      2: ["CLUB"],
    });
  });
  it("purge: the data of those whom the file puts into the group are replaced, with and without databaseID", () => {
    const ann = () =>
      stored(1, {
        username: "ann",
        lastName: "Doe",
        email: "ann@x.edu",
        address: "Dorm 4",
        sources: { [employees]: "1" },
        emails: { "old@x.edu": [employees], "hand@x.edu": [manual] },
        phones: { "+12025550123": { owner: employees, claims: [employees] } },
        memberships: { G1: { owner: employees } },
      });
    const row = { userID: "ann", lastName: "Roe", email: "ann@x.edu", phone: "", address: "" };
    const put = (groupID: string) => {
      const user = after([ann()], [{ ...row, groupID }]).organization.users.get(1)!;
      return { ...describeUser(user), groups: [...user.memberships.keys()] };
    };
    const { lastName, emails, phones, address, groups: now } = put("LIST");
    assert.deepEqual(
      { lastName, emails, phones, address, now },
      {
        lastName: "Roe",
        emails: ["hand@x.edu"],
        phones: [],
        address: "",
        now: ["G1", "LIST"],
      },
    );
    assert.deepEqual([put("TEAM").lastName, put("TEAM").emails.length], ["Doe", 2]);
  });
  it("purge: whom the file does not put into the group leaves it", () => {
    const users = [member(1, "ann", { LIST: { owner: employees } }), member(2, "bob", { LIST: { owner: employees } })];
    assert.deepEqual(after(users, [{ databaseID: "1", groupID: "LIST" }]).groups, { 1: ["LIST"], 2: [] });
  });
});
