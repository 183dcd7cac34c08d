/** File formats, section 3: lists of groups as programs of other countries, and other programs, write them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGroupOrders } from "../../src/intake/group-orders.ts";

test("a comma of Chinese or Japanese separates as a comma does", () => {
  for (const cell of ["G1，G2", "G1、G2"]) {
    assert.deepEqual(
      parseGroupOrders(cell, [], new Set([cell])).orders.join.map(({ groupId }) => groupId),
      [cell],
    );
    const { orders, issues } = parseGroupOrders(cell, []);
    assert.deepEqual(
      orders.join.map(({ groupId }) => groupId),
      ["G1", "G2"],
    );
    assert.deepEqual(
      issues.map(({ code }) => code),
      ["group_list_split"],
    );
  }
});

test("a second pair of quotation marks is read through", () => {
  const { orders } = parseGroupOrders('"G1";"00002 G2"', []);
  assert.deepEqual([orders.join.map(({ groupId }) => groupId), orders.leave], [["G1"], ["G2"]]);
});
