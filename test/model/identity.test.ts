/** Who is who, and what happens to a person as a whole (file formats, sections 1, 3 and 4). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeUser, describeUsers, manual, selfRegistered } from "./state.ts";
import { employees, importRecords, stored, students, world } from "./world.ts";

const ann = { firstName: "Ann", email: "ann@x.edu", groupID: "G1" };

describe("a row with a databaseID", () => {
  it("belongs to the person who has it in this source, whatever else it says", () => {
    const before = world({
      users: [
        stored(1, { sources: { [students]: "1" }, email: "ann@x.edu" }),
        stored(2, { sources: { [students]: "2" }, email: "bob@x.edu" }),
      ],
    });
    const { organization, outcomes } = importRecords(before, [
      { databaseID: "1", email: "bob@x.edu", lastName: "Doe" },
    ]);
    assert.deepEqual(outcomes, ["updated"]);
    assert.equal(organization.users.get(1)?.lastName.value, "Doe");
    assert.equal(organization.users.get(2)?.lastName.value, "");
  });

  it("does not know the databaseIDs of other sources", () => {
    const before = world({ users: [stored(1, { sources: { [employees]: "1" } })] });
    const { outcomes, organization } = importRecords(before, [{ ...ann, databaseID: "1" }]);
    assert.deepEqual(outcomes, ["added"]);
    assert.deepEqual(describeUsers(organization)[1]?.sources, [{ source: students, databaseId: "1" }]);
  });

  it("links to the person who has its username, and gives them the databaseID", () => {
    const before = world({ users: [stored(1, { username: "ann" })] });
    const { outcomes, issues, only } = importRecords(before, [{ databaseID: "1", userID: "ANN" }]);
    assert.deepEqual([outcomes, issues], [["updated"], []]);
    assert.deepEqual(describeUser(only).sources, [{ source: students, databaseId: "1" }]);
    assert.equal(only.username.value?.username, "ann");
  });

  it("fails with all rows as username_taken if that person has another databaseID in this source", () => {
    const before = world({ users: [stored(1, { username: "ann", sources: { [students]: "1" } })] });
    const { issues, organization } = importRecords(before, [
      { ...ann, databaseID: "2", userID: "ann" },
      { databaseID: "2" },
    ]);
    assert.deepEqual(issues, ["1 username_taken userID", "2 username_taken userID"]);
    assert.deepEqual(organization, before);
  });

  it("fails as person_ambiguous if its rows have the usernames of two stored people", () => {
    const before = world({ users: [stored(1, { username: "ann" }), stored(2, { username: "bob" })] });
    const { issues } = importRecords(before, [
      { databaseID: "1", userID: "ann" },
      { databaseID: "1", userID: "bob" },
    ]);
    assert.deepEqual(issues, ["1 person_ambiguous userID", "2 person_ambiguous userID"]);
  });

  it("is one person with the other rows that have it", () => {
    const { outcomes, only } = importRecords(world(), [
      { ...ann, databaseID: "1" },
      { databaseID: "1", groupID: "G2" },
    ]);
    assert.deepEqual(outcomes, ["added", "added"]);
    assert.deepEqual([...only.memberships.keys()], ["G1", "G2"]);
  });
});

describe("a row with a username alone", () => {
  it("belongs to the stored person who has it, whatever their databaseID", () => {
    const before = world({ users: [stored(1, { username: "ann", sources: { [students]: "1" } })] });
    const { outcomes, only } = importRecords(before, [{ userID: "ann", lastName: "Doe" }]);
    assert.deepEqual(outcomes, ["updated"]);
    assert.deepEqual(describeUser(only).sources, [{ source: students, databaseId: "1" }]);
  });

  it("joins the one person of the file who has a databaseID and that username", () => {
    const { outcomes, only } = importRecords(world(), [
      { userID: "ann", lastName: "Doe" },
      { ...ann, databaseID: "1", userID: "ann" },
    ]);
    assert.deepEqual(outcomes, ["added", "added"]);
    assert.equal(only.lastName.value, "Doe");
  });

  it("fails as person_ambiguous if two people of the file have databaseIDs and that username", () => {
    const { issues } = importRecords(world(), [
      { ...ann, userID: "ann" },
      { ...ann, databaseID: "1", userID: "ann" },
      { ...ann, databaseID: "2", userID: "ann" },
    ]);
    assert.deepEqual(issues, ["1 person_ambiguous userID", "2 username_taken userID", "3 username_taken userID"]);
  });

  it("is one new person with the others of that username", () => {
    const { outcomes, only } = importRecords(world(), [
      { ...ann, userID: "ann" },
      { userID: "Ann", lastName: "Doe" },
    ]);
    assert.deepEqual(outcomes, ["added", "added"]);
    assert.equal(only.lastName.value, "Doe");
  });
});

describe("a person whom neither databaseID nor username finds", () => {
  const known = stored(1, { email: "ann@x.edu" });

  it("is the one stored person with that primary e-mail", () => {
    const { outcomes, issues, only } = importRecords(world({ users: [known] }), [
      { databaseID: "1", userID: "ann", email: "ANN@x.edu;b@x.edu" },
    ]);
    assert.deepEqual([outcomes, issues], [["updated"], []]);
    assert.deepEqual(describeUser(only).sources, [{ source: students, databaseId: "1" }]);
    assert.equal(only.username.value?.username, "ann");
  });

  const isNotLinked = (users: Parameters<typeof stored>[1][], records: Parameters<typeof importRecords>[1]) => {
    const before = world({ users: users.map((options, index) => stored(index + 1, options)) });
    const { organization } = importRecords(before, records);
    for (const [id, user] of before.users) assert.deepEqual(organization.users.get(id), user);
  };

  it("is not found by a further address", () => {
    isNotLinked([{ email: "a@x.edu", emails: { "ann@x.edu": [manual] } }], [{ ...ann, databaseID: "1" }]);
  });
  it("is not found by an address that several stored people share", () => {
    isNotLinked([{ email: "ann@x.edu" }, { email: "ann@x.edu" }], [{ ...ann, databaseID: "1" }]);
  });
  it("is not somebody whom other rows of the file mean", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", sources: { [students]: "1" } })] });
    const { outcomes } = importRecords(before, [{ databaseID: "1" }, { ...ann, userID: "new" }]);
    assert.deepEqual(outcomes, ["unchanged", "added"]);
  });
  it("is not somebody with another databaseID in this source", () => {
    isNotLinked([{ email: "ann@x.edu", sources: { [students]: "1" } }], [{ ...ann, databaseID: "2" }]);
  });
  it("may be somebody with a username if it has none itself", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", username: "ann" })] });
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu", databaseID: "1" }]).outcomes, ["updated"]);
  });
  it("is not somebody with another username", () => {
    isNotLinked([{ email: "ann@x.edu", username: "ann" }], [{ ...ann, userID: "eve" }]);
    isNotLinked([{ email: "ann@x.edu", username: "ann" }], [{ ...ann, databaseID: "1", userID: "eve" }]);
  });
  it("may be somebody with a databaseID if it has none itself", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", sources: { [students]: "1" } })] });
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu", userID: "ann" }]).outcomes, ["updated"]);
  });
  it("is nobody stored if another unknown person of the file has the same e-mail, even one with another username", () => {
    isNotLinked(
      [{ email: "ann@x.edu" }],
      [
        { ...ann, databaseID: "1" },
        { ...ann, databaseID: "2" },
      ],
    );
    isNotLinked(
      [{ email: "ann@x.edu", username: "ann" }],
      [
        { ...ann, databaseID: "1" },
        { ...ann, userID: "eve" },
      ],
    );
  });
  it("is nobody stored if its rows only remove", () => {
    for (const groupID of ["00000", "00001"])
      isNotLinked([{ email: "ann@x.edu" }], [{ ...ann, databaseID: "1", groupID }]);
  });
  it("may be somebody stored if one of its rows only removes and another does not", () => {
    const { outcomes } = importRecords(world({ users: [known] }), [
      { databaseID: "1", groupID: "00002;G2" },
      { ...ann, databaseID: "1" },
    ]);
    assert.deepEqual(outcomes, ["updated", "updated"]);
  });
  it("is nobody stored if its rows have different primary e-mails", () => {
    isNotLinked(
      [{ email: "ann@x.edu" }],
      [
        { ...ann, databaseID: "1" },
        { databaseID: "1", email: "b@x.edu" },
      ],
    );
  });
});

describe("a link by e-mail alone", () => {
  const linkTo = (options: Parameters<typeof stored>[1], values = { userID: "ann", email: "ann@x.edu" }) =>
    importRecords(world({ users: [stored(1, { email: "ann@x.edu", ...options })] }), [values]).issues;

  it("is reported if the person is known from another source only", () => {
    assert.deepEqual(linkTo({ sources: { [employees]: null } }), ["1 person_linked_by_email email"]);
  });
  it("is reported for rows without any other identifier too", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", sources: { [employees]: "7" } })] });
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu" }]).issues, ["1 person_linked_by_email email"]);
  });
  it("is not reported for people of no source, nor for those known to this one", () => {
    assert.deepEqual(linkTo({ origins: [manual] }), []);
    assert.deepEqual(linkTo({ sources: { [students]: null, [employees]: "7" } }), []);
  });
  it("is not reported if another row has a better identifier", () => {
    const before = world({
      users: [stored(1, { email: "ann@x.edu", username: "ann", sources: { [employees]: "7" } })],
    });
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu" }, { userID: "ann" }]).issues, []);
  });
});

describe("a row with an e-mail alone", () => {
  it("belongs to the one stored person with that primary e-mail", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", username: "ann" })] });
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu", lastName: "Doe" }]).outcomes, ["updated"]);
  });
  it("belongs to the one person of the file with a row of that primary e-mail", () => {
    const { outcomes, only } = importRecords(world(), [
      { email: "ann@x.edu", lastName: "Doe" },
      { ...ann, databaseID: "1" },
    ]);
    assert.deepEqual(outcomes, ["added", "added"]);
    assert.equal(only.lastName.value, "Doe");
  });
  it("counts a stored person whom the file also means once", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", sources: { [students]: "1" } })] });
    const { outcomes } = importRecords(before, [
      { email: "ann@x.edu", lastName: "Doe" },
      { databaseID: "1", email: "ann@x.edu" },
    ]);
    assert.deepEqual(outcomes, ["updated", "updated"]);
  });
  it("fails as person_ambiguous if several people have it, stored or in the file", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", username: "ann" })] });
    const { issues } = importRecords(before, [{ email: "ann@x.edu" }, { ...ann, userID: "eve" }]);
    assert.deepEqual(issues, ["1 person_ambiguous email"]);
  });
  it("is one new person with the others of that e-mail", () => {
    const { only } = importRecords(world(), [ann, { email: "Ann@x.edu;b@x.edu", lastName: "Doe" }]);
    assert.equal(only.lastName.value, "Doe");
  });
});

describe("a row that failed in intake", () => {
  it("joins no person and changes nothing", () => {
    const { outcomes, issues, only } = importRecords(world(), [
      { ...ann, databaseID: "1" },
      { databaseID: "1", lastName: "Doe", groupID: "2" },
    ]);
    assert.deepEqual(outcomes, ["added", "failed"]);
    assert.deepEqual(issues, ["2 group_code_damaged groupID"]);
    assert.equal(only.lastName.value, "");
  });
  it("has no identifier if it lacks all three", () => {
    assert.deepEqual(importRecords(world(), [{ firstName: "Ann" }]).issues, ["1 identifier_missing"]);
  });
});

describe("rows that contradict each other", () => {
  it("fail as database_ids_conflict if one person has two databaseIDs", () => {
    const before = world({ users: [stored(1, { username: "ann" })] });
    const { issues, organization } = importRecords(before, [
      { databaseID: "1", userID: "ann" },
      { databaseID: "2", userID: "ann" },
      { userID: "ann", lastName: "Doe" },
    ]);
    assert.deepEqual(
      issues,
      [1, 2, 3].map((row) => `${row} database_ids_conflict databaseID`),
    );
    assert.deepEqual(organization, before);
  });
  it("fail as delete_contradicted if one deletes the person and another does not", () => {
    const before = world({ users: [stored(1, { sources: { [students]: "1" } })] });
    const { issues, organization } = importRecords(before, [
      { databaseID: "1", groupID: "00000" },
      { databaseID: "1", groupID: "G1" },
    ]);
    assert.deepEqual(issues, ["1 delete_contradicted groupID", "2 delete_contradicted groupID"]);
    assert.deepEqual(organization, before);
  });
});

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
  it("deletes the person, and nobody if there is none", () => {
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
