/** The identities of people, and decisions about a whole person (file formats, sections 1, 3 and 4). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeUser, describeUsers, manual } from "./state.ts";
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
    assert.deepEqual(importRecords(before, [{ email: "ann@x.edu", firstName: "Ann", lastName: "Doe" }]).outcomes, [
      "updated",
    ]);
  });
  it("belongs to the one person of the file with a row of that primary e-mail", () => {
    const { outcomes, only } = importRecords(world(), [
      { email: "ann@x.edu", firstName: "ANN", lastName: "Doe" },
      { ...ann, databaseID: "1" },
    ]);
    assert.deepEqual(outcomes, ["added", "added"]);
    assert.equal(only.lastName.value, "Doe");
  });
  it("counts a stored person whom the file also means once", () => {
    const before = world({ users: [stored(1, { email: "ann@x.edu", sources: { [students]: "1" } })] });
    const { outcomes } = importRecords(before, [
      { email: "ann@x.edu", firstName: "Ann", lastName: "Doe" },
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
    const { only } = importRecords(world(), [ann, { email: "Ann@x.edu;b@x.edu", firstName: "Änn", lastName: "Doe" }]);
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
