import assert from "node:assert/strict";
import { after, test } from "node:test";
import sql, { type Sql } from "sql-template-tag";
import { userDocuments } from "../../src/directory/user-document.ts";
import type { UserDocument } from "../../src/directory/user-schema.ts";
import { userSchema } from "../../src/directory/user-schema.ts";
import { createOrganization } from "../../src/organizations/organizations.ts";
import { blankScalars } from "../../src/person/document.ts";
import { createTestDatabase } from "../support/database.ts";

const { owner } = await createTestDatabase({ after });
const organization = (name: string) =>
  createOrganization(owner, { name, settings: {}, createdAt: new Date("2026-01-01T00:00:00Z") });
const organizationId = await organization("One");
const otherId = await organization("Other");

/** Quotes, backslashes, line ends, characters of two to four bytes: all that JSON text can trip over. */
const odd = `"\\\n\t</é€💥'`;

async function insert(table: string, rows: readonly object[]): Promise<void> {
  const columns = Object.keys(rows[0]!).join(", ");
  await owner.query(
    `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`,
    [JSON.stringify(rows)],
  );
}

const person = (organization_id: number, id: number, more: object = {}) => ({
  organization_id,
  id,
  first_name: "A",
  last_name: "",
  email: null,
  username: null,
  address: "",
  custom_fields: [],
  location: null,
  show_all_groups: false,
  claims: 8,
  version: 1,
  created_at: "2026-01-01T00:00:00.000001Z",
  updated_at: "2026-07-01T12:34:56.789012+02:00",
  ...more,
});

const blankDocument: UserDocument = {
  ...blankScalars,
  id: "1",
  version: 1,
  firstName: "A",
  emails: [],
  phones: [],
  memberships: [],
  sources: [],
  origins: [],
  createdAt: "2026-01-01T00:00:00.000001Z",
  updatedAt: "2026-07-01T10:34:56.789012Z",
};

async function documents(ids: Sql): Promise<{ id: string; version: string; text: string }[]> {
  const { rows } = await owner.query(
    sql`select id, version, document as text from (${userDocuments(organizationId, ids)}) d order by id`,
  );
  return rows;
}

test.before(async () => {
  await insert("sources", [
    ...["b", "B", "é", "a"].map((name, index) => ({
      organization_id: organizationId,
      number: 10 + index,
      name,
      rank: 1,
      settings: {},
      version: 1,
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
    })),
  ]);
  await insert("users", [
    person(organizationId, 2, {
      first_name: odd,
      last_name: odd,
      username: odd,
      address: odd,
      custom_fields: [odd, "", "null"],
      location: odd,
      email: odd,
      email_normalized: odd,
      show_all_groups: true,
      version: 7,
      claims: 8 + 3,
    }),
    person(organizationId, 1),
    person(organizationId, 3, { address: `${odd}||IL`, claims: 1, email: "p@x.org", email_normalized: "p@x.org" }),
    person(organizationId, 4, { claims: 2, address: "|||||too|many" }),
    person(otherId, 2, { first_name: "Other", email: "other@x.org", email_normalized: "other@x.org" }),
  ]);
  const owned = (rows: readonly object[]) => [
    ...rows.map((row) => ({ organization_id: organizationId, user_id: 2, ...row })),
    ...rows.slice(0, 1).map((row) => ({ organization_id: otherId, user_id: 2, ...row })),
    ...rows.slice(0, 1).map((row) => ({ organization_id: organizationId, user_id: 3, ...row })),
  ];
  // Stored in no order at all: the documents have to bring one in.
  await insert(
    "user_emails",
    owned(
      ["b@x.org", "é@x.org", "A@x.org", "a@x.org", "💥@x.org"].map((email) => ({
        email,
        email_normalized: email,
        claims: 8,
      })),
    ),
  );
  await insert(
    "user_phones",
    owned(
      [
        ["+2", "1"],
        ["+1", "2"],
        ["+10", ""],
        ["+1", ""],
        ["+1", "10"],
      ].map(([number, extension]) => ({
        number,
        extension,
        message_type: 3,
        label: "cell",
        carrier: odd,
        owner: 3,
        claims: 8,
      })),
    ),
  );
  await insert(
    "memberships",
    owned(
      ["b", "é", "B", odd, "a"].map((group_id, index) => ({
        group_id,
        role: index,
        role_owner: 3,
        claims: 8,
        since: "2026-01-01T00:00:00Z",
      })),
    ),
  );
  await insert(
    "user_sources",
    [10, 11, 12, 13].map((source) => ({
      organization_id: organizationId,
      user_id: 2,
      source,
      database_id: source === 12 ? null : `${odd}${source}`,
    })),
  );
});

test("a document has every property in its place, lists in byte order, and all characters as they are", async () => {
  const [row] = await documents(sql`select 2::bigint as id`);
  assert.deepEqual([row?.id, row?.version], ["2", "7"]);
  const document = JSON.parse(row!.text);
  const phone = { messageType: 3, label: "cell", carrier: odd };
  assert.deepEqual(document, {
    ...blankDocument,
    id: "2",
    version: 7,
    firstName: odd,
    lastName: odd,
    username: odd,
    address: { text: odd },
    emails: [odd, "A@x.org", "a@x.org", "b@x.org", "é@x.org", "💥@x.org"],
    phones: [
      { number: "+1", extension: "", ...phone },
      { number: "+1", extension: "10", ...phone },
      { number: "+1", extension: "2", ...phone },
      { number: "+10", extension: "", ...phone },
      { number: "+2", extension: "1", ...phone },
    ],
    memberships: [
      { groupId: odd, role: 3 },
      { groupId: "B", role: 2 },
      { groupId: "a", role: 4 },
      { groupId: "b", role: 0 },
      { groupId: "é", role: 1 },
    ],
    customFields: [odd, "", "null"],
    location: odd,
    showAllGroups: true,
    origins: ["manual", "self-registered"],
    sources: [
      { source: "B", databaseId: `${odd}11` },
      { source: "a", databaseId: `${odd}13` },
      { source: "b", databaseId: `${odd}10` },
      { source: "é", databaseId: null },
    ],
  });
  assert.deepEqual(Object.keys(document), Object.keys(userSchema.shape));
});

test("a person without values gets a document of blanks", async () => {
  const [row] = await documents(sql`select 1::bigint as id`);
  assert.deepEqual(JSON.parse(row!.text), blankDocument);
});

test("an address of parts shows five of them, whatever was stored", async () => {
  const rows = await documents(sql`select id from unnest(${[3, 4]}::bigint[]) id`);
  assert.deepEqual(
    rows.map(({ text }) => JSON.parse(text).address),
    [
      { street: odd, city: "", state: "IL", country: "", zip: "" },
      { street: "", city: "", state: "", country: "", zip: "" },
    ],
  );
  assert.deepEqual(
    rows.map(({ text }) => JSON.parse(text).origins),
    [["manual"], ["self-registered"]],
  );
});

test("many documents at once are the same, byte by byte, as one at a time; unknown people are left out", async () => {
  const together = await documents(sql`select id from unnest(${[1, 2, 3, 4, 5, 9e15]}::bigint[]) id`);
  assert.deepEqual(
    together.map(({ id }) => id),
    ["1", "2", "3", "4"],
  );
  for (const row of together) assert.deepEqual(await documents(sql`select ${row.id}::bigint as id`), [row]);
  assert.deepEqual(await documents(sql`select id from users where organization_id = ${organizationId}`), together);
});
