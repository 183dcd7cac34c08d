/** The tables of who may do what with what waits, cell by cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilitiesOf } from "../../src/directory/standing.ts";
import {
  actionsOfKey,
  actionsOfPerson,
  joiningOf,
  mayApproveImports,
  readableTopics,
  submissionOf,
} from "../../src/moderation/rules.ts";
import { type Service, services } from "../../src/organizations/services.ts";

/** Roles 0 to 4, somebody outside, and a network administrator of another group. */
const kinds = [0, 1, 2, 3, 4, null, "network administrator"] as const;
type Kind = (typeof kinds)[number];

const standingOf = (kind: Kind) => {
  const role = kind === "network administrator" ? null : kind;
  return { role, capabilities: capabilitiesOf(role, kind === "network administrator" || kind === 2) };
};
const capabilitiesFor = (kind: Kind) => standingOf(kind).capabilities;

test("a topic is published at once, waits, or is refused, by role, type and post approval", () => {
  const cells = (type: number, postApproval: boolean) =>
    kinds.map((kind) => submissionOf(capabilitiesFor(kind), { type, postApproval }));
  const publishes = ["published", "published", "published", "published"];
  assert.deepEqual(cells(1, false), ["published", ...publishes, "forbidden", "published"]);
  assert.deepEqual(cells(1, true), ["pending", ...publishes, "forbidden", "published"]);
  assert.deepEqual(cells(2, false), ["pending", ...publishes, "forbidden", "published"]);
  assert.deepEqual(cells(2, true), ["pending", ...publishes, "forbidden", "published"]);
});

test("who asks to join is taken, waits, or learns nothing, by the group's privacy; members belong to it already", () => {
  for (const privacy of [1, 2, 3]) {
    for (const role of [0, 1, 2, 3, 4]) {
      assert.equal(joiningOf({ privacy }, role), "already_member", `role ${role}, privacy ${privacy}`);
    }
  }
  assert.deepEqual(
    [1, 2, 3].map((privacy) => joiningOf({ privacy }, null)),
    ["approved", "pending", "unknown_group"],
  );
});

test("published topics of a private or secret group are for its members; unpublished ones for those who decide", () => {
  const cells = (privacy: number) =>
    kinds.map((kind) => {
      const { published, unpublished } = readableTopics({ privacy }, standingOf(kind));
      return `${published ? "p" : "-"}${unpublished ? "u" : "-"}`;
    });
  assert.deepEqual(cells(1), ["p-", "pu", "pu", "pu", "p-", "p-", "pu"]);
  assert.deepEqual(cells(2), ["p-", "pu", "pu", "pu", "p-", "--", "pu"]);
  assert.deepEqual(cells(3), ["p-", "pu", "pu", "pu", "p-", "--", "pu"]);
});

test("full, limited and network administrators decide; authors and administrators withdraw topics, who asked requests", () => {
  const cells = (type: "topic" | "membership", isOwn: boolean) =>
    kinds.map((kind) => {
      const capabilities = capabilitiesFor(kind);
      const asker = {
        decides: capabilities.includes("decide"),
        administers: capabilities.includes("administer"),
        isOwn,
      };
      return actionsOfPerson(type, asker).join(" ");
    });
  const decides = "approve reject";
  const all = "approve reject withdraw";
  assert.deepEqual(cells("topic", false), ["", all, all, decides, "", "", all]);
  assert.deepEqual(cells("topic", true), ["withdraw", all, all, all, "withdraw", "withdraw", all]);
  assert.deepEqual(cells("membership", false), ["", decides, decides, decides, "", "", decides]);
  assert.deepEqual(cells("membership", true), ["withdraw", all, all, all, "withdraw", "withdraw", all]);
});

test("held imports are decided about by network administrators alone, and withdrawn by nobody", () => {
  for (const isOwn of [false, true]) {
    const expected = isOwn ? ["reject"] : ["approve", "reject"];
    assert.deepEqual(actionsOfPerson("import", { decides: true, administers: true, isOwn }), expected);
    assert.deepEqual(actionsOfPerson("import", { decides: false, administers: true, isOwn }), []);
  }
});

test("a key decides by its services, and one that may import approves no import", () => {
  const cell = (type: "topic" | "membership" | "import", ...given: Service[]) => actionsOfKey(type, given).join(" ");
  const expected: Readonly<Record<Service, readonly [item: string, heldImport: string]>> = {
    import: ["", ""],
    retrieve: ["", ""],
    groups: ["withdraw", ""],
    approvals: ["approve reject", "approve reject"],
    admin: ["approve reject withdraw", "reject"],
  };
  for (const service of services) {
    const [item, heldImport] = expected[service];
    assert.deepEqual(
      [cell("topic", service), cell("membership", service), cell("import", service)],
      [item, item, heldImport],
      service,
    );
  }
  assert.equal(cell("import", "approvals", "import"), "reject");
  assert.equal(cell("topic", "approvals", "import"), "approve reject");
  assert.equal(mayApproveImports(["approvals", "retrieve"]), true);
});
