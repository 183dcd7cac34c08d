/** People as feeds write them can be imported again (file formats, sections 1 to 3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toFeedRecord } from "../../src/directory/feed-record.ts";
import type { UserDocument } from "../../src/directory/user-schema.ts";
import { normalizeUser } from "../../src/intake/normalize-user.ts";

const user: UserDocument = {
  id: "1",
  version: 1,
  firstName: 'Ann "A"',
  lastName: "O'Hara",
  preferredName: null,
  username: "aash",
  emails: ["a@x.edu", "b@x.edu"],
  phones: [{ number: "+12125550101", extension: "5", messageType: 2, label: "home", carrier: "A;B|C" }],
  memberships: [
    { groupId: "G", role: 0 },
    { groupId: "K", role: 4 },
  ],
  address: null,
  customFields: ["x;y", "a,b", "", ";;", "ü"],
  location: "Main",
  showAllGroups: true,
  sources: [{ source: "default", databaseId: "0001" }],
} as unknown as UserDocument;

test("a person survives export and import, custom fields with ; included", () => {
  const values = toFeedRecord(user, "default");
  const row = normalizeUser({ row: 1, line: 1, values }, { countryCode: "44", grantableRoles: [4] });
  assert.equal(row.failure, undefined);
  assert.deepEqual(row.customFields, user.customFields);
  assert.deepEqual(
    row.emails?.map(({ email }) => email),
    user.emails,
  );
  assert.deepEqual(row.phones, [
    { number: "+12125550101", extension: "5", messageType: 2, label: "home", carrier: "A B C" },
  ]);
  assert.deepEqual([row.databaseId, row.username, row.location], ["0001", "aash", "Main"]);
  assert.deepEqual(
    row.groups?.join.map(({ groupId, role }) => [groupId, role]),
    [
      ["G", null],
      ["K", 4],
    ],
  );
});
