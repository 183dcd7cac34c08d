import assert from "node:assert/strict";
import { test } from "node:test";
import { ownerColumns } from "../../src/person/columns.ts";
import { startDirectoryTest } from "./setup.ts";

const { app, owner, send } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/locations", { name: "Main" });

const source = 3;
/** The claim of the source, and of another one whose bit is the highest there is. */
const bySource = String(1n << BigInt(source));
const byHighest = String(1n << 62n);
const time = "2026-01-01T00:00:00.123456Z";
let people = 0;

/** Somebody whom only an import brought: every value belongs to source 3. Returns their id. */
async function importUser(): Promise<string> {
  people += 1;
  const { rows } = await owner.query<{ id: string }>(
    "update feed_heads set last_user_id = last_user_id + 1 where organization_id = $1 returning last_user_id as id",
    [app.organizationId],
  );
  const { id } = rows[0]!;
  const owners = [
    "first_name",
    "last_name",
    "email",
    "username",
    "address",
    "custom_fields",
    "location",
    "show_all_groups",
  ].map((column) => `${column}_owner`);
  await owner.query(
    `insert into users (organization_id, id, first_name, last_name, email, email_normalized, username, username_normalized,
       address, custom_fields, location, show_all_groups, ${owners.join(", ")}, claims, created_at, updated_at)
     values ($1, $2, 'Jane', 'Doe', $3, $3, $4, $4, '1 Main St||||', '{Junior}', 'Main', true,
       ${owners.map(() => source).join(", ")}, $5, $6, $6)`,
    [app.organizationId, id, `jane${people}@campus.edu`, `jane${people}`, bySource, time],
  );
  await owner.query(
    `insert into user_emails (organization_id, user_id, email_normalized, email, claims)
     values ($1, $2, 'a@x.org', 'a@x.org', $3), ($1, $2, 'b@x.org', 'b@x.org', $4)`,
    [app.organizationId, id, bySource, byHighest],
  );
  await owner.query(
    `insert into user_phones (organization_id, user_id, number, message_type, label, owner, claims)
     values ($1, $2, '+12125550100', 3, 'cell', $4, $3), ($1, $2, '+12125550101', 3, 'cell', $4, $5)`,
    [app.organizationId, id, bySource, source, byHighest],
  );
  await owner.query(
    `insert into memberships (organization_id, user_id, group_id, role_owner, claims, since) values ($1, $2, 'G1', $3, $4, $5)`,
    [app.organizationId, id, source, bySource, time],
  );
  await owner.query(
    "insert into user_sources (organization_id, source, user_id, database_id) values ($1, $2, $3, $4)",
    [app.organizationId, source, id, `D-${id}`],
  );
  return id;
}

const patch = (id: string, body: object) => send("PATCH", `/v1/users/${id}`, body);

async function emailsOf(id: string): Promise<Record<string, string>> {
  const { rows } = await owner.query("select email, claims from user_emails where user_id = $1 order by email", [id]);
  return Object.fromEntries(rows.map(({ email, claims }) => [email, claims]));
}

async function phonesOf(id: string): Promise<Record<string, object>> {
  const { rows } = await owner.query(
    "select number, owner, claims from user_phones where user_id = $1 order by number",
    [id],
  );
  return Object.fromEntries(rows.map(({ number, owner: phoneOwner, claims }) => [number, [phoneOwner, claims]]));
}

async function ownersOf(id: string): Promise<Record<string, number | null>> {
  const { rows } = await owner.query("select to_jsonb(users) as row from users where id = $1", [id]);
  const owners = Object.entries<number | null>(rows[0].row).filter(([column]) => column.endsWith("_owner"));
  return Object.fromEntries(owners.map(([column, number]) => [column.replace("_owner", ""), number]));
}

const allImported = {
  ...Object.fromEntries(ownerColumns.map(({ name }) => [name.replace("_owner", ""), null])),
  first_name: source,
  last_name: source,
  email: source,
  username: source,
  address: source,
  custom_fields: source,
  location: source,
  show_all_groups: source,
};

test("values that a patch changes become manual, values that it repeats keep their owner", async () => {
  const id = await importUser();
  await patch(id, { firstName: "Jane", lastName: "Roe", customFields: ["Junior"], showAllGroups: false });
  assert.deepEqual(await ownersOf(id), { ...allImported, last_name: 0, show_all_groups: 0 });
});

test("values that a patch removes have no owner, so that an import may fill them again", async () => {
  const id = await importUser();
  const blank = { username: null, address: null, customFields: [], location: "", showAllGroups: null };
  await patch(id, { lastName: "", ...blank });
  assert.deepEqual(await ownersOf(id), {
    ...allImported,
    last_name: null,
    username: null,
    address: null,
    custom_fields: null,
    location: null,
    show_all_groups: null,
  });
});

test("to edit an imported person is not to enter them by hand: their own claims stay", async () => {
  const id = await importUser();
  const user = await patch(id, { lastName: "Roe" });
  assert.deepEqual(user.origins, []);
  assert.deepEqual(user.sources, [{ source: "default", databaseId: `D-${id}` }]);
  const { rows } = await owner.query("select claims from users where id = $1", [id]);
  assert.deepEqual(rows, [{ claims: bySource }]);
});

test("added addresses are manual, kept ones keep their claims, removed ones go despite any claim", async () => {
  const id = await importUser();
  const { emails } = await send("GET", `/v1/users/${id}`);
  await patch(id, { emails: [emails[0], "b@x.org", "new@x.org"] });
  assert.deepEqual(await emailsOf(id), { "b@x.org": byHighest, "new@x.org": "1" });
  assert.equal((await ownersOf(id)).email, source);
});

test("an address that a patch spells differently is manual, too", async () => {
  const id = await importUser();
  const { emails } = await send("GET", `/v1/users/${id}`);
  await patch(id, { emails: [emails[0].toUpperCase(), "a@x.org", "B@x.org"] });
  assert.deepEqual(await emailsOf(id), { "B@x.org": String((1n << 62n) | 1n), "a@x.org": bySource });
  assert.equal((await ownersOf(id)).email, 0);
});

test("a primary address that becomes a further one stays the claim of who set it", async () => {
  const id = await importUser();
  const { emails } = await send("GET", `/v1/users/${id}`);
  const user = await patch(id, { emails: ["b@x.org", "a@x.org", emails[0]] });
  assert.deepEqual(user.emails, ["b@x.org", "a@x.org", emails[0]]);
  assert.deepEqual(await emailsOf(id), { "a@x.org": bySource, [emails[0]]: bySource });
  assert.equal((await ownersOf(id)).email, 0);
  await patch(id, { emails: [emails[0], "b@x.org"] });
  assert.deepEqual(await emailsOf(id), { "b@x.org": "1" });
});

test("phones follow the same rules; one whose attributes change is manual and keeps its other claims", async () => {
  const id = await importUser();
  await patch(id, {
    phones: [{ number: "+12125550100" }, { number: "+12125550101", label: "work" }, { number: "+12125550102" }],
  });
  assert.deepEqual(await phonesOf(id), {
    "+12125550100": [source, bySource],
    "+12125550101": [0, String((1n << 62n) | 1n)],
    "+12125550102": [0, "1"],
  });
  await patch(id, { phones: [{ number: "+12125550102" }] });
  assert.deepEqual(await phonesOf(id), { "+12125550102": [0, "1"] });
});

test("a change of an imported person names the databaseID of the source of the highest rank", async () => {
  const id = await importUser();
  await owner.query(
    `insert into sources (organization_id, number, name, rank, created_at, updated_at)
     values ($1, 4, 'alumni', 0, now(), now()), ($1, 62, 'blank', -1, now(), now())`,
    [app.organizationId],
  );
  await owner.query(
    "insert into user_sources (organization_id, source, user_id, database_id) values ($1, 4, $2, 'A-1'), ($1, 62, $2, null)",
    [app.organizationId, id],
  );
  const user = await patch(id, { lastName: "Roe" });
  assert.deepEqual(user.sources, [
    { source: "alumni", databaseId: "A-1" },
    { source: "blank", databaseId: null },
    { source: "default", databaseId: `D-${id}` },
  ]);
  const { rows } = await owner.query("select database_id from changes where type = 'user' and id = $1", [id]);
  assert.deepEqual(rows, [{ database_id: "A-1" }]);
});

test("a deleted person leaves the whole state as a tombstone, claims beyond 53 bits and microseconds included", async () => {
  const id = await importUser();
  const tables = ["users", "user_emails", "user_phones", "memberships", "user_sources"];
  const stateOf = async (from: (table: string, name: string) => string) => {
    const state: Record<string, string[]> = {};
    for (const [table, name] of tables.map((each, index) => [each, parts[index]!] as const)) {
      const { rows } = await owner.query(`select r::text as row from ${from(table, name)} r order by 1`, [id]);
      state[table] = rows.map(({ row }) => row);
    }
    return state;
  };
  const parts = ["user", "emails", "phones", "memberships", "sources"];
  const key = (table: string) => (table === "users" ? "id" : "user_id");
  const before = await stateOf((table) => `(select * from ${table} where ${key(table)} = $1)`);
  await send("DELETE", `/v1/users/${id}`);
  const after = await stateOf((table) => `(select * from ${table} where ${key(table)} = $1)`);
  assert.deepEqual(after, Object.fromEntries(tables.map((table) => [table, []])));
  const buried = await stateOf((table, name) => {
    const whole = `jsonb_build_object('organization_id', t.organization_id, '${key(table)}', t.user_id)`;
    return `(select part.* from user_tombstones t
      cross join jsonb_array_elements(case '${name}' when 'user' then jsonb_build_array(state -> 'user') else state -> '${name}' end) item
      cross join jsonb_populate_record(null::${table}, item || ${whole}) part where t.user_id = $1)`;
  });
  assert.deepEqual(buried, before);
  assert.match(before.user_emails!.join(), new RegExp(byHighest));
  const { rows } = await owner.query("select source, database_id from user_tombstone_sources where user_id = $1", [id]);
  assert.deepEqual(rows, [{ source, database_id: `D-${id}` }]);
});
