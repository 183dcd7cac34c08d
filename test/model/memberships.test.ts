/** Memberships and roles (file formats, sections 3 and 5). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Style } from "../../src/organizations/settings.ts";
import { byDefault, type ClaimNumber, describeUser, manual, plainGroup, selfRegistered, type User } from "./state.ts";
import { affiliates, employees, importRecords, stored, students, world } from "./world.ts";

type Memberships = NonNullable<Parameters<typeof stored>[1]>["memberships"];
interface Case {
  memberships?: Memberships;
  origins?: ClaimNumber[];
  settings?: { createGroups: string[] };
}

/** Employees, who know the only person as 1 or "ann", send a groupID; rows replace unless told to fill. */
function send(groupID: string, { memberships = {}, origins = [], settings }: Case = {}, mode = "replace") {
  const known = origins.includes(selfRegistered) ? {} : { sources: { [employees]: "1" } };
  const before = world({
    users: [stored(1, { username: "ann", memberships, origins, ...known })],
    groups: { STATIC: { style: "static" } },
    ...(settings && { settings }),
  });
  const sent = mode === "replace" ? { databaseID: "1", userID: "ann", groupID } : { userID: "ann", groupID };
  const result = importRecords(before, [sent], employees);
  return {
    ...result,
    groups: [...result.only.memberships.keys()],
    membership: (groupId: string) => result.only.memberships.get(groupId),
  };
}

describe("a row that only removes", () => {
  const codes = ["G1|00002", "00002;G1", "00002 G1", "00001", "G1|00002;NOPE|00002"];
  const before = () =>
    world({
      users: [
        stored(1, {
          username: "ann",
          firstName: "Ann",
          address: "1 Road",
          location: "Main",
          customFields: ["x"],
          email: "ann@x.edu",
          emails: { "a@x.edu": [employees] },
          sources: { [employees]: "1" },
          phones: { "+12025550123": { owner: employees, claims: [employees] } },
          memberships: { G1: { owner: employees } },
        }),
      ],
    });
  const blank = { email: "", phone: "", address: "", customFields: "", campusName: "", showAllGroups: "" };

  it("changes and withdraws nothing but memberships, in any style", () => {
    for (const style of ["normal", "active-roster", "purge"] as const) {
      for (const groupID of codes) {
        for (const values of [blank, { firstName: "Eve", userID: "eve", phone: "2025550199", address: "2 Road" }]) {
          const { organization, outcomes } = importRecords(
            before(),
            [{ databaseID: "1", ...values, groupID }],
            employees,
            style,
          );
          const expected = before().users.get(1)!;
          expected.memberships.clear();
          assert.deepEqual([organization.users.get(1), outcomes], [expected, ["updated"]]);
        }
      }
    }
  });

  it("does not make the person known to its source", () => {
    const { only } = importRecords(before(), [{ userID: "ann", groupID: "G1|00002" }], affiliates);
    assert.deepEqual(
      [[...only.claims], [...only.sources.keys()], only.memberships.size],
      [[employees], [employees], 0],
    );
  });

  it("leaves the values to the other rows of the person", () => {
    const rows = [
      { databaseID: "1", lastName: "Data", phone: "2025550199", groupID: "G2" },
      { databaseID: "1", ...blank, lastName: "Order", groupID: "G1|00002" },
    ];
    for (const records of [rows, rows.toReversed()]) {
      const { only } = importRecords(before(), records, employees);
      assert.deepEqual([only.lastName.value, [...only.phones.keys()]], ["Data", ["+12025550199x"]]);
      assert.deepEqual([only.address.value, [...only.memberships.keys()]], ["1 Road", ["G2"]]);
    }
  });

  it("does not turn the person's other rows into rows with a databaseID", () => {
    const rows = [
      { databaseID: "1", userID: "ann", groupID: "G1|00002" },
      { userID: "ann", phone: "", groupID: "G2" },
    ];
    const { only } = importRecords(before(), rows, employees);
    assert.deepEqual([...only.phones.keys()], ["+12025550123x"]);
  });
});

describe("leaving", () => {
  const both = { G1: { owner: students }, G2: { owner: manual } };
  it("ends the memberships that are named, whoever claims them", () => {
    for (const groupID of ["00002;G1", "G1|00002"])
      assert.deepEqual(send(groupID, { memberships: both }).groups, ["G2"]);
  });
  it("ends all memberships with 00001", () => {
    assert.deepEqual(send("00001", { memberships: both }).groups, []);
    assert.deepEqual(send("00001;G1", { memberships: both }).groups, ["G1"]);
  });
  it("works the same on rows without a databaseID", () => {
    assert.deepEqual(send("00001", { memberships: both }, "fill").groups, []);
  });
  it("ends no membership of a static group", () => {
    const { groups, issues } = send("00001", { memberships: { STATIC: { owner: employees }, ...both } });
    assert.deepEqual([groups, issues], [["STATIC"], ["1 membership_kept groupID"]]);
  });
  it("ends no membership of self-registered people whom no source claims, and does not claim them", () => {
    const { groups, issues, only } = send("G1|00002", { memberships: both, origins: [selfRegistered] }, "fill");
    assert.deepEqual([groups, issues], [["G1", "G2"], ["1 membership_kept groupID"]]);
    assert.deepEqual([only.claims, only.sources.size], [new Set([selfRegistered]), 0]);
  });
  it("ends memberships of self-registered people in a file that also adds something to them, and claims them", () => {
    const { groups, issues, only } = send("00001;G1", { memberships: both, origins: [selfRegistered] });
    assert.deepEqual([groups, issues], [["G1"], []]);
    assert.deepEqual(only.claims, new Set([selfRegistered, employees]));
  });
  it("ends no membership with a role that no source granted", () => {
    for (const owner of [manual, selfRegistered, byDefault]) {
      const { groups, issues } = send("G1|00002", { memberships: { G1: { role: 1, owner } } });
      assert.deepEqual([groups, issues], [["G1"], ["1 role_kept groupID"]]);
    }
    assert.deepEqual(send("G1|00002", { memberships: { G1: { role: 1, owner: students } } }).groups, []);
  });
  it("is reported on the first row that orders what was kept", () => {
    const users = [stored(1, { username: "ann", memberships: { STATIC: { owner: students } } })];
    const leave = { userID: "ann", groupID: "STATIC|00002" };
    const { issues } = importRecords(world({ users, groups: { STATIC: { style: "static" } } }), [leave, leave]);
    assert.deepEqual(issues, ["1 membership_kept groupID"]);
  });
  it("does nothing where there is no membership", () => {
    const { outcomes, issues } = send("00002;G1");
    assert.deepEqual([outcomes, issues], [["unchanged"], []]);
  });
});

describe("leaving and joining the same group", () => {
  it("leaves nothing but the source's own claim and the role of the file", () => {
    const memberships = { G1: { role: 4, owner: students, claims: [students, manual, byDefault] } };
    assert.deepEqual(send("00001;G1", { memberships }).membership("G1"), {
      role: 0,
      roleOwner: employees,
      claims: new Set([employees]),
    });
    assert.equal(send("00001;G1|1", { memberships }, "fill").membership("G1")?.role, 1);
  });
  it("is no visible change if the role stays", () => {
    const { outcomes } = send("00001;G1", { memberships: { G1: { owner: students } } });
    assert.deepEqual(outcomes, ["unchanged"]);
  });
  it("keeps a membership that cannot end, without a word", () => {
    const memberships = { STATIC: { owner: manual }, G1: { role: 1, owner: manual } };
    const { issues, membership } = send("00001;STATIC;G1", { memberships });
    assert.deepEqual(issues, []);
    assert.deepEqual(membership("STATIC")?.claims, new Set([manual, employees]));
    assert.deepEqual(membership("G1"), { role: 1, roleOwner: manual, claims: new Set([manual, employees]) });
  });
});

describe("joining", () => {
  it("makes a member unless the file says a role", () => {
    const { membership } = send("G1;G2|1");
    assert.deepEqual(membership("G1"), { role: 0, roleOwner: employees, claims: new Set([employees]) });
    assert.equal(membership("G2")?.role, 1);
  });
  it("takes the most powerful role of all rows of a person", () => {
    const { only } = importRecords(world({ users: [stored(1, { username: "ann" })] }), [
      { userID: "ann", groupID: "G1;G2|1" },
      { userID: "ann", groupID: "G1|4;G2|4" },
      { userID: "ann", groupID: "G2" },
    ]);
    assert.deepEqual(describeUser(only).memberships, [
      { groupId: "G1", role: 4 },
      { groupId: "G2", role: 1 },
    ]);
  });
  it("takes any role before none", () => {
    const before = () =>
      world({ users: [stored(1, { username: "ann", memberships: { G1: { role: 4, owner: students } } })] });
    const rows = [
      { userID: "ann", groupID: "G1" },
      { userID: "ann", groupID: "G1|0" },
    ];
    assert.deepEqual(importRecords(before(), rows).issues, ["1 role_kept groupID"]);
    assert.deepEqual(importRecords(before(), rows.slice(0, 1)).issues, []);
  });
  it("claims a membership that is there, which is no visible change", () => {
    const { membership, outcomes } = send("G1", { memberships: { G1: { owner: manual } } });
    assert.deepEqual(membership("G1")?.claims, new Set([manual, employees]));
    assert.deepEqual(outcomes, ["unchanged"]);
  });
});

describe("a role that the file gives somebody who is in the group", () => {
  /** Role and owner after `token`, and whether it was reported as kept. */
  const after = (mode: string, token: string, role: number, owner: ClaimNumber) => {
    const { membership, issues } = send(token, { memberships: { G1: { role, owner } } }, mode);
    const { role: now, roleOwner } = membership("G1")!;
    return [now, roleOwner, ...issues.map((issue) => issue.split(" ")[1])];
  };
  const lower = affiliates;
  const higher = students;

  it("promotes members, whoever made them members", () => {
    for (const mode of ["replace", "fill"]) {
      for (const owner of [manual, higher, lower, byDefault]) {
        assert.deepEqual(after(mode, "G1|1", 0, owner), [1, employees]);
      }
    }
  });
  it("replaces any role of its own or a lower source on rows with a databaseID", () => {
    for (const owner of [employees, lower]) {
      assert.deepEqual(after("replace", "G1|4", 1, owner), [4, employees]);
      assert.deepEqual(after("replace", "G1|1", 4, owner), [1, employees]);
      assert.deepEqual(after("replace", "G1|0", 4, owner), [0, employees]);
      assert.deepEqual(after("replace", "G1", 4, owner), [0, employees]);
    }
  });
  it("leaves a role of higher origin, and says so unless the token had none", () => {
    for (const owner of [manual, selfRegistered, byDefault, higher]) {
      assert.deepEqual(after("replace", "G1|4", 1, owner), [1, owner, "role_kept"]);
      assert.deepEqual(after("replace", "G1|0", 1, owner), [1, owner, "role_kept"]);
      assert.deepEqual(after("replace", "G1", 1, owner), [1, owner]);
      assert.deepEqual(after("fill", "G1|4", 1, owner), [1, owner, "role_kept"]);
    }
  });
  it("only promotes on rows without a databaseID", () => {
    for (const owner of [employees, lower]) {
      assert.deepEqual(after("fill", "G1|1", 4, owner), [1, employees]);
      assert.deepEqual(after("fill", "G1|4", 1, owner), [1, owner, "role_kept"]);
      assert.deepEqual(after("fill", "G1|0", 4, owner), [4, owner, "role_kept"]);
      assert.deepEqual(after("fill", "G1", 4, owner), [4, owner]);
    }
  });
  it("is left to whoever gave it if the token has none and the row no databaseID", () => {
    assert.deepEqual(after("fill", "G1", 0, lower), [0, lower]);
    assert.deepEqual(after("replace", "G1", 0, lower), [0, employees]);
  });
  it("that is the same gets a new owner of higher rank only", () => {
    assert.deepEqual(after("fill", "G1|1", 1, lower), [1, employees]);
    assert.deepEqual(after("fill", "G1|1", 1, higher), [1, higher]);
    assert.deepEqual(after("replace", "G1|1", 1, manual), [1, manual]);
  });
});

describe("an unknown group", () => {
  it("is reported once a person, on the first row that names it", () => {
    const { issues, outcomes } = importRecords(world({ users: [stored(1, { username: "ann" })] }), [
      { userID: "ann", groupID: "G1;NOPE;NIL|00002" },
      { userID: "ann", groupID: "G2;NOPE|1;NOPE|00002;NEW" },
      { userID: "ann", groupID: "NEW|00002;NIL" },
    ]);
    assert.deepEqual(issues, ["1 group_unknown groupID", "1 group_unknown groupID", "2 group_unknown groupID"]);
    assert.deepEqual(outcomes, ["updated", "updated", "updated"]);
  });
  it("is created where a pattern of the organization fits, with the name of its id", () => {
    const { organization, groups, issues } = send("CRS-1;CRS.2;XCRS-3;crs-4;A.B;AxB;A.Bc", {
      settings: { createGroups: ["CRS-*", "A.B"] },
    });
    assert.deepEqual(groups, ["CRS-1", "A.B"]);
    assert.deepEqual(organization.groups.get("CRS-1"), plainGroup("CRS-1"));
    assert.equal(issues.length, 5);
  });
  it("is never created if it is ALL, which everybody would join", () => {
    assert.deepEqual(send("ALL", { settings: { createGroups: ["*"] } }).issues, ["1 group_unknown groupID"]);
  });
  it("is not created to be left, nor for somebody who fails", () => {
    const settings = { createGroups: ["*"] };
    assert.deepEqual(send("CRS-1|00002", { settings }).issues, ["1 group_unknown groupID"]);
    const { organization } = importRecords(world({ settings }), [{ databaseID: "1", groupID: "CRS-1" }]);
    assert.equal(organization.groups.has("CRS-1"), false);
  });
});

describe("default groups", () => {
  const ann = { firstName: "Ann", email: "ann@x.edu" };
  const groups = { G3: { isDefault: true }, ALL: {}, G5: { name: "ALL" } };

  it("are joined by everybody new", () => {
    const { only } = importRecords(world({ groups }), [ann]);
    const joined = { role: 0, roleOwner: byDefault, claims: new Set([byDefault]) };
    assert.deepEqual(only.memberships, new Map(["G3", "ALL", "G5"].map((groupId) => [groupId, joined])));
  });
  it("keep the role and claim of the file beside their own", () => {
    const { only } = importRecords(world({ groups: { G3: { isDefault: true } } }), [{ ...ann, groupID: "G3|1" }]);
    assert.deepEqual(only.memberships.get("G3"), {
      role: 1,
      roleOwner: students,
      claims: new Set([students, byDefault]),
    });
  });
  it("are not joined by somebody new whom the file has leave them", () => {
    const leave = (groupID: string) => [
      ...importRecords(world({ groups }), [{ ...ann, groupID }]).only.memberships.keys(),
    ];
    assert.deepEqual(leave("00001;G1"), ["G1"]);
    assert.deepEqual(leave("G1;ALL|00002"), ["G1", "G3", "G5"]);
  });
  it("are not joined by people who are known", () => {
    const before = world({ groups, users: [stored(1, { username: "ann" })] });
    assert.equal(importRecords(before, [{ userID: "ann" }]).only.memberships.size, 0);
  });
});

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
  /** What employees send about ann (1) and bob (2); who is in which groups afterwards. */
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
