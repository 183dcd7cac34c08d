import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseGroupOrders } from "../../src/intake/group-orders.ts";
import { limits } from "../../src/intake/limits.ts";
import type { GroupOrders } from "../../src/intake/records.ts";
import { property } from "./support.ts";

const grantable = [1, 3, 4];
const nothing: GroupOrders = { deletePerson: false, leaveAll: false, leave: [], join: [] };
const joining = (...groups: (readonly [string, number | null])[]): GroupOrders["join"] =>
  groups.map(([groupId, role]) => ({ groupId, role }));

function assertOrders(cell: string, orders: Partial<GroupOrders>): void {
  assert.deepEqual(parseGroupOrders(cell, grantable), { orders: { ...nothing, ...orders }, issues: [] }, cell);
}

function assertFails(cell: string, code: string, details: Record<string, unknown> = {}): void {
  const parsed = parseGroupOrders(cell, grantable);
  assert.equal(parsed.failure?.code, code, cell);
  assert.equal(parsed.failure.field, "groupID");
  assert.deepEqual({ ...parsed.failure.details, ...details }, parsed.failure.details, cell);
  assert.deepEqual(parsed.orders, nothing);
  assert.deepEqual(parsed.issues, []);
}

suite("file formats, section 3: the groupID column", () => {
  test("a blank cell orders nothing", () => {
    assertOrders("", {});
    assertOrders(" ; ;", {});
  });

  test("G adds to group G", () => {
    assertOrders("G", { join: joining(["G", null]) });
    assertOrders(" G 1 ;; g;\n1001;00003;000;01;00000x", {
      join: joining(
        ["G 1", null],
        ["g", null],
        ["1001", null],
        ["00003", null],
        ["000", null],
        ["01", null],
        ["00000x", null],
      ),
    });
  });

  test("G|0 to G|4 add with a role", () => {
    assert.deepEqual(parseGroupOrders("A|0;B|1;C|2;D|3; E | 4 ", [1, 2, 3, 4]), {
      orders: { ...nothing, join: joining(["A", 0], ["B", 1], ["C", 2], ["D", 3], ["E", 4]) },
      issues: [],
    });
  });

  test("00000 alone deletes the person", () => {
    assertOrders("00000", { deletePerson: true });
    assertOrders(" 00000 ; ", { deletePerson: true });
  });

  test("00000 beside another token fails the row", () => {
    for (const cell of [
      "00000;G",
      "G;00000",
      "00000;00000",
      "00000;00001",
      "G|00002;00000",
      "00002;00000",
      "00002 G;00000",
    ]) {
      assertFails(cell, "delete_code_not_alone");
    }
  });

  test("00001 leaves all groups; groups named beside it are then joined", () => {
    assertOrders("00001", { leaveAll: true });
    assertOrders("00001;G;H|1", { leaveAll: true, join: joining(["G", null], ["H", 1]) });
    assertOrders("G;00001", { leaveAll: true, join: joining(["G", null]) });
    assertOrders("00001;00001;G", { leaveAll: true, join: joining(["G", null]) });
  });

  test("00002;G1;G2 leaves G1 and G2", () => {
    assertOrders("00002;G1;G2", { leave: ["G1", "G2"] });
    assertOrders("00002;G1;G1;", { leave: ["G1"] });
    assertOrders("G0;00002;G1", { leave: ["G1"], join: joining(["G0", null]) });
    assertOrders("00001;G0;00002;G1", { leaveAll: true, leave: ["G1"], join: joining(["G0", null]) });
    assertOrders("00002;G1;00001;G2", { leaveAll: true, leave: ["G1"], join: joining(["G2", null]) });
  });

  test("G1|00002;G2|00002 leaves G1 and G2 and may be mixed with additions", () => {
    assertOrders("G1|00002;G2|00002", { leave: ["G1", "G2"] });
    assertOrders("A;G1 | 00002;B|3", { leave: ["G1"], join: joining(["A", null], ["B", 3]) });
  });

  test("00002 G1 with a space is the same as 00002;G1", () => {
    assertOrders("00002 G1", { leave: ["G1"] });
    assertOrders("00002 \t G 1", { leave: ["G 1"] });
    assertOrders("00002 G1;00002 G2", { leave: ["G1", "G2"] });
    assertOrders("00002 G1;G2", { leave: ["G1", "G2"] });
  });

  test("|2 promotes and |00002 removes: tokens are compared as exact strings", () => {
    assert.deepEqual(parseGroupOrders("G|2", [2]).orders, { ...nothing, join: joining(["G", 2]) });
    assert.deepEqual(parseGroupOrders("G|00002", [2]).orders, { ...nothing, leave: ["G"] });
  });

  test("a bare 0, 1 or 2 fails the row and names the code that a spreadsheet damaged", () => {
    assertFails("0", "group_code_damaged", { value: "0", code: "00000" });
    assertFails("1", "group_code_damaged", { value: "1", code: "00001" });
    assertFails(" 2 ", "group_code_damaged", { value: "2", code: "00002" });
    assertFails("G;1;H", "group_code_damaged", { code: "00001" });
    assertFails("2;G1;G2", "group_code_damaged", { code: "00002" });
    assertOrders("1|1;3;12", { join: joining(["1", 1], ["3", null], ["12", null]) });
  });

  test("anything else after | fails the row, and so does what names no group", () => {
    for (const cell of [
      "G|5",
      "G|",
      "G|-1",
      "G|01",
      "G|0002",
      "G|00000",
      "G|00001",
      "G|x",
      "G|1|2",
      "G|1.0",
      "|1",
      "|",
      "G||1",
      "A;G|9;B",
      "00000|1",
      "00001|0",
      "00002|G",
      "00002|00002",
      "00001 G",
      "00000 00000",
      "00002 ",
      "00002",
      "00002;",
      "00002 00001",
      "00002 G|1",
      "00002;G|2",
      "A\u0000B",
      "A\u001fB",
      "A\u0085B",
      "x".repeat(limits.user.groupIdLength + 1),
      `${"x".repeat(limits.user.groupIdLength + 1)}|1`,
    ]) {
      assertFails(cell, "group_token_invalid");
    }
    assertFails("A;G|9;B", "group_token_invalid", { value: "G|9" });
    assertOrders("x".repeat(limits.user.groupIdLength), {
      join: joining(["x".repeat(limits.user.groupIdLength), null]),
    });
  });

  test("line breaks, tabs and commas separate groups; a comma with a warning, unless a group is called so", () => {
    assertOrders("G1\nG2\tG3", { join: joining(["G1", null], ["G2", null], ["G3", null]) });
    for (const cell of ["G1,G2", "G1, G2", "G1,G2;", "'G1,'G2"]) {
      const { orders, issues } = parseGroupOrders(cell, []);
      assert.deepEqual(orders.join, joining(["G1", null], ["G2", null]), cell);
      assert.deepEqual(
        issues.map(({ code }) => code),
        ["group_list_split"],
      );
    }
    assert.deepEqual(parseGroupOrders("00001,G1", []).orders.leaveAll, true);
    const known = parseGroupOrders("G1,G2;Class of 2027, West|1", [1], new Set(["G1,G2", "Class of 2027, West"]));
    assert.deepEqual(known.orders.join, joining(["G1,G2", null], ["Class of 2027, West", 1]));
    const unclear = parseGroupOrders("Class of 2027, Band West;G1", []);
    assert.deepEqual(unclear.orders.join, joining(["G1", null]));
    assert.equal(unclear.issues[0]?.code, "group_list_unclear");
  });

  test("guards around cells and tokens are read through", () => {
    assert.equal(parseGroupOrders('="00001"', []).orders.leaveAll, true);
    assert.equal(parseGroupOrders("'00000", []).orders.deletePerson, true);
    assertOrders('\'G1;="G2"', { join: joining(["G1", null], ["G2", null]) });
  });

  test("what a program left of a list or a character makes no group", () => {
    for (const cell of [
      "System.Object[]",
      "G1;System.String[]",
      "Microsoft.ActiveDirectory.Management.ADPropertyValueCollection",
      "[object Object]",
      "Array",
      "{}",
      "[]",
      "['G1', 'G2']",
      '["G1","G2"]',
      "{G1,G2}",
      "java.util.ArrayList@1b2c3d4",
      "R&amp;D",
      "G1;Arts &#38; Crafts",
    ]) {
      assertFails(cell, "export_damage", { field: "groupID" });
    }
    for (const cell of ["[E]", "[F; G]", "{H}", '["I"]', "['J', 'K']"]) assertFails(cell, "export_damage");
    for (const cell of ["1,000", "12.000"]) assertFails(cell, "spreadsheet_damage");
    assertOrders("Art History,", { join: joining(["Art History", null]) });
    for (const cell of ["00001:G1", "00002.G1", "00000=x"]) assertFails(cell, "group_token_invalid");
    for (const cell of ["R&D", "System", "Array of Hope", "(Staff)", "00001-01", "00001234", "a@1b2c", "Mar-27x"]) {
      assertOrders(cell, { join: joining([cell, null]) });
    }
  });

  test("a role that imports may not grant becomes member, with a warning", () => {
    assert.deepEqual(parseGroupOrders("G|2", grantable), {
      orders: { ...nothing, join: joining(["G", 0]) },
      issues: [{ code: "role_not_permitted", field: "groupID", details: { role: 2, groupId: "G" } }],
    });
    assert.deepEqual(parseGroupOrders("G|0", []), { orders: { ...nothing, join: joining(["G", 0]) }, issues: [] });
    assert.equal(parseGroupOrders("G|1", []).issues.length, 1);
  });

  test("a group that is named twice is joined once, with the highest permitted role", () => {
    assertOrders("G;G", { join: joining(["G", null]) });
    assertOrders("G;G|0", { join: joining(["G", 0]) });
    assertOrders("G|1;G;G|3", { join: joining(["G", 1]) });
    assert.deepEqual(parseGroupOrders("G|2;G|4", grantable).orders.join, joining(["G", 4]));
    const byPower = [0, 4, 3, 1, 2];
    for (const [lower, low] of byPower.entries()) {
      for (const high of byPower.slice(lower)) {
        assert.deepEqual(parseGroupOrders(`G|${low};G|${high}`, byPower).orders.join, joining(["G", high]));
        assert.deepEqual(parseGroupOrders(`G|${high};G|${low}`, byPower).orders.join, joining(["G", high]));
      }
    }
  });

  test("a group that is both left and joined is in both lists", () => {
    assertOrders("G;G|00002", { leave: ["G"], join: joining(["G", null]) });
  });

  test("more groups than the limit fail the row", () => {
    const cell = (count: number): string => Array.from({ length: count }, (_, index) => `G${index}`).join(";");
    assert.equal(parseGroupOrders(cell(limits.user.groups), []).orders.join.length, limits.user.groups);
    assertFails(cell(limits.user.groups + 1), "value_invalid", { field: "groupID" });
  });

  test("whatever a cell holds, every token is obeyed or the row fails", () => {
    const group = fc.constantFrom("A", "B", "C 1", "1001");
    const role = fc.integer({ min: 0, max: 4 });
    const token = fc.oneof(
      group.map((groupId) => ({ text: groupId, join: groupId })),
      fc.tuple(group, role).map(([groupId, number]) => ({ text: `${groupId}|${number}`, join: groupId })),
      group.map((groupId) => ({ text: `${groupId}|00002`, leave: groupId })),
      fc.constant({ text: "00001", all: true }),
      fc.constantFrom("0", "1", "2", "G|7", "|", "00001 G").map((text) => ({ text, wrong: true })),
      fc.constant({ text: "00000", remove: true }),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 6 }), (tokens) => {
        const parsed = parseGroupOrders(tokens.map(({ text }) => text).join(" ; "), [1, 2, 3, 4]);
        const named = (key: "join" | "leave"): Set<unknown> =>
          new Set(tokens.flatMap((item) => (key in item ? [(item as Record<string, unknown>)[key]] : [])));
        const wrong =
          tokens.some((item) => "wrong" in item) || (tokens.length > 1 && tokens.some((item) => "remove" in item));
        assert.equal(parsed.failure !== undefined, wrong);
        if (wrong) return;
        assert.deepEqual(new Set(parsed.orders.join.map(({ groupId }) => groupId)), named("join"));
        assert.deepEqual(new Set(parsed.orders.leave), named("leave"));
        assert.equal(
          parsed.orders.leaveAll,
          tokens.some((item) => "all" in item),
        );
        assert.equal(
          parsed.orders.deletePerson,
          tokens.some((item) => "remove" in item),
        );
      }),
      property(2_000),
    );
  });
});
