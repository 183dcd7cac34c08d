/** Compares the tables of roles and services with the code, cell by cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilitiesOf } from "../../src/directory/standing.ts";
import { type access, accessRule, mayUse } from "../../src/http/contract/access.ts";
import {
  actionsOfPerson,
  joiningOf,
  mayApproveImports,
  type PendingAction,
  type PendingType,
  readableTopics,
  submissionOf,
} from "../../src/moderation/rules.ts";
import { capabilities, roleRights } from "../../src/organizations/role-capabilities.ts";
import { services } from "../../src/organizations/services.ts";
import { roles } from "../../src/organizations/settings.ts";
import { type Document, readDocument, tableRows } from "./markdown.ts";

const page = readDocument("docs/reference/roles.md");

/** The rows of the table whose first heading this is; of several the one that has the other heading, too. */
function tableHeaded(document: Document, first: string, other?: string): string[][] {
  const rows = tableRows(document);
  const heading = rows.findIndex((cells) => cells[0] === first && (other === undefined || cells.includes(other)));
  assert(heading >= 0, `a table of "${first}"`);
  const after = rows.slice(heading + 2);
  // The rule of the next table; its heading is the row before.
  const rule = after.findIndex((cells) => cells.every((cell) => /^-+$/.test(cell)));
  return rule < 0 ? after : after.slice(0, rule - 1);
}

const yesOrNo = (is: boolean) => (is ? "yes" : "no");

const roleRow = (name: string, role: number) => {
  const { scope, capabilities: has } = roleRights[role]!;
  const where = scope === "group" ? "its group" : "every group (`organization`)";
  return [`${role} ${name.replaceAll("-", " ")}`, where, ...capabilities.map((one) => yesOrNo(has.includes(one)))];
};
const outsiderRow = [
  "none: an outsider",
  "groups that are not secret",
  ...capabilities.map((one) => yesOrNo(capabilitiesOf(null, false).includes(one))),
];

/** The roles in the columns of the table of actions. */
const columns = [null, 0, 4, 3, 1, 2].map((role) => {
  const has = capabilitiesOf(role, role === 2);
  const asker = { decides: has.includes("decide"), administers: has.includes("administer") };
  return { role, capabilities: has, ...asker, decidesImports: role === 2 };
});
type Column = (typeof columns)[number];

/** Of whose things somebody may do something: of their own, of others. */
const whose = (own: boolean, others: boolean) => {
  if (own) return others ? "all" : "own";
  return others ? "of others" : "no";
};
const actsOn = (type: PendingType, action: PendingAction) => (column: Column) => {
  const decides = type === "import" ? column.decidesImports : column.decides;
  const may = (isOwn: boolean) => actionsOfPerson(type, { ...column, decides, isOwn }).includes(action);
  return whose(may(true), may(false));
};
const same =
  (...tellers: ((column: Column) => string)[]) =>
  (column: Column) =>
    [...new Set(tellers.map((tell) => tell(column)))].join(" or ");
const submits = (type: number, postApproval: boolean) => (column: Column) =>
  ({ forbidden: "no", pending: "waits", published: "published" })[
    submissionOf(column.capabilities, { type, postApproval })
  ];
const asks =
  (privacy: number) =>
  ({ role }: Column) =>
    ({ already_member: "no", pending: "waits", approved: "joins", unknown_group: "unknown" })[
      joiningOf({ privacy }, role)
    ];
const readsPublished = (column: Column) => {
  const [inPublic, inPrivate] = [1, 2].map((privacy) => readableTopics({ privacy }, column).published);
  return inPublic && !inPrivate ? "public" : yesOrNo(inPublic === true);
};

const deeds: Readonly<Record<string, (column: Column) => string>> = {
  "submits to a group of type 1 without post approval": submits(1, false),
  "submits to one of type 2, or with post approval": same(submits(1, true), submits(2, false), submits(2, true)),
  "reads topics that were published": readsPublished,
  "reads other topics": (column) => whose(true, readableTopics({ privacy: 1 }, column).unpublished),
  "asks to join a public group": asks(1),
  "asks to join a private group": asks(2),
  "asks to join a secret group": asks(3),
  "approves and rejects topics and requests": same(
    ...(["topic", "membership"] as const).flatMap((type) => [actsOn(type, "approve"), actsOn(type, "reject")]),
  ),
  "withdraws topics": actsOn("topic", "withdraw"),
  "withdraws requests": actsOn("membership", "withdraw"),
  "approves held imports": actsOn("import", "approve"),
  "rejects held imports": actsOn("import", "reject"),
};
const deedRows = Object.entries(deeds).map(([deed, tell]) => [deed, ...columns.map(tell)]);

/** Actions of keys, with the addresses that each needs. A key opens all of them or none. */
const keyDeeds: Readonly<Record<string, readonly (keyof typeof access)[]>> = {
  "see groups and members": ["GET /v1/groups", "GET /v1/groups/:groupId", "GET /v1/groups/:groupId/members"],
  "read topics, membership requests and what waits": [
    "GET /v1/groups/:groupId/topics",
    "GET /v1/topics/:id",
    "GET /v1/pending",
    "GET /v1/groups/:groupId/membership-requests",
    "GET /v1/membership-requests/:id",
  ],
  "submit, ask and withdraw for a person": [
    "POST /v1/groups/:groupId/topics",
    "POST /v1/groups/:groupId/membership-requests",
    "POST /v1/topics/:id/withdraw",
    "POST /v1/membership-requests/:id/withdraw",
  ],
  "approve topics and requests": ["POST /v1/pending/:id/approve", "POST /v1/pending/decisions"],
  "approve held imports": ["POST /v1/imports/:id/approve", "POST /v1/pending/:id/approve"],
  "reject topics and requests, discard held imports": ["POST /v1/pending/:id/reject", "POST /v1/imports/:id/discard"],
  "administer groups and their members": [
    "POST /v1/groups",
    "PATCH /v1/groups/:groupId",
    "DELETE /v1/groups/:groupId",
    "PUT /v1/groups/:groupId/members/:userId",
    "POST /v1/groups/:groupId/members",
  ],
};
const keyRows = Object.entries(keyDeeds).map(([deed, addresses]) => [
  deed,
  ...services.map((service) => {
    const open = addresses.map((address) => {
      const [method = "", pattern = ""] = address.split(" ");
      return mayUse([service], accessRule(method, pattern)!.services);
    });
    const isOpen = [...new Set(open)].map(yesOrNo).join(" or ");
    return deed === "approve held imports" ? yesOrNo(mayApproveImports([service])) : isOpen;
  }),
]);

test("the reference lists the rights of each role, cell by cell", () => {
  assert.deepEqual(tableHeaded(page, "role", "`see`"), [...roles.map(roleRow), outsiderRow]);
  assert.deepEqual(tableHeaded(page, "in a group"), deedRows);
});

test("the reference lists the rights of each service, cell by cell", () => {
  assert.deepEqual(tableHeaded(page, "with a key"), keyRows);
});
