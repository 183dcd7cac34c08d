/** The invariants of the service (docs/architecture.md, invariants), through HTTP. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { replayable, replayUsers } from "../support/replay.ts";

let database: TestDatabase;
let app: TestApp;

before(async () => {
  database = await createTestDatabase();
  app = await startTestApp(database);
});
after(() => database.drop());

interface Person {
  databaseID?: string;
  userID?: string;
  firstName?: string;
  lastName?: string;
  email?: string;
  phone?: string;
  groupID?: string;
}

const roster = (people: readonly Person[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n${people
    .map(
      (person) =>
        `  <user>\n${Object.entries(person)
          .map(([name, value]) => `    <${name}>${value}</${name}>\n`)
          .join("")}  </user>\n`,
    )
    .join("")}</users>\n`;

const post = (body: string, query = "") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users${query}`,
    body,
    headers: { "content-type": "application/xml", accept: "application/json" },
  });

/** All that an import could change, as the API and the log show it. */
async function everything() {
  const users = (await app.inject({ url: "/v1/users?limit=1000" })).json.items;
  const groups = (await app.inject({ url: "/v1/groups?limit=1000" })).json.items;
  const { rows } = await database.owner.query("select last_sequence, last_at::text, last_user_id from feed_heads");
  return { users, groups, heads: rows };
}

const ann = {
  databaseID: "001",
  userID: "ann",
  firstName: "Ann",
  lastName: "Ön",
  email: "ann@x.edu",
  phone: "2125550142",
  groupID: "G1",
};
const bob = {
  databaseID: "002",
  userID: "bob",
  firstName: "Bob",
  email: "bob@x.edu;b@y.com",
  phone: "2125550143;2125550144",
  groupID: "G1;G2|1",
};

const person = async (username: string) => (await app.inject({ url: `/v1/users?username=${username}` })).json.items[0];

describe("an import that is not whole", () => {
  const whole = roster([ann, bob]);
  const changed = Buffer.from(
    roster([
      { ...ann, lastName: "Öx", groupID: "G3" },
      { ...bob, phone: "" },
    ]),
  );

  before(async () => {
    const first = await post(whole);
    assert.equal(first.status, 201, first.body);
    assert.equal(first.json.counts.added, 2);
  });

  it("is refused wherever it is cut, says where, changes nothing, and is kept as an attempt", async () => {
    const untouched = await everything();
    for (let length = 1; length < changed.length - 1; length += 7) {
      const { status, json } = await app.inject({
        method: "POST",
        url: "/v1/imports/users",
        body: changed.subarray(0, length).toString("latin1"),
        headers: { "content-type": "application/xml", accept: "application/json" },
      });
      assert.ok(status >= 400 && status < 500, `cut after ${length} bytes: ${status}`);
      assert.ok(json.importId, "the problem names the attempt");
    }
    assert.deepEqual(await everything(), untouched);
    const attempts = (await app.inject({ url: "/v1/imports?status=failed&limit=1" })).json.items;
    assert.equal(attempts[0].status, "failed");
    assert.match(attempts[0].summary, /^REFUSED, nothing changed/);
  });

  it("is refused when the sender goes away half-way", async () => {
    const untouched = await everything();
    const { port, hostname } = new URL(app.url);
    const failed = async () =>
      (await database.owner.query("select from imports where problem ->> 'code' = 'body_incomplete'")).rowCount;
    const before = await failed();
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/imports/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.key}\r\nContent-Type: application/xml\r\nContent-Length: ${changed.length}\r\n\r\n`,
    );
    socket.write(changed.subarray(0, 200));
    const received = async () =>
      (await database.owner.query("select from imports where status = 'receiving'")).rowCount;
    while ((await received()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while ((await failed()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await everything(), untouched);
  });

  for (const [name, document, code] of [
    ["has the wrong root", "<people type='array'><user><email>a@x.edu</email></user></people>", "document_root_wrong"],
    ["lacks type=array", "<users><user><email>a@x.edu</email></user></users>", "document_type_missing"],
    ["has no record", "<users type='array'></users>", "document_empty"],
    [
      "has two roots",
      "<users type='array'><user><email>a@x.edu</email></user></users><users type='array'/>",
      "xml_not_well_formed",
    ],
    [
      "has a DTD",
      "<!DOCTYPE users [<!ENTITY x 'y'>]><users type='array'><user><email>a@x.edu</email></user></users>",
      "xml_doctype_forbidden",
    ],
    [
      "has a bare & in a record of the plain shape",
      "<users type='array'><user><email>a@x.edu</email></user><user><firstName>Tom & Jerry</firstName></user></users>",
      "xml_not_well_formed",
    ],
    [
      "has an entity of its own in a record of the plain shape",
      "<users type='array'><user><firstName>&eacute;</firstName></user></users>",
      "xml_entity_forbidden",
    ],
    ["has mismatched tags", "<users type='array'><user><email>a@x.edu</user></email></users>", "xml_not_well_formed"],
  ] as const) {
    it(`is refused when it ${name}`, async () => {
      const untouched = await everything();
      const { status, body } = await post(document);
      assert.ok(status >= 400 && status < 500);
      assert.match(body, new RegExp(code));
      const attempt = (await app.inject({ url: "/v1/imports?limit=1" })).json.items[0];
      assert.equal(attempt.problem.code, code);
      if (code !== "document_empty") assert.ok(attempt.problem.line >= 1 && attempt.problem.column >= 1);
      assert.deepEqual(await everything(), untouched);
    });
  }

  it("is refused with another content type, or beyond the limit of size", async () => {
    const untouched = await everything();
    const wrong = await app.inject({
      method: "POST",
      url: "/v1/imports/users",
      body: whole,
      headers: { "content-type": "image/png" },
    });
    assert.equal(wrong.status, 415);
    const large = await fetch(`${app.url}/v1/imports/users`, {
      method: "POST",
      headers: { "content-type": "application/xml", authorization: `Bearer ${app.key}` },
      body: Buffer.alloc(65 * 1024 * 1024, " "),
    });
    assert.equal(large.status, 413);
    assert.deepEqual(await everything(), untouched);
  });
});

describe("the same file twice", () => {
  it("changes nothing and writes no change", async () => {
    const file = roster([ann, bob, { firstName: "Cy", email: "cy@x.edu", groupID: "G1" }]);
    await post(file);
    const state = await everything();
    const again = await post(file);
    assert.deepEqual(
      [again.json.counts.added, again.json.counts.updated, again.json.counts.unchanged, again.json.firstSequence],
      [0, 0, 3, null],
    );
    assert.deepEqual(await everything(), state);
  });
});

describe("an import withdraws only what its own source claims", () => {
  before(async () => {
    await database.owner.query(
      `insert into sources (organization_id, number, name, rank, created_at, updated_at)
       select organization_id, 4, 'employees', 2, now(), now() from sources where number = 3`,
    );
  });

  it("values that a person entered survive a file without them", async () => {
    await post(roster([{ ...bob, userID: "dan", databaseID: "010", email: "dan@x.edu;dan@feed.com" }]));
    const { id, phones } = await person("dan");
    const patch = await app.inject({
      method: "PATCH",
      url: `/v1/users/${id}`,
      body: {
        lastName: "Byhand",
        emails: ["dan@x.edu", "dan@feed.com", "dan@hand.com"],
        phones: [...phones, { number: "+12125550199" }],
      },
    });
    assert.equal(patch.status, 200, patch.body);
    const { json } = await post(
      roster([{ databaseID: "010", firstName: "Dan", lastName: "Feed", email: "dan@x.edu", phone: "2125550143" }]),
    );
    assert.equal(json.counts.updated, 1);
    const dan = await person("dan");
    assert.equal(dan.lastName, "Byhand");
    assert.deepEqual(dan.emails, ["dan@x.edu", "dan@hand.com"]);
    assert.deepEqual(
      dan.phones.map(({ number }: { number: string }) => number),
      ["+12125550143", "+12125550199"],
    );
    const rows = (await app.inject({ url: `/v1/imports/${json.id}/rows` })).json.items;
    assert.deepEqual(
      rows.map(({ code, field, message }: { code: string; field: string; message: string }) => [code, field, message]),
      [["value_kept", "lastName", "lastName was kept: Byhand. The file says Feed."]],
    );
  });

  it("values that another source claims stay when this one withdraws them", async () => {
    const eve = {
      userID: "eve",
      firstName: "Eve",
      email: "eve@x.edu;eve@both.com",
      phone: "2125550150",
      groupID: "G1",
    };
    await post(roster([{ ...eve, databaseID: "020" }]));
    await post(roster([{ ...eve, databaseID: "E20" }]), "?source=employees");
    await post(roster([{ databaseID: "020", firstName: "Eve", email: "eve@x.edu", phone: "" }]));
    const { emails, phones, sources } = await person("eve");
    assert.deepEqual([emails, phones.length], [["eve@x.edu", "eve@both.com"], 1]);
    assert.deepEqual(sources, [
      { source: "default", databaseId: "020" },
      { source: "employees", databaseId: "E20" },
    ]);
    await post(roster([{ databaseID: "E20", firstName: "Eve", email: "eve@x.edu", phone: "" }]), "?source=employees");
    const gone = await person("eve");
    assert.deepEqual([gone.emails, gone.phones], [["eve@x.edu"], []]);
  });
});

describe("a failed row", () => {
  it("takes nothing from anybody: neither the person, nor what the person has", async () => {
    await post(roster([{ ...ann, databaseID: "030", userID: "fay", email: "fay@x.edu;fay@more.com" }]));
    const fay = await person("fay");
    const { json } = await post(
      roster([
        { databaseID: "030", userID: "fay", firstName: "Fay", email: "fay@x.edu", phone: "", groupID: "1" },
        { databaseID: "031", userID: "gus", firstName: "Gus", email: "gus@x.edu", groupID: "G1" },
      ]),
    );
    assert.deepEqual([json.counts.failed, json.counts.added, json.counts.notAdded], [1, 1, 0]);
    assert.deepEqual(await person("fay"), fay);
  });
});

describe("the change log", () => {
  it("rebuilds exactly the people whom the API lists, after all of the above", async () => {
    const { users } = await everything();
    const replayed = await replayUsers(database.owner, app.organizationId);
    assert.deepEqual(
      [...replayed.values()].sort((one, other) => Number(one.id) - Number(other.id)),
      users.map(replayable),
    );
  });
});
