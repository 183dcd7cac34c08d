import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sendGroups } from "./send-groups.ts";
import { byDefault, plainGroup } from "./state.ts";
import { importRecords, stored, students, world } from "./world.ts";

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
    const { organization, groups, issues } = sendGroups("CRS-1;CRS.2;XCRS-3;crs-4;A.B;AxB;A.Bc", {
      settings: { createGroups: ["CRS-*", "A.B"] },
    });
    assert.deepEqual(groups, ["CRS-1", "A.B"]);
    assert.deepEqual(organization.groups.get("CRS-1"), plainGroup("CRS-1"));
    assert.equal(issues.length, 5);
  });
  it("is never created if it is ALL, which everybody would join", () => {
    assert.deepEqual(sendGroups("ALL", { settings: { createGroups: ["*"] } }).issues, ["1 group_unknown groupID"]);
  });
  it("is not created to be left, nor for somebody who fails", () => {
    const settings = { createGroups: ["*"] };
    assert.deepEqual(sendGroups("CRS-1|00002", { settings }).issues, ["1 group_unknown groupID"]);
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
