import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LocationField } from "../../src/intake/location-columns.ts";
import { normalizeLocation } from "../../src/reconcile/locations/normalize-location.ts";
import { planLocations } from "../../src/reconcile/locations/plan-locations.ts";

const north = { name: "North", groups: ["A"] };

const plan = (...records: Partial<Record<LocationField, string>>[]) =>
  planLocations(
    records.map((values, index) => normalizeLocation({ row: index + 1, line: index + 1, values })),
    [north],
    new Set(["A", "B"]),
  );

describe("planLocations (file formats, section 7)", () => {
  it("creates, updates, keeps and deletes", () => {
    assert.deepEqual(
      plan({ name: "South", groupID: "B" }, { action: "modify", name: "NORTH", groupID: "B" }).locations,
      [
        { action: "create", row: 1, location: { name: "South", groups: ["B"] } },
        {
          action: "update",
          row: 2,
          location: { name: "North", groups: ["B"] },
          changed: { groups: { from: ["A"], to: ["B"] } },
        },
      ],
    );
    assert.deepEqual(plan({ name: "north" }).locations, [{ action: "keep", row: 1, name: "North" }]);
    assert.deepEqual(plan({ action: "delete", name: "north" }).locations, [
      { action: "delete", row: 1, name: "North" },
    ]);
  });

  it("does nothing about an unknown location that is to go", () => {
    assert.deepEqual(plan({ action: "delete", name: "South" }), { locations: [], failures: new Map() });
  });

  it("fails unknown groups, unknown locations to modify, and rows about the same location", () => {
    const { locations, failures } = plan(
      { name: "West", groupID: "A;X" },
      { action: "modify", name: "South" },
      { name: "East" },
      { name: "EAST" },
    );
    assert.deepEqual(locations, []);
    assert.deepEqual(
      [...failures].map(([row, { details }]) => [row, details.reason]),
      [
        [1, "there is no group X"],
        [2, "there is no such location to modify"],
        [3, "line 4 is about the same location"],
        [4, "line 3 is about the same location"],
      ],
    );
  });
});
