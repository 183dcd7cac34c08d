/** Different people who have the same e-mail (file formats, section 4.2). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importRecords, stored, students, world } from "./world.ts";

describe("people who share an e-mail", () => {
  const doe = { email: "doe@x.edu", lastName: "Doe", groupID: "G1" };
  const ann = { ...doe, firstName: "Ann" };
  const bob = { ...doe, firstName: "Bob" };
  const family = [
    stored(1, { email: "doe@x.edu", firstName: "Ann", lastName: "Doe" }),
    stored(2, { email: "doe@x.edu", firstName: "Bob", lastName: "Doe" }),
  ];
  const namesIn = (organization: ReturnType<typeof world>) =>
    [...organization.users.values()].map(({ firstName, lastName }) => `${firstName.value} ${lastName.value}`);

  it("are told apart by their first names, within a file and against stored people", () => {
    const first = importRecords(world(), [ann, bob, { ...ann, groupID: "G2" }]);
    assert.deepEqual(first.outcomes, ["added", "added", "added"]);
    assert.deepEqual(namesIn(first.organization), ["Ann Doe", "Bob Doe"]);
    assert.deepEqual(first.issues, ["1 email_shared email", "2 email_shared email"]);
    const second = importRecords(first.organization, [bob, { ...doe, firstName: "Cyd" }]);
    assert.deepEqual(second.outcomes, ["unchanged", "added"]);
    assert.deepEqual(second.issues, ["2 email_shared email"]);
  });

  it("are reported once if they are more than a family, identifiers or not", () => {
    const office = (number: number) => ({
      databaseID: `o${number}`,
      email: "office@x.edu",
      groupID: "G1",
      firstName: "Ann",
    });
    const ten = Array.from({ length: 10 }, (_, index) => office(index));
    const first = importRecords(world(), ten);
    assert.deepEqual(first.issues, []);
    const second = importRecords(first.organization, [office(0), office(10), office(11)]);
    assert.deepEqual(second.issues, ["2 email_of_many email"]);
    assert.deepEqual(importRecords(second.organization, [office(0), office(11)]).issues, []);
  });

  it("are found by both names in swapped order, before a first name alone", () => {
    const before = world({ users: family });
    const { organization, outcomes } = importRecords(before, [
      { ...doe, firstName: "doe", lastName: "BÖB", groupID: "00000" },
    ]);
    assert.deepEqual([outcomes, namesIn(organization)], [["removed"], ["Ann Doe"]]);
  });

  it("are removed by the first name, and nobody else if the order is repeated", () => {
    const order = [{ ...ann, groupID: "00000" }];
    const first = importRecords(world({ users: family }), order);
    assert.deepEqual([first.outcomes, namesIn(first.organization)], [["removed"], ["Bob Doe"]]);
    const second = importRecords(first.organization, order);
    assert.deepEqual([second.outcomes, namesIn(second.organization)], [["unchanged"], ["Bob Doe"]]);
  });

  it("are ambiguous for a row without a name, and for one whose name several have", () => {
    const { issues } = importRecords(
      world({ users: [...family, stored(3, { email: "doe@x.edu", firstName: "ANN" })] }),
      [
        { email: "doe@x.edu", groupID: "G1" },
        { email: "doe@x.edu", firstName: "Ann", lastName: "Roe", groupID: "G1" },
      ],
    );
    assert.deepEqual(issues, ["1 person_ambiguous email", "2 person_ambiguous email"]);
  });

  it("do not all become the one who has no name", () => {
    const nameless = stored(1, { email: "doe@x.edu", firstName: "" });
    assert.deepEqual(importRecords(world({ users: [nameless] }), [ann]).outcomes, ["updated"]);
    assert.deepEqual(importRecords(world({ users: [nameless] }), [ann, bob]).outcomes, ["added", "added"]);
  });

  it("do not become each other by a new databaseID or userID either", () => {
    const before = world({ users: family.slice(0, 1) });
    const { organization, issues } = importRecords(before, [
      { ...bob, databaseID: "2" },
      { ...ann, databaseID: "1" },
    ]);
    assert.deepEqual(namesIn(organization), ["Ann Doe", "Bob Doe"]);
    assert.deepEqual(issues, []);
    assert.equal(organization.users.get(1)?.sources.get(students), "1");
    assert.deepEqual(importRecords(before, [{ ...bob, userID: "bob" }]).issues, ["1 email_shared email"]);
  });
});
