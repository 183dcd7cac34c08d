/** A second organization that imports the answers of `GET /api/v2/users?since=` is a copy of the first one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startDirectoryTest } from "../directory/setup.ts";

const { app, send, addOrganization } = await startDirectoryTest();
const copy = await addOrganization();
const groups = ["G1", "G2", "G3"];
const numbers = ["+12125550101", "+12125550102", "+12125550103"];
const peopleCount = 8;

// biome-ignore lint/suspicious/noExplicitAny: answers of two addresses
type Json = any;

async function read(key: string, query = ""): Promise<{ users: Json[]; until: string }> {
  const answer = await app.inject({
    url: `/api/v2/users?api_key=${key}${query}`,
    key: null,
    headers: { accept: "application/json" },
  });
  assert.equal(answer.status, 200, answer.body);
  return { users: answer.json.users, until: String(answer.headers["changes-until"]) };
}

/** People as feeds write them, with the tokens of each list in one order. */
async function shown(key: string): Promise<Json[]> {
  const sorted = (list = "") => list.split(";").sort();
  const { users } = await read(key);
  return users
    .map((user) => ({ ...user, groupID: sorted(user.groupID), phone: sorted(user.phone), email: sorted(user.email) }))
    .sort((one, other) => (one.databaseID < other.databaseID ? -1 : 1));
}

async function importInto(users: Json[]): Promise<void> {
  if (users.length === 0) return;
  const answer = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    key: copy.key,
    body: { users },
  });
  assert.equal(answer.json.counts.failed, 0, answer.body);
  if (answer.json.status === "applied") return;
  // The guard holds what takes much from eight people.
  const { id, planHash } = answer.json;
  const url = `/v1/pending/${id}/approve`;
  const decided = await app.inject({ method: "POST", url, key: copy.key, body: { planHash, decidedBy: "Kim Park" } });
  assert.equal(decided.status, 200, `${answer.body} ${decided.body}`);
}

const edit: fc.Arbitrary<Edit> = fc.record({
  person: fc.nat(peopleCount - 1),
  lastName: fc.constantFrom("Chen", "Okafor"),
  phones: fc.subarray(numbers),
  further: fc.subarray(["a", "b"]),
  memberships: fc.subarray(groups),
});

interface Edit {
  readonly person: number;
  readonly lastName: string;
  readonly phones: readonly string[];
  readonly further: readonly string[];
  readonly memberships: readonly string[];
}

async function applyEdit(ids: Map<number, string>, change: Edit): Promise<void> {
  const id = ids.get(change.person)!;
  await send("PATCH", `/v1/users/${id}`, {
    lastName: change.lastName,
    phones: change.phones.map((number) => ({ number })),
    emails: [`p${change.person}@x.edu`, ...change.further.map((name) => `${name}${change.person}@x.edu`)],
  });
  for (const groupId of groups) {
    const isWanted = change.memberships.includes(groupId);
    const url = `/v1/groups/${groupId}/members/${id}`;
    await app.inject(isWanted ? { method: "PUT", url, body: { role: 0 } } : { method: "DELETE", url });
  }
}

test("a copy stays equal while people lose phones, e-mails and memberships, and are deleted", async () => {
  for (const groupId of groups) {
    for (const key of [app.key, copy.key]) {
      await app.inject({ method: "POST", url: "/v1/groups", key, body: { groupId } });
    }
  }
  const rows = Array.from({ length: peopleCount }, (_, person) => ({
    databaseID: String(person),
    userID: `u${person}`,
    firstName: `P${person}`,
    email: `p${person}@x.edu;a${person}@x.edu`,
    phone: numbers.slice(0, 2).join(";"),
    groupID: "G1;G2",
  }));
  await send("POST", "/v1/imports/users", { users: rows });
  const { items: users } = await send("GET", "/v1/users");
  const ids = new Map<number, string>(users.map((user: Json) => [Number(user.username.slice(1)), user.id]));
  const first = await read(app.key);
  await importInto(first.users);
  assert.deepEqual(await shown(copy.key), await shown(app.key));
  let { until } = first;
  const rounds = fc.sample(fc.array(edit, { minLength: 1, maxLength: 4 }), { numRuns: 12, seed: 13 });
  for (const edits of rounds) {
    for (const change of edits) await applyEdit(ids, change);
    const next = await read(app.key, `&since=${until}`);
    await importInto(next.users);
    ({ until } = next);
    assert.deepEqual(await shown(copy.key), await shown(app.key));
  }
  await send("DELETE", `/v1/users/${ids.get(0)}`);
  await importInto((await read(app.key, `&since=${until}`)).users);
  assert.deepEqual(await shown(copy.key), await shown(app.key));
});

test("until without since is refused by name", async () => {
  const answer = await app.inject({ url: `/api/v2/users?api_key=${app.key}&until=2026-11-22`, key: null });
  assert.equal(answer.status, 400);
  assert.match(answer.body, /until ends the window that since begins/);
});
