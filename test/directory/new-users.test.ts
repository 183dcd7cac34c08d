import assert from "node:assert/strict";
import { test } from "node:test";
import { blankScalars } from "../../src/person/document.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "G2" });
await send("POST", "/v1/locations", { name: "Main Campus" });

const patch = (id: string, body: object, headers: Record<string, string> = {}) =>
  app.inject({ method: "PATCH", url: `/v1/users/${id}`, body, headers });

test("a new person is answered as they are stored, with address, version and everything that was sent", async () => {
  const answer = await app.inject({
    method: "POST",
    url: "/v1/users",
    body: {
      firstName: " Jane ",
      lastName: "Doe",
      username: "JDoe",
      emails: ["Jane@Campus.edu", "zoe@x.org", "a@x.org", "jane@campus.edu"],
      phones: [
        { number: "(212) 555-0123", label: "home", messageType: 1, carrier: "Acme" },
        { number: "+49 30 901820", extension: "12" },
      ],
      memberships: [{ groupId: "G2" }, { groupId: "G1", role: 3 }],
      address: { street: "1 Main St", city: "Springfield" },
      customFields: ["Junior", "", ""],
      location: "main campus",
      showAllGroups: true,
    },
  });
  assert.equal(answer.status, 201, answer.body);
  const user = answer.json;
  assert.equal(answer.headers.location, `/v1/users/${user.id}`);
  assert.equal(answer.headers.etag, '"1"');
  assert.deepEqual(user, {
    ...blankScalars,
    id: user.id,
    version: 1,
    firstName: "Jane",
    lastName: "Doe",
    username: "JDoe",
    emails: ["Jane@Campus.edu", "a@x.org", "zoe@x.org"],
    phones: [
      { number: "+12125550123", extension: "", messageType: 1, label: "home", carrier: "Acme" },
      { number: "+4930901820", extension: "12", messageType: 2, label: "cell", carrier: "" },
    ],
    memberships: [
      { groupId: "G1", role: 3 },
      { groupId: "G2", role: 0 },
    ],
    address: { street: "1 Main St", city: "Springfield", state: "", country: "", zip: "" },
    customFields: ["Junior"],
    location: "Main Campus",
    showAllGroups: true,
    sources: [],
    origins: ["manual"],
    createdAt: "2026-11-22T02:00:00.000000Z",
    updatedAt: "2026-11-22T02:00:00.000000Z",
  });
  const read = await app.inject({ url: `/v1/users/${user.id}` });
  assert.equal(read.body, answer.body);
  assert.equal(read.headers.etag, '"1"');
});

test("a new person is one change, which tells what is not blank", async () => {
  const before = await lastSequence();
  const user = await addUser({ lastName: "Roe", memberships: [{ groupId: "G1", role: 4 }], origin: "self-registered" });
  assert.deepEqual(user.origins, ["self-registered"]);
  assert.deepEqual(await changesSince(before), [
    {
      type: "user",
      action: "created",
      id: user.id,
      database_id: null,
      username: null,
      actor: "api-key:admin",
      source: null,
      import_id: null,
      changed: {
        firstName: { from: null, to: user.firstName },
        lastName: { from: null, to: "Roe" },
        emails: { from: null, to: user.emails },
        origins: { from: null, to: ["self-registered"] },
      },
      memberships: [{ groupId: "G1", role: { from: null, to: 4 } }],
    },
  ]);
});

test("a new person joins the default groups and the group named ALL", async (t) => {
  await send("POST", "/v1/groups", { groupId: "D1", default: true });
  await send("POST", "/v1/groups", { groupId: "D2", name: "ALL" });
  t.after(() => owner.query("update groups set is_default = false, name = group_id, name_normalized = group_id"));
  const user = await addUser({ memberships: [{ groupId: "D1", role: 1 }, { groupId: "G1" }] });
  assert.deepEqual(user.memberships, [
    { groupId: "D1", role: 1 },
    { groupId: "D2", role: 0 },
    { groupId: "G1", role: 0 },
  ]);
  const { rows } = await owner.query(
    "select group_id, claims, role_owner from memberships where user_id = $1 order by group_id",
    [user.id],
  );
  assert.deepEqual(rows, [
    { group_id: "D1", claims: "5", role_owner: 0 },
    { group_id: "D2", claims: "4", role_owner: 2 },
    { group_id: "G1", claims: "1", role_owner: 0 },
  ]);
});

test("concurrent creations get ids of their own, and of one username only one is made", async () => {
  const create = (username: string) =>
    app.inject({ method: "POST", url: "/v1/users", body: { firstName: "X", emails: ["x@x.org"], username } });
  const answers = await Promise.all([create("one"), create("two"), create("three"), create("ONE")]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 409]);
  const ids = answers.filter(({ status }) => status === 201).map(({ json }) => json.id);
  assert.equal(new Set(ids).size, 3);
});

test("a person needs a name, and an e-mail unless the organization does without", async (t) => {
  const create = (body: object) => app.inject({ method: "POST", url: "/v1/users", body });
  assertProblem(await create({ emails: ["a@x.org"] }), 400, "request_invalid", "firstName");
  assertProblem(await create({ firstName: " ", emails: ["a@x.org"] }), 400, "request_invalid", "firstName");
  assertProblem(await create({ lastName: "X" }), 400, "request_invalid", "emails");
  const user = await addUser({ firstName: null, lastName: "Only" });
  assertProblem(await patch(user.id, { lastName: null }), 400, "request_invalid", "firstName");
  assertProblem(await patch(user.id, { emails: [] }), 400, "request_invalid", "emails");
  await owner.query(`update organizations set settings = '{"requireEmail": false, "requireGroup": false}'`);
  t.after(() => owner.query(`update organizations set settings = '{"requireGroup": false}'`));
  const without = await create({ lastName: "X" });
  assert.equal(without.status, 201, without.body);
  assert.deepEqual(without.json.emails, []);
  assert.deepEqual((await patch(user.id, { emails: null })).json.emails, []);
});
