import assert from "node:assert/strict";
import { test } from "node:test";
import sql from "sql-template-tag";
import { appendStatement, type Origin } from "../../src/changes/record.ts";
import { locationsChanged } from "../../src/directory/changed-locations.ts";
import { changedPeople } from "../../src/directory/changed-users.ts";
import { plainGroups, plainLocations } from "../../src/directory/create-many.ts";
import { nextRulesEpoch } from "../../src/directory/digests.ts";
import { allMemberships, detachGroups, removeGroups, removeParents } from "../../src/directory/dissolve-groups.ts";
import { movedUsers, removeLocations } from "../../src/directory/dissolve-locations.ts";
import { groupsAbove } from "../../src/directory/edit-groups.ts";
import { takeGroupNumber } from "../../src/directory/groups.ts";
import { pageOfUsers, type UserFilter } from "../../src/directory/list-users.ts";
import { locationsAfter, locationsNamed } from "../../src/directory/location-document.ts";
import { networkAdministratorsAmong } from "../../src/directory/member-authority.ts";
import { additions, groupWithId, pageOfMembers, removals, rolesOf } from "../../src/directory/members.ts";
import { membershipStatement } from "../../src/directory/membership-changes.ts";
import { mergeStatements } from "../../src/directory/merge-users.ts";
import { pageOfPermissions } from "../../src/directory/permissions.ts";
import { peopleByDatabaseId, peopleByUsername } from "../../src/directory/person-names.ts";
import { reachStatement } from "../../src/directory/reach.ts";
import { plannedItems, renumberedEntries, renumberStatements, takenIds } from "../../src/directory/renumber-source.ts";
import { administratorMemberships, networkAdministratorCount, writeGroups } from "../../src/directory/save-groups.ts";
import { writeLocations } from "../../src/directory/save-locations.ts";
import { buryStatement } from "../../src/directory/tombstone.ts";
import { userDocuments } from "../../src/directory/user-document.ts";
import { lookUp, settingsOf } from "../../src/directory/user-edit.ts";
import type { UserEdit } from "../../src/directory/user-input.ts";
import {
  insertMemberships,
  insertUser,
  replaceFurtherEmails,
  replacePhones,
  updateUserRow,
} from "../../src/directory/user-rows.ts";
import { oneUser } from "../../src/directory/users.ts";
import { pageOfGroups, viewerOf } from "../../src/directory/visible-groups.ts";
import { forgetStatement } from "../../src/organizations/forget-deleted.ts";
import { literal } from "../../src/store/sql.ts";
import { statementDatabase } from "../support/statement-database.ts";
import { refusedStatements } from "../support/statements.ts";

const { owner } = statementDatabase;

const at = new Date("2026-01-01T00:00:00Z");
const target = { organizationId: 1, userId: 2, author: 0 };
const manual: Origin = { actor: "test" };
const ofImport = { actor: "test", importId: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a", source: 3 };

/** Names statements by their place in a list. */
const numbered = (name: string, statements: readonly ReturnType<typeof sql>[]) =>
  Object.fromEntries(statements.map((statement, index) => [`${name} ${index}`, statement]));

const everything: UserEdit = {
  firstName: "A",
  lastName: "",
  username: "a",
  emails: [
    { email: "A@x.edu", normalized: "a@x.edu" },
    { email: "b@x.edu", normalized: "b@x.edu" },
  ],
  phones: [{ number: "+12125550123", extension: "", messageType: 3, label: "cell", carrier: "" }],
  address: "1 Main St",
  customFields: ["Junior"],
  location: "Main",
  showAllGroups: true,
};
const nothing: UserEdit = {
  username: null,
  emails: [],
  customFields: [],
  location: null,
  showAllGroups: null,
};

test("PostgreSQL accepts every statement of people", async () => {
  const refused = await refusedStatements(owner, {
    "one user": oneUser(1, 2),
    "documents of an import": userDocuments(literal(1), sql`select id from users where organization_id = 1`),
    "changed people": changedPeople(1, { after: 0, through: 9 }, undefined),
    "changed people of a group": changedPeople(1, { after: 0, through: 9 }, "G"),
    "changed locations": locationsChanged(1, { after: 0, through: 9 }),
    settings: settingsOf(1),
    "look-up": lookUp(target, everything, [{ groupId: "G", role: 0 }]),
    "look-up of nothing": lookUp(target, nothing, []),
    ...numbered(
      "edit",
      [everything, nothing, {}].flatMap((edit) => [
        insertUser(target, edit, at),
        updateUserRow(target, edit, true, at),
        updateUserRow(target, edit, false, at),
      ]),
    ),
    ...numbered("e-mails", replaceFurtherEmails(target, everything.emails!)),
    ...numbered("phones", replacePhones(target, everything.phones!)),
    memberships: insertMemberships(target, [{ groupId: "G", role: 0 }], at),
    ...numbered("merge", mergeStatements(1, 2, 3, at)),
    "by username": peopleByUsername(1, [0], ["a"]),
    "by databaseId": peopleByDatabaseId(1, [0], [{ databaseId: "1" }]),
    bury: buryStatement(1, [2], null, at),
    forget: forgetStatement(1, at),
  });
  assert.deepEqual(refused, []);
});

test("PostgreSQL accepts the list of people under every filter", async () => {
  const filter: Required<UserFilter> = {
    email: "a@x.edu",
    username: "a",
    databaseId: "1",
    source: "students",
    groupId: "G",
    location: "Main",
    query: "jane d",
  };
  const filters = [{}, filter, ...Object.entries(filter).map(([name, value]) => ({ [name]: value }))];
  const statements = filters.map((one) => pageOfUsers(1, one, { after: 1, limit: 10 }));
  assert.deepEqual(await refusedStatements(owner, numbered("list", statements)), []);
});

test("PostgreSQL accepts every statement of groups and memberships", async () => {
  const group = {
    groupId: "G",
    name: "G",
    category: 1,
    type: 1,
    privacy: 1,
    postApproval: false,
    description: "",
    style: null,
    default: false,
    protected: false,
    guardPercent: null,
    parentGroupId: null,
  };
  const viewer = { showAllGroups: false, location: null, isNetworkAdministrator: false };
  const changes = [
    additions(1, "G", [{ userId: 2, role: 0 }], at),
    removals(1, "G", [2]),
    allMemberships(1, ["G"]),
    administratorMemberships(1, ["G"], at),
  ];
  const refused = await refusedStatements(owner, {
    ...numbered(
      "memberships",
      changes.flatMap((expressions) => [
        membershipStatement(1, expressions, manual, at),
        membershipStatement(1, expressions, ofImport, at),
      ]),
    ),
    "page of members": pageOfMembers(1, "G", 0, 10),
    roles: rolesOf(1, "G", [2]),
    group: groupWithId(1, "G"),
    "network administrators": networkAdministratorsAmong(1, [2]),
    "count of network administrators": networkAdministratorCount(1),
    "next number": takeGroupNumber(1, 1000, true),
    above: groupsAbove(1, "G", "H"),
    "plain groups": plainGroups(1, ["G"], at),
    "write groups": writeGroups(1, [{ group, isNew: true, changed: {} }], at),
    "remove groups": removeGroups(1, ["G"]),
    "remove parents": removeParents(1, ["G"], at),
    "detach from locations": detachGroups(1, ["G"], at),
    "rules epoch": nextRulesEpoch(1, { affectsRows: false }),
    "rows epoch": nextRulesEpoch(1, { affectsRows: true }),
    viewer: viewerOf(1, 2),
    "visible groups": pageOfGroups(1, 2, viewer, "", 10),
    "reach of a group": reachStatement(1, "G", { reason: "no_text", after: 1, limit: 10 }),
    "reach of all": reachStatement(1, undefined, { reason: undefined, after: undefined, limit: 10 }),
    ...numbered("permissions", [
      pageOfPermissions(1, { userId: undefined }, { after: undefined, limit: 10 }),
      pageOfPermissions(1, { userId: 2, groupId: "G", role: 1 }, { after: [1, "G"], limit: 10 }),
    ]),
  });
  assert.deepEqual(refused, []);
});

test("PostgreSQL accepts every statement that renumbers a source", async () => {
  const pairs = [{ from: "1", to: "2" }];
  const items = [{ userId: "2", from: "1", to: "2" }];
  const refused = await refusedStatements(owner, {
    plan: plannedItems(1, 3, pairs),
    taken: takenIds(1, 3, pairs),
    entries: appendStatement(1, manual, renumberedEntries(1, 3, items)),
    ...numbered("renumber", renumberStatements(1, 3, items, pairs, at)),
  });
  assert.deepEqual(refused, []);
});

test("PostgreSQL accepts every statement of locations", async () => {
  const location = { name: "Main", groups: ["G"] };
  const refused = await refusedStatements(owner, {
    named: locationsNamed(1, ["Main"]),
    page: locationsAfter(1, "", 10),
    plain: plainLocations(1, ["Main"], at),
    ...numbered("write", writeLocations(1, [{ location, isNew: true, changed: {} }], at)),
    remove: removeLocations(1, ["Main"]),
    move: appendStatement(1, ofImport, movedUsers(1, ["Main"], "North", ofImport, at)),
    "move to none": appendStatement(1, manual, movedUsers(1, ["Main"], null, manual, at)),
  });
  assert.deepEqual(refused, []);
});
