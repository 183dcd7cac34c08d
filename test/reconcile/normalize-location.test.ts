import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LocationField } from "../../src/intake/location-columns.ts";
import { normalizeLocation } from "../../src/reconcile/locations/normalize-location.ts";

const normalize = (values: Partial<Record<LocationField, string>>) => normalizeLocation({ row: 1, line: 2, values });

describe("normalizeLocation (file formats, section 7)", () => {
  it("reads groups once and in their order, and names without regard to case", () => {
    assert.deepEqual(normalize({ action: "Modify", name: "North Campus", groupID: "B; A;;B" }), {
      row: 1,
      line: 2,
      action: "modify",
      name: "North Campus",
      nameNormalized: "north campus",
      groups: ["A", "B"],
    });
  });

  it("tells absent groups from blank ones", () => {
    assert.equal("groups" in normalize({ name: "North" }), false);
    assert.deepEqual(normalize({ name: "North", groupID: "" }).groups, []);
  });

  it("fails a row with any invalid field, and keeps the name", () => {
    assert.equal(normalize({ name: "North-West" }).failure?.field, "name");
    assert.equal(normalize({ name: "x".repeat(201) }).failure?.field, "name");
    assert.equal(normalize({ name: "" }).failure?.field, "name");
    assert.equal(normalize({ action: "purge", name: "North" }).failure?.field, "action");
    const { failure, nameNormalized } = normalize({ name: "North", groupID: "A;00000" });
    assert.equal(failure?.field, "groupID");
    assert.equal(nameNormalized, "north");
  });
});
