import assert from "node:assert/strict";
import { test } from "node:test";
import { listEverybody } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/locations", { name: "Main" });

const jane = await addUser({
  firstName: "Jane",
  lastName: "Van der Berg",
  username: "JVan_der%",
  emails: ["Jane@Campus.edu", "further@x.org"],
  memberships: [{ groupId: "G1" }],
});
const john = await addUser({ firstName: "John", lastName: "Doe", username: "jdoe", location: "Main" });
const family = await addUser({ firstName: "Ann", lastName: "Doe", emails: ["family@x.org", "further@x.org"] });
await owner.query(
  `insert into sources (organization_id, number, name, rank, created_at, updated_at) values ($1, 4, 'staff', 2, now(), now())`,
  [app.organizationId],
);
await owner.query(
  `insert into user_sources (organization_id, source, user_id, database_id)
   values ($1, 3, $2, '00900'), ($1, 4, $3, '00900'), ($1, 4, $4, null)`,
  [app.organizationId, jane.id, john.id, family.id],
);

async function listed(filter: Record<string, string>): Promise<string[]> {
  const { items } = await send("GET", `/v1/users?${new URLSearchParams(filter)}`);
  return items.map(({ id }: { id: string }) => id);
}

for (const [what, filter, expected] of [
  ["a primary address in any case", { email: "jane@campus.EDU" }, [jane]],
  ["a further address, of everybody who has it", { email: "FURTHER@x.org" }, [jane, family]],
  ["no part of an address", { email: "campus.edu" }, []],
  ["a username in any case", { username: "JDOE" }, [john]],
  ["a databaseID, whatever the source", { databaseId: "00900" }, [jane, john]],
  ["a databaseID of one source", { databaseId: "00900", source: "staff" }, [john]],
  ["a databaseID exactly", { databaseId: "900" }, []],
  ["a source", { source: "staff" }, [john, family]],
  ["an unknown source", { source: "none" }, []],
  ["a group", { groupId: "G1" }, [jane]],
  ["a group exactly", { groupId: "g1" }, []],
  ["a location in any case", { location: "MAIN" }, [john]],
  ["an unknown location", { location: "Nowhere" }, []],
  ["how a first name begins", { query: "jO" }, [john]],
  ["how a last name begins", { query: "doe" }, [john, family]],
  ["how the whole name begins", { query: "jane van D" }, [jane]],
  ["how a username begins", { query: "jdo" }, [john]],
  ["how a username begins, where wildcards are characters like any other", { query: "jvan_der%" }, [jane]],
  ["no wildcards", { query: "%" }, []],
  ["how an address begins", { query: "family@" }, [family]],
  ["how a further address begins", { query: "furth" }, [jane, family]],
  ["not text inside a word", { query: "ane" }, []],
  ["everything that is given at once", { query: "doe", email: "further@x.org" }, [family]],
] as const) {
  test(`people are found by ${what}: ${JSON.stringify(filter)}`, async () => {
    assert.deepEqual(
      await listed(filter as unknown as Record<string, string>),
      expected.map(({ id }) => id),
    );
  });
}

test("pages go on where the last one ended and show each person as the single address does", async () => {
  const ids = [];
  let url: string | null = "/v1/users?limit=2";
  let pages = 0;
  while (url !== null) {
    const page: { items: { id: string }[]; nextCursor: string | null } = await send("GET", url);
    assert.ok(page.items.length <= 2);
    for (const item of page.items) {
      ids.push(item.id);
      assert.deepEqual(item, await send("GET", `/v1/users/${item.id}`));
    }
    url = page.nextCursor === null ? null : `/v1/users?limit=2&cursor=${page.nextCursor}`;
    pages += 1;
  }
  assert.deepEqual(ids, [jane.id, john.id, family.id]);
  assert.equal(pages, 2);
});

test("ids are ordered as numbers, and a full last page has no next one", async () => {
  const added = [];
  for (let count = 0; count < 9; count += 1) added.push(await addUser());
  // Moves somebody's row behind all others.
  await send("PATCH", `/v1/users/${added[0]!.id}`, { lastName: "Moved" });
  const everybody = await listEverybody(app, 4);
  const ids = everybody.map(({ id }) => Number(id));
  assert.deepEqual(
    ids,
    ids.toSorted((one, other) => one - other),
  );
  assert.equal(ids.length, 12);
  assert.ok(ids.includes(10));
});

test("a list refuses invalid cursors, limits out of range and unknown parameters", async () => {
  const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString("base64url");
  for (const query of [
    "cursor=nonsense",
    `cursor=${cursor(["1"])}`,
    `cursor=${cursor([-1])}`,
    `cursor=${cursor([1e300])}`,
    `cursor=${cursor([1, 2])}`,
    "limit=0",
    "limit=1001",
    "limit=x",
    "nonsense=1",
    "email=",
    "email=a&email=b",
    `query=${"x".repeat(101)}`,
  ]) {
    assertProblem(await app.inject({ url: `/v1/users?${query}` }), 400, "request_invalid");
  }
});

test("a cursor behind the last person gives an empty page", async () => {
  const key = [Number.MAX_SAFE_INTEGER, 0, "1970-01-01T00:00:00.000000Z"];
  const cursor = Buffer.from(JSON.stringify(key)).toString("base64url");
  const { items, nextCursor } = await send("GET", `/v1/users?cursor=${cursor}`);
  assert.deepEqual({ items, nextCursor }, { items: [], nextCursor: null });
});
