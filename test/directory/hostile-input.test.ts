import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { startDirectoryTest } from "./setup.ts";

const { app, owner, addUser, send } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
const user = await addUser();

after(() => {
  const faults = app.log.filter(({ level }) => level === "error" || level === "fatal");
  assert.deepEqual(faults, [], "nothing was logged as a fault of the service");
});

const long = "x".repeat(100_000);
const values: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  "0",
  "a\u0000b",
  "\u001e\u001f",
  "\ud800",
  "\u202e",
  "'; drop table users; --",
  "$1\\",
  '"',
  "|||||",
  "__proto__",
  long,
  "👩‍👩‍👧‍👦".repeat(30),
  [],
  [[]],
  {},
  [null],
  [""],
  Array(3000).fill("a@x.org"),
];

/** Places of a user's body, each with a value in it. */
const places: Readonly<Record<string, (value: unknown) => object>> = {
  ...Object.fromEntries(
    [
      "firstName",
      "lastName",
      "username",
      "emails",
      "phones",
      "address",
      "customFields",
      "location",
      "showAllGroups",
      "memberships",
      "origin",
      "id",
      "version",
      "claims",
      "constructor",
    ].map((field) => [field, (value: unknown) => ({ [field]: value })]),
  ),
  "an e-mail": (value) => ({ emails: ["first@x.org", value] }),
  "a phone": (value) => ({ phones: [value] }),
  "a phone's number": (value) => ({ phones: [{ number: value }] }),
  "a phone's extension": (value) => ({ phones: [{ number: "+12125550100", extension: value }] }),
  "a phone's carrier": (value) => ({ phones: [{ number: "+12125550100", carrier: value }] }),
  "a part of an address": (value) => ({ address: { street: value } }),
  "an address's text": (value) => ({ address: { text: value } }),
  "a custom field": (value) => ({ customFields: ["first", value] }),
  "a membership": (value) => ({ memberships: [value] }),
  "a membership's group": (value) => ({ memberships: [{ groupId: value }] }),
  "a membership's role": (value) => ({ memberships: [{ groupId: "G1", role: value }] }),
};

test("no value in any place of a user makes a 500, and whatever is taken is stored as it is answered", async () => {
  for (const [place, put] of Object.entries(places)) {
    for (const value of values) {
      const what = `${place}: ${JSON.stringify(value).slice(0, 100)}`;
      const body = { firstName: "A", emails: ["a@x.org"], ...put(value) };
      const created = await app.inject({ method: "POST", url: "/v1/users", body });
      assert.ok([201, 400, 413].includes(created.status), `${what}: ${created.status} ${created.body}`);
      const patched = await app.inject({ method: "PATCH", url: `/v1/users/${user.id}`, body: put(value) });
      assert.ok([200, 400, 409, 413].includes(patched.status), `${what}: ${patched.status} ${patched.body}`);
      if (created.status === 201) {
        assert.deepEqual(await send("GET", `/v1/users/${created.json.id}`), created.json, what);
      }
    }
  }
  await assertReplayRebuildsList(app, owner);
});

test("no value of any field of a group or a location makes a 500", async () => {
  const groupFields = ["groupId", "name", "category", "type", "privacy", "postApproval", "description", "style"];
  for (const field of [...groupFields, "default", "protected", "parentGroupId", "nonsense"]) {
    for (const value of values) {
      const answer = await app.inject({ method: "POST", url: "/v1/groups", body: { [field]: value } });
      assert.ok([201, 400, 409].includes(answer.status), `${field}: ${answer.status} ${answer.body}`);
      const patched = await app.inject({ method: "PATCH", url: "/v1/groups/G1", body: { [field]: value } });
      assert.ok([200, 400].includes(patched.status), `${field}: ${patched.status} ${patched.body}`);
    }
  }
  await send("POST", "/v1/locations", { name: "Place" });
  for (const value of values) {
    for (const body of [{ name: value }, { name: "A", groups: value }, { name: "B", groups: [value] }]) {
      const answer = await app.inject({ method: "POST", url: "/v1/locations", body });
      assert.ok([201, 400, 409].includes(answer.status), `${answer.status} ${answer.body}`);
    }
    for (const body of [{ name: value }, { groups: value }, { groups: ["G1", value] }, { nonsense: value }]) {
      const { items } = await send("GET", "/v1/locations");
      const url = `/v1/locations/${encodeURIComponent(items.at(-1).name)}`;
      const answer = await app.inject({ method: "PATCH", url, body });
      assert.ok([200, 400, 409].includes(answer.status), `${answer.status} ${answer.body}`);
    }
  }
});

test("no value of any place of a group's members makes a 500", async () => {
  const url = "/v1/groups/G1/members";
  for (const value of values) {
    for (const [method, address, body] of [
      ...(["add", "remove", "nonsense"] as const).map((field) => ["POST", url, { [field]: value }] as const),
      ["POST", url, { add: [value], remove: [value] }],
      ["POST", url, { add: [{ userId: value }] }],
      ["POST", url, { add: [{ userId: user.id, role: value }] }],
      ["PUT", `${url}/${user.id}`, { role: value }],
      ["PUT", `${url}/${user.id}`, { nonsense: value }],
    ] as const) {
      const answer = await app.inject({ method, url: address, body });
      assert.ok([200, 201, 400].includes(answer.status), `${method} ${address}: ${answer.status} ${answer.body}`);
    }
  }
});

test("bodies that are no objects, or that carry a prototype, are refused", async () => {
  const bodies = ["", "{", "null", "[]", "1", '"x"', '{"__proto__": {"firstName": "X"}}'];
  bodies.push('{"firstName": "A", "constructor": {"prototype": {}}}', '{"firstName": "A\\u0000"}', "\u0000");
  for (const body of bodies) {
    for (const [method, url] of [
      ["POST", "/v1/users"],
      ["PATCH", `/v1/users/${user.id}`],
      ["POST", "/v1/groups"],
      ["POST", "/v1/groups/G1/members"],
      ["PUT", `/v1/groups/G1/members/${user.id}`],
      ["PATCH", "/v1/groups/G1"],
      ["POST", "/v1/locations"],
      ["PATCH", "/v1/locations/Place"],
    ] as const) {
      // An empty body counts as a missing one, and this address needs none.
      if (method === "PUT" && body === "") continue;
      for (const type of ["application/json", "application/merge-patch+json"]) {
        const answer = await app.inject({ method, url, body, headers: { "content-type": type } });
        assert.ok(
          answer.status >= 400 && answer.status < 500,
          `${method} ${url} ${body}: ${answer.status} ${answer.body}`,
        );
      }
    }
  }
  const nested = await app.inject({
    method: "PATCH",
    url: `/v1/users/${user.id}`,
    headers: { "content-type": "application/json" },
    body: `{"address": ${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`,
  });
  assert.equal(nested.status, 400, nested.body);
});

test("no id in an address makes a 500; what can be nobody's is unknown", async () => {
  for (const id of [
    "abc",
    "0",
    "-1",
    "1.5",
    "1e3",
    "01",
    "0x1",
    "+1",
    " 1",
    "NaN",
    "null",
    "__proto__",
    "99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "999999999999999",
    "9".repeat(900),
    "%F0%9F%91%A9",
    "1%2F2",
    "'",
  ]) {
    for (const method of ["GET", "PATCH", "DELETE"] as const) {
      const body = method === "PATCH" ? { body: {} } : {};
      const answer = await app.inject({ method, url: `/v1/users/${id}`, ...body });
      assert.deepEqual([answer.status, answer.json?.code], [404, "not_found"], `${method} ${id}: ${answer.body}`);
    }
    for (const noun of ["groups", "locations"]) {
      const answer = await app.inject({ url: `/v1/${noun}/${id}` });
      assert.ok([200, 404].includes(answer.status), `${noun} ${id}: ${answer.status} ${answer.body}`);
    }
    for (const method of ["GET", "PUT", "DELETE"] as const) {
      const answer = await app.inject({ method, url: `/v1/groups/G1/members/${id}` });
      assert.deepEqual([answer.status, answer.json?.code], [404, "not_found"], `${method} ${id}: ${answer.body}`);
    }
  }
  for (const id of ["%00", "%FF", "%", "9".repeat(2000)]) {
    for (const noun of ["users", "groups", "locations", "groups/G1/members"]) {
      const answer = await app.inject({ url: `/v1/${noun}/${id}` });
      assert.ok([400, 404, 414].includes(answer.status), `${noun} ${id}: ${answer.status} ${answer.body}`);
    }
  }
});

const parameters: Readonly<Record<string, readonly string[]>> = {
  users: ["cursor", "limit", "email", "username", "databaseId", "source", "groupId", "location", "query", "__proto__"],
  "groups/G1/members": ["cursor", "limit", "role"],
  changes: [
    "cursor",
    "since",
    "until",
    "type",
    "groupId",
    "excludeSource",
    "excludeActor",
    "origin",
    "latest",
    "limit",
  ],
  groups: ["cursor", "query", "category", "type", "privacy", "parentGroupId"],
  locations: ["cursor", "constructor"],
};

test("no query makes a 500", async () => {
  const texts = [
    "",
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "'",
    "\\",
    "%",
    "\u0001",
    "\ufffe",
    "a".repeat(5000),
    "💥",
  ];
  const keys = [[], [null], ["\u0000"], [9e15], [2 ** 53], ["x".repeat(500)], { a: 1 }];
  const first = [0, "1970-01-01T00:00:00.000000Z"];
  const places = [[1, "2026-99-99T99:99:99.000000Z"], [2 ** 53 - 1, first[1]], first];
  const held = [[9e15], ["\u0000"], ["\ud800"], ["x".repeat(500)]].map((key) => [...key, ...first]);
  const cursors = [...keys, ...held, ...places].map((key) => Buffer.from(JSON.stringify(key)).toString("base64url"));
  for (const [noun, names] of Object.entries(parameters)) {
    for (const name of names) {
      for (const text of name === "cursor" ? [...texts, ...cursors] : texts) {
        const answer = await app.inject({ url: `/v1/${noun}?${name}=${encodeURIComponent(text)}` });
        const refusals = noun === "changes" ? [400, 410, 422] : [400];
        assert.ok(
          [200, ...refusals].includes(answer.status),
          `${noun} ${name}=${text}: ${answer.status} ${answer.body}`,
        );
      }
    }
  }
});
