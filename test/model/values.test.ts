/** Merging rows, and what becomes of scalars, e-mails and phones (file formats, sections 4 and 5). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ClaimNumber, describeUser, manual, selfRegistered } from "./state.ts";
import { affiliates, employees, importRecords, stored, students, type Values, world } from "./world.ts";

const ann = { firstName: "Ann", email: "ann@x.edu", groupID: "G1" };

/** Imports records for the only stored person, whom source `by` knows as 1. */
function importFor(user: Parameters<typeof stored>[1], records: Values[], { by = employees, settings = {} } = {}) {
  const sources = { [by]: "1", ...user?.sources };
  const before = world({ users: [stored(1, { username: "ann", ...user, sources })], settings });
  return importRecords(before, records, by);
}

const replacing = (values: Values) => ({ databaseID: "1", ...values });
const filling = (values: Values) => ({ userID: "ann", ...values });

describe("rows of one person", () => {
  it("merge scalars: the last value that is not blank wins", () => {
    const { only } = importRecords(world(), [
      { ...ann, databaseID: "1", lastName: "Doe", address: "Old" },
      { databaseID: "1", lastName: "Roe" },
      { databaseID: "1", lastName: "", address: "" },
    ]);
    assert.deepEqual([only.lastName.value, only.address.value], ["Roe", "Old"]);
  });
  it("say blank if one row is blank and none has a value", () => {
    const { only } = importFor({ address: "Old", owner: employees }, [
      { databaseID: "1", address: "" },
      { databaseID: "1" },
    ]);
    assert.equal(only.address.value, "");
  });
  it("unite e-mails; the first of the last row that has one is primary", () => {
    const { only } = importRecords(world(), [
      { ...ann, databaseID: "1", email: "a@x.edu;b@x.edu" },
      { databaseID: "1", email: "c@x.edu;a@x.edu" },
      { databaseID: "1", email: "" },
    ]);
    assert.equal(only.email.value?.email, "c@x.edu");
    assert.deepEqual(describeUser(only).emails, ["a@x.edu", "b@x.edu"]);
  });
  it("unite phones; the last row decides the attributes of a number", () => {
    const { only } = importRecords(world(), [
      { ...ann, databaseID: "1", phone: "2025550123|||1|home;2125550187" },
      { databaseID: "1", phone: "2025550123|||1|work" },
    ]);
    assert.deepEqual(
      describeUser(only).phones.map(({ number, label }) => [number, label]),
      [
        ["+12025550123", "work"],
        ["+12125550187", "cell"],
      ],
    );
  });
  it("replace as soon as one of them has a databaseID", () => {
    const { only } = importFor({ lastName: "Doe", owner: employees }, [
      { databaseID: "1" },
      { userID: "ann", lastName: "Roe" },
    ]);
    assert.equal(only.lastName.value, "Roe");
  });
  it("withdraw nothing if one of them had an e-mail or a phone that cannot be read", () => {
    const phones = { "+12025550123": { owner: employees, claims: [employees] } };
    const { only } = importFor({ email: "ann@x.edu", emails: { "a@x.edu": [employees] }, phones }, [
      { databaseID: "1", email: "b@x.edu", phone: "2125550187" },
      { databaseID: "1", email: "nobody", phone: "123" },
    ]);
    assert.deepEqual([...only.emails.keys()], ["a@x.edu", "b@x.edu"]);
    assert.equal(only.phones.size, 2);
  });
});

describe("a scalar", () => {
  const unchanged = { value: "Old", owner: employees };
  /** Returns the address after employees send `sent`. It was "Old", owned by `owner`. */
  const becomes = (sent: Values, owner: ClaimNumber = employees) => {
    const { only, issues } = importFor({ address: "Old", owner }, [sent]);
    return [only.address, ...issues];
  };

  it("stays if the file does not say anything about it", () => {
    assert.deepEqual(becomes(replacing({})), [unchanged]);
  });
  it("is cleared by a blank from its owner if the row has a databaseID", () => {
    assert.deepEqual(becomes(replacing({ address: "" })), [{ value: "", owner: null }]);
    assert.deepEqual(becomes(filling({ address: "" })), [unchanged]);
    assert.deepEqual(becomes(replacing({ address: "" }), affiliates), [{ value: "Old", owner: affiliates }]);
  });
  it("is cleared only where it is optional", () => {
    const before = {
      firstName: "Ann",
      lastName: "Doe",
      customFields: ["Law"],
      location: "Main",
      showAllGroups: true,
      owner: employees,
    };
    const blank = { firstName: "", lastName: "", userID: "", customFields: "", campusName: "", showAllGroups: "0" };
    const { only } = importFor(before, [replacing(blank)]);
    const { firstName, lastName, username, customFields, location, showAllGroups } = describeUser(only);
    assert.deepEqual([firstName, lastName, username], ["Ann", "Doe", "ann"]);
    assert.deepEqual([customFields, location, showAllGroups], [[], "", false]);
  });
  it("is replaced on rows with a databaseID unless its owner outranks the source", () => {
    const replaced = [{ value: "New", owner: employees }];
    for (const owner of [employees, affiliates, selfRegistered]) {
      assert.deepEqual(becomes(replacing({ address: "New" }), owner), replaced);
    }
    for (const owner of [students, manual]) {
      assert.deepEqual(becomes(replacing({ address: "New" }), owner), [
        { value: "Old", owner },
        "1 value_kept address",
      ]);
    }
  });
  it("is kept and reported on rows without a databaseID, for any owner", () => {
    for (const owner of [employees, affiliates, students, manual]) {
      assert.deepEqual(becomes(filling({ address: "New" }), owner), [{ value: "Old", owner }, "1 value_kept address"]);
    }
  });
  it("is set where it was blank, with or without a databaseID", () => {
    for (const row of [replacing, filling]) {
      const { only } = importFor({}, [row({ address: "New", showAllGroups: "1" })]);
      assert.deepEqual(only.address, { value: "New", owner: employees });
      assert.deepEqual(only.showAllGroups, { value: true, owner: employees });
    }
  });
  it("that is repeated gets a new owner of higher rank only", () => {
    assert.deepEqual(becomes(filling({ address: "Old" }), affiliates), [unchanged]);
    assert.deepEqual(becomes(replacing({ address: "Old" }), students), [{ value: "Old", owner: students }]);
    assert.deepEqual(becomes(replacing({ address: "Old" }), manual), [{ value: "Old", owner: manual }]);
  });
  it("is said to be kept on the row that brought the value", () => {
    const { issues } = importFor({ address: "Old", owner: manual }, [
      replacing({ address: "New" }),
      replacing({ address: "Newer" }),
      replacing({ address: "" }),
    ]);
    assert.deepEqual(issues, ["2 value_kept address"]);
  });
  it("of sources of equal rank is replaced by either", () => {
    const before = world({ users: [stored(1, { address: "Old", owner: employees, sources: { [students]: "1" } })] });
    before.sources.set("students", { number: students, rank: 2 });
    const { only } = importRecords(before, [replacing({ address: "New" })]);
    assert.deepEqual(only.address, { value: "New", owner: students });
  });
});

describe("custom fields", () => {
  const become = (before: string[], sent: Values) => {
    const { only, issues } = importFor({ customFields: before, owner: affiliates }, [sent]);
    return [only.customFields.value, only.customFields.owner, ...issues];
  };
  it("are replaced as a list on rows with a databaseID", () => {
    assert.deepEqual(become(["Law", "West"], replacing({ customFields: "Art" })), [["Art"], employees]);
  });
  it("are filled one by one on rows without, and keep their owner", () => {
    assert.deepEqual(become(["Law"], filling({ customFields: "|West" })), [["Law", "West"], affiliates]);
    assert.deepEqual(become(["", "West"], filling({ customFields: "Law|" })), [["Law", "West"], affiliates]);
    assert.deepEqual(become(["Law", "West"], filling({ customFields: "Law" })), [["Law", "West"], affiliates]);
  });
  it("that are as the file says once they are filled become the file's at once, not when it comes again", () => {
    assert.deepEqual(become(["Law"], filling({ customFields: "Law|West" })), [["Law", "West"], employees]);
    assert.deepEqual(become(["Law", "West"], filling({ customFields: "Law|West" })), [["Law", "West"], employees]);
  });
  it("that differ are kept, with one report for all", () => {
    assert.deepEqual(become(["Law", "West"], filling({ customFields: "Art|East|North" })), [
      ["Law", "West", "North"],
      affiliates,
      "1 value_kept customFields",
    ]);
  });
});

describe("a location", () => {
  it("is stored as the location spells itself", () => {
    const { only } = importFor({}, [replacing({ campusName: "MAIN" })]);
    assert.equal(only.location.value, "Main");
  });
  it("is the same however it is spelled", () => {
    const { only, issues } = importFor({ location: "main" }, [filling({ campusName: "MAIN" })]);
    assert.deepEqual([only.location.value, issues], ["main", []]);
  });
  it("that is unknown is reported and left out", () => {
    const { only, issues } = importFor({ location: "Main", owner: employees }, [replacing({ campusName: "North" })]);
    assert.deepEqual([only.location.value, issues], ["Main", ["1 location_unknown campusName"]]);
  });
  it("is created where the organization wants that, spelled as in the first row that brings it", () => {
    const { organization, issues } = importRecords(world({ settings: { createLocations: true } }), [
      { ...ann, databaseID: "1" },
      { ...ann, databaseID: "2", campusName: "North" },
      { databaseID: "1", campusName: "NORTH" },
    ]);
    assert.deepEqual([issues, organization.locations.get("north")?.name], [[], "North"]);
    assert.deepEqual(
      [...organization.users.values()].map(({ location }) => location.value),
      ["North", "North"],
    );
  });
  it("is not created for somebody who fails", () => {
    const { organization } = importRecords(world({ settings: { createLocations: true } }), [
      { databaseID: "1", campusName: "North" },
    ]);
    assert.deepEqual([...organization.locations.keys()], ["main"]);
  });
});

describe("an import", () => {
  it("claims everybody it means, which is a visible change if the source is new to them", () => {
    const before = world({ users: [stored(1, { username: "ann", origins: [manual] })] });
    const { only, outcomes } = importRecords(before, [{ userID: "ann" }]);
    assert.deepEqual(only.claims, new Set([manual, students]));
    assert.deepEqual(describeUser(only).sources, [{ source: students, databaseId: null }]);
    assert.deepEqual(outcomes, ["updated"]);
  });
  it("leaves a databaseID alone that the row does not name", () => {
    assert.deepEqual(importFor({}, [filling({})]).only.sources, new Map([[employees, "1"]]));
  });
});
