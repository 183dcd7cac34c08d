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

test("a list in brackets fails, and creates no groups with half a bracket", () => {
  for (const cell of ["[G1, G2]", "(G1, G2)", "G0;[G1,G2]"]) {
    const { orders, failure } = parseGroupOrders(cell, []);
    assert.deepEqual([failure?.code, orders.join], ["export_damage", []], cell);
  }
});

test("a distinguished name is one group", () => {
  const staff = "CN=All Staff,OU=Groups,DC=example,DC=edu";
  const { orders, issues } = parseGroupOrders(`${staff}|4;cn=Club, ou=Groups, dc=example`, [4]);
  assert.deepEqual(orders.join, [
    { groupId: staff, role: 4 },
    { groupId: "cn=Club, ou=Groups, dc=example", role: null },
  ]);
  assert.deepEqual(issues, []);
});
