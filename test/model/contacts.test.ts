import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ClaimNumber, describeUser, manual, type User } from "./state.ts";
import { affiliates, employees, importRecords, stored, students, type Values, world } from "./world.ts";

/** Imports records for the only stored person, whom source `by` knows as 1. */
function importFor(user: Parameters<typeof stored>[1], records: Values[], { by = employees, settings = {} } = {}) {
  const sources = { [by]: "1", ...user?.sources };
  const before = world({ users: [stored(1, { username: "ann", ...user, sources })], settings });
  return importRecords(before, records, by);
}

const replacing = (values: Values) => ({ databaseID: "1", ...values });
const filling = (values: Values) => ({ userID: "ann", ...values });

describe("a primary e-mail", () => {
  it("is set once", () => {
    const { only } = importFor({ emails: { "a@x.edu": [students] } }, [filling({ email: "a@x.edu;b@x.edu" })]);
    assert.deepEqual(only.email, { value: { email: "a@x.edu", normalized: "a@x.edu" }, owner: employees });
    assert.deepEqual([...only.emails.keys()], ["b@x.edu"]);
  });
  it("then stays, and the new one becomes a further address", () => {
    for (const row of [replacing, filling]) {
      const { only, issues } = importFor({ email: "ann@x.edu" }, [row({ email: "a@x.edu;ANN@x.edu" })]);
      assert.equal(only.email.value?.email, "ann@x.edu");
      assert.deepEqual([...only.emails.keys()], ["a@x.edu"]);
      assert.deepEqual(issues, ["1 primary_email_kept email"]);
    }
  });
  it("is not withdrawn by a blank", () => {
    assert.equal(importFor({ email: "ann@x.edu" }, [replacing({ email: "" })]).only.email.value?.email, "ann@x.edu");
  });
});

describe("further addresses", () => {
  const before = {
    email: "ann@x.edu",
    emails: { "mine@x.edu": [employees], "both@x.edu": [employees, students], "theirs@x.edu": [manual] },
  };
  const after = (sent: Values) => [...importFor(before, [sent]).only.emails.keys()];

  it("are withdrawn by rows with a databaseID that leave them out: the source's own claim, nobody else's", () => {
    const { only } = importFor(before, [replacing({ email: "ann@x.edu" })]);
    assert.deepEqual([...only.emails.keys()], ["both@x.edu", "theirs@x.edu"]);
    assert.deepEqual(only.emails.get("both@x.edu")?.claims, new Set([students]));
    assert.deepEqual(after(replacing({ email: "" })), ["both@x.edu", "theirs@x.edu"]);
  });
  it("stay if the column is absent, or the row has no databaseID", () => {
    assert.equal(after(replacing({})).length, 3);
    assert.equal(after(filling({ email: "ann@x.edu" })).length, 3);
  });
  it("that are named are claimed", () => {
    const { only, outcomes } = importFor(before, [filling({ email: "ann@x.edu;theirs@x.edu;new@x.edu" })]);
    assert.deepEqual(only.emails.get("theirs@x.edu")?.claims, new Set([manual, employees]));
    assert.deepEqual(only.emails.get("new@x.edu")?.claims, new Set([employees]));
    assert.deepEqual(outcomes, ["updated"]);
  });
  it("that are only claimed are no visible change", () => {
    assert.deepEqual(importFor(before, [filling({ email: "ann@x.edu;theirs@x.edu" })]).outcomes, ["unchanged"]);
  });
});

describe("phones", () => {
  const number = "+12025550123";
  const other = "+12125550187";
  const phone = (user: User) => user.phones.get(`${number}x`);
  const before = (owner: ClaimNumber, claims = [owner]) => ({ phones: { [number]: { owner, claims } } });

  it("are withdrawn by rows with a databaseID like addresses", () => {
    const phones = {
      [number]: { owner: employees, claims: [employees] },
      [other]: { owner: students, claims: [employees, students] },
    };
    const { only } = importFor({ phones }, [replacing({ phone: "" })]);
    assert.deepEqual(
      describeUser(only).phones.map((one) => one.number),
      [other],
    );
    assert.equal(importFor({ phones }, [replacing({})]).only.phones.size, 2);
    assert.equal(importFor({ phones }, [filling({ phone: "" })]).only.phones.size, 2);
  });
  it("are numbers with extensions", () => {
    const { only } = importFor(before(employees), [filling({ phone: "202-555-0123 x9" })]);
    assert.deepEqual([...only.phones.keys()], [`${number}x`, `${number}x9`]);
  });
  it("change their attributes on rows with a databaseID, unless their owner outranks the source", () => {
    const sent = { phone: "2025550123|Sprint|1||home" };
    for (const owner of [employees, affiliates]) {
      const { label, messageType, carrier, owner: after } = phone(importFor(before(owner), [replacing(sent)]).only)!;
      assert.deepEqual([label, messageType, carrier, after], ["home", 1, "Sprint", employees]);
    }
    for (const owner of [students, manual]) {
      const { label, owner: after, claims } = phone(importFor(before(owner), [replacing(sent)]).only)!;
      assert.deepEqual([label, after, claims], ["cell", owner, new Set([owner, employees])]);
    }
  });
  it("that are repeated as they are get a new owner of higher rank only", () => {
    const after = (owner: ClaimNumber) =>
      phone(importFor(before(owner), [replacing({ phone: "2025550123" })]).only)?.owner;
    assert.deepEqual([affiliates, students, manual].map(after), [employees, students, manual]);
    const equal = world({ users: [stored(1, { sources: { [students]: "1" }, ...before(employees) })] });
    equal.sources.set("students", { number: students, rank: 2 });
    assert.equal(phone(importRecords(equal, [replacing({ phone: "2025550123" })]).only)?.owner, employees);
  });
  it("never change their attributes on rows without a databaseID", () => {
    const { only, outcomes } = importFor(before(employees), [filling({ phone: "2025550123|||1|home" })]);
    assert.deepEqual([phone(only)?.label, outcomes], ["cell", ["unchanged"]]);
  });
});
