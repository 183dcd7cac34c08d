import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createIdSource } from "../src/identifiers.ts";

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("ids are UUIDs version 7 that begin with the time", () => {
  const newId = createIdSource(() => new Date(0x0198c4a57d3e), randomBytes);
  const id = newId();
  assert.match(id, pattern);
  assert.equal(id.slice(0, 13), "0198c4a5-7d3e");
});

test("ids sort by their making, within a millisecond and when the clock goes back", () => {
  let now = 1_800_000_000_000;
  const newId = createIdSource(() => new Date(now), randomBytes);
  const ids = Array.from({ length: 10_000 }, (_, index) => {
    if (index === 5000) now -= 1000;
    return newId();
  });
  assert(ids.every((id) => pattern.test(id)));
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});
