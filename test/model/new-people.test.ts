import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeUsers, manual, selfRegistered } from "./state.ts";
import { employees, importRecords, stored, students, world } from "./world.ts";

const ann = { firstName: "Ann", email: "ann@x.edu", groupID: "G1" };

describe("a new person", () => {
  const missing = (values: Parameters<typeof importRecords>[1][number], options?: Parameters<typeof world>[0]) => {
    const { organization, issues } = importRecords(world(options), [values]);
    assert.equal(organization.users.size, issues.length === 0 ? 1 : 0);
    return issues;
  };

  it("needs a name in either column, an e-mail and a group", () => {
    assert.deepEqual(missing({ email: "a@x.edu", firstName: "" }), ["1 required_missing firstName"]);
    assert.deepEqual(missing({ ...ann, firstName: "", lastName: "Doe" }), []);
    assert.deepEqual(missing({ firstName: "Ann", userID: "ann" }), ["1 required_missing email"]);
    assert.deepEqual(missing({ ...ann, groupID: "" }), ["1 required_missing groupID"]);
    assert.deepEqual(missing({ firstName: "Ann", email: "a@x.edu" }), ["1 required_missing groupID"]);
  });
  it("needs no more than the organization asks for", () => {
    const settings = { requireEmail: false, requireGroup: false };
    assert.deepEqual(missing({ firstName: "Ann", userID: "ann" }, { settings }), []);
  });
  it("needs no group if there is a default one, or one named ALL", () => {
    const groupless = { firstName: "Ann", email: "ann@x.edu" };
    assert.deepEqual(missing(groupless, { groups: { G3: { isDefault: true } } }), []);
    assert.deepEqual(missing(groupless, { groups: { ALL: {} } }), []);
    assert.deepEqual(missing(groupless, { groups: { G3: { name: "ALL" } } }), []);
  });
  it("needs only the name of a group, which may be unknown", () => {
    const { outcomes, issues } = importRecords(world(), [{ ...ann, groupID: "NOPE" }]);
    assert.deepEqual([outcomes, issues], [["added"], ["1 group_unknown groupID"]]);
  });
  it("fails with all rows", () => {
    const { issues } = importRecords(world(), [
      { databaseID: "1", firstName: "Ann" },
      { databaseID: "1", groupID: "G1" },
    ]);
    assert.deepEqual(issues, ["1 required_missing email", "2 required_missing email"]);
  });
  it("is not added by rows that only remove, be they complete or not", () => {
    for (const groupID of ["00000", "00001", "00002;G1", "G1|00002;NOPE|00002"]) {
      for (const values of [{ databaseID: "1" }, { ...ann, databaseID: "1" }]) {
        const before = world({ settings: { requireGroup: false } });
        const { outcomes, issues, organization } = importRecords(before, [{ ...values, groupID }]);
        assert.deepEqual([outcomes, issues, organization], [["unchanged"], [], before]);
      }
    }
  });
  it("is added if one row only removes and another does not", () => {
    const { outcomes } = importRecords(world(), [
      { databaseID: "1", groupID: "00002;G2" },
      { ...ann, databaseID: "1" },
    ]);
    assert.deepEqual(outcomes, ["added", "added"]);
  });
  it("gets the next id, in the order of the first rows", () => {
    const before = { ...world(), lastUserId: 7 };
    const { organization } = importRecords(before, [
      { ...ann, userID: "eve" },
      { ...ann, databaseID: "1", email: "b@x.edu" },
      { ...ann, userID: "eve" },
    ]);
    assert.deepEqual(
      describeUsers(organization).map(({ id, username }) => [id, username]),
      [
        [8, "eve"],
        [9, null],
      ],
    );
    assert.equal(organization.lastUserId, 9);
  });
  it("is claimed by the source, which owns what it brought", () => {
    const { only } = importRecords(world(), [{ ...ann, phone: "2025550123" }], employees);
    assert.deepEqual(only.claims, new Set([employees]));
    assert.deepEqual(only.sources, new Map([[employees, null]]));
    assert.deepEqual(only.firstName, { value: "Ann", owner: employees });
    assert.deepEqual([only.lastName.owner, only.email.owner], [null, employees]);
    assert.deepEqual(only.memberships.get("G1"), { role: 0, roleOwner: employees, claims: new Set([employees]) });
    assert.equal(only.phones.get("+12025550123x")?.owner, employees);
  });
});

describe("a username", () => {
  const two = () =>
    world({
      users: [
        stored(1, { username: "ann", sources: { [students]: "1" } }),
        stored(2, { username: "bob", sources: { [students]: "2" } }),
      ],
    });
  const namesAfter = (before: ReturnType<typeof world>, records: Parameters<typeof importRecords>[1]) => {
    const { organization, outcomes } = importRecords(before, records);
    return [...describeUsers(organization).map(({ username }) => username), ...outcomes];
  };

  it("stays with somebody who is not in the file, or keeps it there", () => {
    assert.deepEqual(namesAfter(two(), [{ databaseID: "1", userID: "bob" }]), ["ann", "bob", "failed"]);
    assert.deepEqual(namesAfter(two(), [{ databaseID: "1", userID: "bob" }, { databaseID: "2" }]), [
      "ann",
      "bob",
      "failed",
      "unchanged",
    ]);
  });
  it("stays with an owner who outranks the source, and then takes nothing away", () => {
    const before = two();
    before.users.get(2)!.username.owner = manual;
    const records = [
      { databaseID: "1", userID: "bob" },
      { databaseID: "2", userID: "eve" },
    ];
    assert.deepEqual(namesAfter(before, records), ["ann", "bob", "failed", "unchanged"]);
  });
  it("can be passed on, and swapped, within a file", () => {
    const records = [
      { databaseID: "1", userID: "bob" },
      { databaseID: "2", userID: "ann" },
    ];
    assert.deepEqual(namesAfter(two(), records), ["bob", "ann", "updated", "updated"]);
  });
  it("is not passed on by somebody who fails", () => {
    const before = two();
    before.users.set(3, stored(3, { username: "cid" }));
    const records = [
      { databaseID: "1", userID: "bob" },
      { databaseID: "2", userID: "cid" },
    ];
    assert.deepEqual(namesAfter(before, records), ["ann", "bob", "cid", "failed", "failed"]);
  });
  it("goes to nobody if several newly want it", () => {
    const records = [
      { databaseID: "1", userID: "eve" },
      { databaseID: "2", userID: "eve" },
      { ...ann, databaseID: "3", userID: "eve" },
    ];
    assert.deepEqual(namesAfter(two(), records), ["ann", "bob", "failed", "failed", "failed"]);
  });
  it("is free when its holder is deleted in the same file", () => {
    const records = [
      { databaseID: "1", userID: "bob" },
      { databaseID: "2", groupID: "00000" },
    ];
    assert.deepEqual(namesAfter(two(), records), ["bob", "updated", "removed"]);
  });
  it("is the same in other letters, and keeps its spelling", () => {
    assert.deepEqual(namesAfter(two(), [{ databaseID: "1", userID: "Ann" }]).slice(0, 1), ["ann"]);
  });
});

describe("00000", () => {
  const remove = { databaseID: "1", groupID: "00000" };
  it("deletes the person, and nobody if no person matches", () => {
    const before = world({ users: [stored(1, { sources: { [students]: "1", [employees]: "7" } })] });
    const { outcomes, organization } = importRecords(before, [remove, { databaseID: "2", groupID: "00000" }]);
    assert.deepEqual([outcomes, organization.users.size], [["removed", "unchanged"], 0]);
  });
  it("deletes somebody who was entered by hand", () => {
    const before = world({ users: [stored(1, { origins: [manual], email: "ann@x.edu" })] });
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu", groupID: "00000" }]).outcomes, ["removed"]);
  });
  const isKept = (options: Parameters<typeof stored>[1], groups = {}) => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", ...options })], groups });
    const { outcomes, issues, organization } = importRecords(before, [{ email: "ann@x.edu", groupID: "00000" }]);
    assert.deepEqual([outcomes, issues], [["unchanged"], ["1 person_kept groupID"]]);
    assert.deepEqual(organization, before);
  };
  it("keeps self-registered people whom no source claims, and does not claim them", () => {
    isKept({ origins: [selfRegistered] });
  });
  it("keeps members of a static group", () => {
    isKept({ memberships: { G3: { owner: manual } } }, { G3: { style: "static" } });
  });
  it("keeps who holds a role that no source granted", () => {
    isKept({ memberships: { G1: { role: 1, owner: manual } } });
  });
  it("deletes self-registered people whom a source claims, and who holds a role that a source granted", () => {
    const users = [
      stored(1, {
        origins: [selfRegistered],
        sources: { [employees]: null },
        email: "ann@x.edu",
        memberships: { G1: { role: 1, owner: employees } },
      }),
    ];
    const { outcomes } = importRecords(world({ users }), [{ email: "ann@x.edu", groupID: "00000" }]);
    assert.deepEqual(outcomes, ["removed"]);
  });
});
