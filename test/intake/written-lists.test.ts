/** Lists as people and programs write them (file formats, sections 1.6, 2 and 3). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rowIssues } from "../../src/errors.ts";
import { parseEmails } from "../../src/intake/emails.ts";
import { parseGroupOrders } from "../../src/intake/group-orders.ts";
import { parsePhones } from "../../src/intake/phones.ts";

describe("phones", () => {
  const cases: readonly (readonly [cell: string, phones: readonly string[]])[] = [
    ["2125550101<br>2125550102", ["+12125550101 3", "+12125550102 3"]],
    ["212-555-0101<BR />212-555-0102", ["+12125550101 3", "+12125550102 3"]],
    ["2125550101 2125550102", ["+12125550101 3", "+12125550102 3"]],
    ["212 555 0101 voice", ["+12125550101 2"]],
    ["212-555-0101 (text only)", ["+12125550101 1"]],
    ["2125550101 - sms", ["+12125550101 1"]],
    ["2125550101 voice||both", ["+12125550101 3"]],
    ["212-555-0101 x12 voice", ["+12125550101x12 2"]],
  ];
  for (const [cell, phones] of cases) {
    test(`${cell} is ${phones.join(" and ")}`, () => {
      const read = parsePhones(cell, "1");
      const shown = read.phones.map(
        ({ number, extension, messageType }) => `${number}${extension === "" ? "" : `x${extension}`} ${messageType}`,
      );
      assert.deepEqual([shown, read.issues], [phones, []]);
    });
  }
});

test("e-mails are separated by the line breaks of HTML, too", () => {
  const { emails, issues } = parseEmails("a@x.edu<br>b@x.edu<br/>Cy <c@x.edu>");
  assert.deepEqual([emails.map(({ email }) => email), issues], [["a@x.edu", "b@x.edu", "c@x.edu"], []]);
});

test("a remark after an address is left out", () => {
  const { emails, issues } = parseEmails("a@x.edu (work); b@x.edu (Personal)");
  assert.deepEqual([emails.map(({ email }) => email), issues], [["a@x.edu", "b@x.edu"], []]);
  assert.deepEqual(parseEmails("a@x.edu (mother)").emails, []);
});

test("groups are separated by full-width semicolons, too", () => {
  const { orders, issues } = parseGroupOrders("G1；G2;G3|4", [4]);
  const join = [
    { groupId: "G1", role: null },
    { groupId: "G2", role: null },
    { groupId: "G3", role: 4 },
  ];
  assert.deepEqual([orders.join, issues], [join, []]);
});

describe("a token of groupID that cannot be read is explained:", () => {
  for (const [cell, message] of [
    ["00002;", /^"00002" names no group to leave\. Write 00002;G or G\|00002, and send/],
    [
      "00002;G;K|1",
      /^"K\|1" has a role, but the groups after 00002 are left\. Put the groups to join before 00002, and/,
    ],
    ["G|7", /^"G\|7" is not a group token\. Write G, G\|0 … G\|4 or G\|00002, and/],
  ] as const) {
    test(cell, () => {
      const { failure } = parseGroupOrders(cell, [1]);
      assert.match(rowIssues[failure!.code].message(failure!.details), message);
    });
  }

  test("tags of HTML make no group", () => {
    assert.equal(parseGroupOrders("G1<br>G2", []).failure?.code, "export_damage");
    assert.equal(parseGroupOrders("A<B", []).failure, undefined);
  });
});
