/** Memberships and roles (file formats, sections 3 and 5). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sendGroups } from "./send-groups.ts";
import { byDefault, type ClaimNumber, describeUser, manual, selfRegistered } from "./state.ts";
import { affiliates, employees, importRecords, stored, students, world } from "./world.ts";

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
  it("ends the named memberships, with all claims to them", () => {
    for (const groupID of ["00002;G1", "G1|00002"])
      assert.deepEqual(sendGroups(groupID, { memberships: both }).groups, ["G2"]);
  });
  it("ends all memberships with 00001", () => {
    assert.deepEqual(sendGroups("00001", { memberships: both }).groups, []);
    assert.deepEqual(sendGroups("00001;G1", { memberships: both }).groups, ["G1"]);
  });
  it("works the same on rows without a databaseID", () => {
    assert.deepEqual(sendGroups("00001", { memberships: both }, "fill").groups, []);
  });
  it("ends no membership of a static group", () => {
    const { groups, issues } = sendGroups("00001", { memberships: { STATIC: { owner: employees }, ...both } });
    assert.deepEqual([groups, issues], [["STATIC"], ["1 membership_kept groupID"]]);
  });
  it("ends no membership of self-registered people whom no source claims, and does not claim them", () => {
    const { groups, issues, only } = sendGroups("G1|00002", { memberships: both, origins: [selfRegistered] }, "fill");
    assert.deepEqual([groups, issues], [["G1", "G2"], ["1 membership_kept groupID"]]);
    assert.deepEqual([only.claims, only.sources.size], [new Set([selfRegistered]), 0]);
  });
  it("ends memberships of self-registered people in a file that also adds something to them, and claims them", () => {
    const { groups, issues, only } = sendGroups("00001;G1", { memberships: both, origins: [selfRegistered] });
    assert.deepEqual([groups, issues], [["G1"], []]);
    assert.deepEqual(only.claims, new Set([selfRegistered, employees]));
  });
  it("ends no membership with a role that no source granted", () => {
    for (const owner of [manual, selfRegistered, byDefault]) {
      const { groups, issues } = sendGroups("G1|00002", { memberships: { G1: { role: 1, owner } } });
      assert.deepEqual([groups, issues], [["G1"], ["1 role_kept groupID"]]);
    }
    assert.deepEqual(sendGroups("G1|00002", { memberships: { G1: { role: 1, owner: students } } }).groups, []);
  });
  it("is reported on the first row that orders what was kept", () => {
    const users = [stored(1, { username: "ann", memberships: { STATIC: { owner: students } } })];
    const leave = { userID: "ann", groupID: "STATIC|00002" };
    const { issues } = importRecords(world({ users, groups: { STATIC: { style: "static" } } }), [leave, leave]);
    assert.deepEqual(issues, ["1 membership_kept groupID"]);
  });
  it("does nothing where there is no membership", () => {
    const { outcomes, issues } = sendGroups("00002;G1");
    assert.deepEqual([outcomes, issues], [["unchanged"], []]);
  });
});

describe("leaving and joining the same group", () => {
  it("leaves nothing but the source's own claim and the role of the file", () => {
    const memberships = { G1: { role: 4, owner: students, claims: [students, manual, byDefault] } };
    assert.deepEqual(sendGroups("00001;G1", { memberships }).membership("G1"), {
      role: 0,
      roleOwner: employees,
      claims: new Set([employees]),
    });
    assert.equal(sendGroups("00001;G1|1", { memberships }, "fill").membership("G1")?.role, 1);
  });
  it("is no visible change if the role stays", () => {
    const { outcomes } = sendGroups("00001;G1", { memberships: { G1: { owner: students } } });
    assert.deepEqual(outcomes, ["unchanged"]);
  });
  it("keeps a membership that cannot end, without a word", () => {
    const memberships = { STATIC: { owner: manual }, G1: { role: 1, owner: manual } };
    const { issues, membership } = sendGroups("00001;STATIC;G1", { memberships });
    assert.deepEqual(issues, []);
    assert.deepEqual(membership("STATIC")?.claims, new Set([manual, employees]));
    assert.deepEqual(membership("G1"), { role: 1, roleOwner: manual, claims: new Set([manual, employees]) });
  });
});

describe("joining", () => {
  it("makes a member unless the file says a role", () => {
    const { membership } = sendGroups("G1;G2|1");
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
    const { membership, outcomes } = sendGroups("G1", { memberships: { G1: { owner: manual } } });
    assert.deepEqual(membership("G1")?.claims, new Set([manual, employees]));
    assert.deepEqual(outcomes, ["unchanged"]);
  });
});

describe("a role that the file gives somebody who is in the group", () => {
  /** Role and owner after `token`, and whether it was reported as kept. */
  const after = (mode: string, token: string, role: number, owner: ClaimNumber) => {
    const { membership, issues } = sendGroups(token, { memberships: { G1: { role, owner } } }, mode);
    const { role: now, roleOwner } = membership("G1")!;
    return [now, roleOwner, ...issues.map((issue) => issue.split(" ")[1])];
  };
  const lower = affiliates;
  const higher = students;

  it("promotes members of any claim", () => {
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
  it("keeps its owner if the token has no role and the row no databaseID", () => {
    assert.deepEqual(after("fill", "G1", 0, lower), [0, lower]);
    assert.deepEqual(after("replace", "G1", 0, lower), [0, employees]);
  });
  it("that is the same gets a new owner of higher rank only", () => {
    assert.deepEqual(after("fill", "G1|1", 1, lower), [1, employees]);
    assert.deepEqual(after("fill", "G1|1", 1, higher), [1, higher]);
    assert.deepEqual(after("replace", "G1|1", 1, manual), [1, manual]);
  });
});
