/** Rows that are passed over because they are what their last import left, and rows that must be read again. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let app: TestApp;
beforeEach(async () => {
  database = await createTestDatabase();
  app = await startTestApp(database);
});
afterEach(() => database.drop());

type Row = Readonly<Record<string, string>>;
const xml = (...rows: readonly Row[]) => {
  const fields = (row: Row) => Object.entries(row).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<users type="array">\n${rows.map((row) => `<user>${fields(row).join("")}</user>\n`).join("")}</users>`;
};
const types = { xml: "application/xml", csv: "text/csv", json: "application/json" } as const;
const send = async (
  body: string,
  {
    type = "xml",
    source = "default",
    style = "purge",
  }: { type?: keyof typeof types; source?: string; style?: string } = {},
) => {
  const headers = { "content-type": types[type], accept: "application/json" };
  const url = `/v1/imports/users?style=${style}&source=${source}`;
  const { json, body: text } = await app.inject({ method: "POST", url, headers, body });
  assert.equal(json.status, "applied", text);
  return json;
};
/** The notes of an import, with their lines. */
const notes = async ({ id }: { id: string }) => {
  const { rows } = await database.owner.query(
    "select row, line, outcome, code, field, details from import_rows where import_id = $1 order by row, code",
    [id],
  );
  return rows;
};
/** Sends a file, and counts the people whose rows it read. */
const read = async (...request: Parameters<typeof send>) => {
  const { id } = await send(...request);
  const { rows } = await database.owner.query("select from user_sources where last_import_id = $1", [id]);
  return rows.length;
};
const change = async (
  method: "POST" | "PUT" | "PATCH",
  url: string,
  body: object,
  headers: Record<string, string> = {},
) => {
  const { status, body: text } = await app.inject({ method, url, body, headers });
  assert.ok(status < 300, text);
};

const ann = { databaseID: "1", userID: "ann", firstName: "Ann", lastName: "Lee", email: "ann@x.edu", groupID: "G1" };
const bob = { databaseID: "2", userID: "bob", firstName: "Bob", lastName: "Ray", email: "bob@x.edu", groupID: "G1" };

describe("a file of another format", () => {
  it("is passed over as far as its rows say the same", async () => {
    const names = Object.keys(ann);
    const csv = [names, ...[ann, bob].map((row) => Object.values(row))].map((cells) => `${cells.join(",")}\n`).join("");
    await send(xml(ann, bob));
    assert.equal(await read(csv, { type: "csv" }), 0);
    assert.equal(await read(JSON.stringify([ann, bob]), { type: "json" }), 0);
    assert.equal(await read(`<!-- exported -->${xml(ann, bob)}`), 0);
    assert.equal(await read(xml(ann, bob).replaceAll("<userID>", "\n<userID>")), 0, "other bytes");
    assert.equal(await read(JSON.stringify([ann, { ...bob, lastName: "Roy" }]), { type: "json" }), 1);
    assert.equal(await read(xml(ann, bob)), 1, "its bytes are from before the last file");
  });

  it("is known by its bytes from then on", async () => {
    await send(JSON.stringify([ann, bob]), { type: "json" });
    assert.equal(await read(xml(ann, bob)), 0);
    const { rows } = await database.owner.query("select from user_sources where byte_digest is null");
    assert.equal(rows.length, 0);
  });
});

describe("people of several rows", () => {
  const one = { ...ann, groupID: "G1" };
  const two = { ...ann, groupID: "G2|1" };
  const three = { ...ann, groupID: "G3" };

  for (const type of ["xml", "json"] as const) {
    const file = (...rows: readonly Row[]) => (type === "xml" ? xml(...rows) : JSON.stringify(rows));
    it(`are passed over in any order (${type})`, async () => {
      const first = await send(file(one, bob, two, three), { type });
      const again = await send(file(one, bob, two, three), { type });
      assert.deepEqual(
        (await notes(again)).map(({ line, code, details }) => [line, code, details]),
        (await notes(first)).map(({ line, code, details }) => [line, code, details]),
      );
      assert.equal(await read(file(three, one, bob, two), { type }), 0);
      assert.equal(await read(file(three, one, one, bob, two), { type }), 0, "a row that is there twice says no more");
    });

    it(`are read if a row is gone, changed or new (${type})`, async () => {
      await send(file(one, two, bob), { type });
      assert.equal(await read(file(one, bob), { type }), 1);
      assert.equal(await read(file(one, two, bob), { type }), 1);
      assert.equal(await read(file(one, { ...two, groupID: "G2" }, bob), { type }), 1);
      assert.equal(await read(file(one, { ...two, groupID: "G2" }, three, bob), { type }), 1);
      assert.equal(await read(file(one, { ...two, groupID: "G2" }, three, bob), { type }), 0);
      const { rows } = await database.owner.query(
        "select group_id from memberships join users on id = user_id where username = 'ann' order by 1",
      );
      assert.deepEqual(
        rows.map((row) => row.group_id),
        ["G1", "G2", "G3"],
      );
    });
  }

  it("are read every time if the order of their rows matters", async () => {
    await send(xml(one, { ...two, lastName: "Lea" }));
    await send(xml({ ...two, lastName: "Lea" }, one));
    assert.equal((await app.inject({ url: "/v1/users/1" })).json.lastName, "Lee");
  });

  it("are read every time if anything was reported for a row", async () => {
    const odd = { ...two, email: "ann@x.edu;none" };
    await send(xml({ ...one, email: odd.email }, odd));
    assert.equal(await read(xml({ ...one, email: odd.email }, odd)), 1);
  });
});

describe("rows with warnings", () => {
  const odd = { ...bob, email: "bob@x.edu;none", phone: "12" };

  for (const type of ["xml", "json"] as const) {
    it(`are passed over, and the warnings are told again with their lines (${type})`, async () => {
      const file = (...rows: readonly Row[]) => (type === "xml" ? xml(...rows) : JSON.stringify(rows, null, 1));
      const first = await send(file(ann, odd), { type });
      const told = await notes(first);
      assert.ok(told.length >= 2);
      const again = await send(file(ann, odd), { type });
      assert.deepEqual(
        await notes(again),
        told.map((note) => ({ ...note, outcome: "unchanged" })),
      );
      assert.equal(again.counts.warnings, first.counts.warnings);
      const { rows } = await database.owner.query("select version::integer from users where username = 'bob'");
      assert.deepEqual(rows, [{ version: 1 }]);
      assert.equal(await read(file(ann, odd), { type }), 0);
      const moved = await send(file({ ...ann, databaseID: "3", userID: "cy", email: "cy@x.edu" }, ann, odd), { type });
      assert.deepEqual(
        (await notes(moved)).map(({ row }) => row),
        told.map(({ row }) => row + 1),
      );
    });
  }

  it("are read again once the group exists that they named", async () => {
    const etag = (await app.inject({ url: "/v1/organization" })).headers.etag as string;
    await change("PATCH", "/v1/organization", { settings: { createGroups: ["G*"] } }, { "if-match": etag });
    const file = xml({ ...ann, groupID: "G1;CLUB" }, bob);
    await send(file);
    assert.equal(await read(file), 1, "its first import added the person");
    const again = await send(file);
    assert.deepEqual(
      (await notes(again)).map(({ code }) => code),
      ["group_unknown"],
    );
    assert.equal(await read(file), 0);
    await change("POST", "/v1/groups", { groupId: "OTHER" });
    assert.equal(await read(file), 0);
    await change("POST", "/v1/groups", { groupId: "CLUB" });
    const joined = await send(file);
    assert.deepEqual(await notes(joined), []);
    assert.equal(joined.counts.membershipsAdded, 1);
  });

  it("are read again if the value that was kept gets another owner, or the person changes", async () => {
    await change("PUT", "/v1/sources/staff", { rank: 1 });
    await send(xml({ ...ann, lastName: "Leigh" }), { source: "staff", style: "normal" });
    const file = xml(ann, bob);
    await send(file);
    await send(file);
    assert.equal(await read(file), 0);
    assert.deepEqual(
      (await notes(await send(file))).map(({ code }) => code),
      ["value_kept"],
    );
    await send(xml(ann), { source: "staff", style: "normal" });
    assert.deepEqual(await notes(await send(file)), []);
  });

  it("are read every time with an order to remove", async () => {
    const order = { ...ann, email: "ann@x.edu;old@x.edu|00002" };
    await send(xml(order));
    assert.equal(await read(xml(order)), 1);
  });
});

describe("the very same file", () => {
  const file = (type: "xml" | "json" = "xml") => {
    const rows = [ann, { ...bob, email: "bob@x.edu;none" }];
    return type === "xml" ? xml(...rows) : JSON.stringify(rows);
  };
  /** Sends a file, and counts the people whose rows were read: without digests, all are, unless the report was repeated. */
  const readAnew = async (...request: Parameters<typeof send>) => {
    await database.owner.query("update user_sources set digest = null, byte_digest = null");
    return read(...request);
  };

  it("is not read if nothing has changed since it changed nothing, and has the same report", async () => {
    await send(file());
    const settled = await send(file());
    await database.owner.query("update user_sources set digest = null, byte_digest = null");
    const again = await send(file());
    assert.deepEqual(await notes(again), await notes(settled));
    assert.deepEqual([again.counts, again.reading], [settled.counts, settled.reading]);
    assert.equal(await readAnew(file()), 0);
    const { rows } = await database.owner.query(
      "select last_import_id, last_applied_at from sources where name = 'default'",
    );
    assert.notEqual(rows[0].last_import_id, again.id);
  });

  it("is read after its first import, which changed something", async () => {
    await send(file());
    assert.equal(await readAnew(file()), 2);
  });

  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    "a group is new": () => change("POST", "/v1/groups", { groupId: "NEW" }),
    "a limit of the guard is another": () => change("PUT", "/v1/sources/default", { guard: { removalDays: 3 } }),
    "another source claims people": async () => {
      await change("PUT", "/v1/sources/staff", { rank: 2 });
      await send(file());
      await send(file());
      assert.equal(await readAnew(file()), 0);
      await send(xml({ ...ann, groupID: "G1" }), { source: "staff", style: "normal" });
    },
    "another file came in between": () => send(xml(ann, bob), { style: "normal" }),
  };
  for (const [what, make] of Object.entries(changes)) {
    it(`is read after ${what}`, async () => {
      await send(file());
      await send(file());
      assert.equal(await readAnew(file()), 0);
      await make();
      assert.equal(await readAnew(file()), 2);
    });
  }

  it("is read in another style, in another encoding, and with another byte", async () => {
    await send(file());
    await send(file());
    assert.equal(await readAnew(file(), { style: "active-roster" }), 2);
    await send(file());
    assert.equal(await readAnew(`${file()}\n`), 2);
    await send(file("json"), { type: "json" });
    await send(file("json"), { type: "json" });
    const headers = { "content-type": "application/json; charset=windows-1252", accept: "application/json" };
    await database.owner.query("update user_sources set digest = null, byte_digest = null");
    const url = "/v1/imports/users?style=purge";
    const { json } = await app.inject({ method: "POST", url, headers, body: file("json") });
    const { rows } = await database.owner.query("select from user_sources where last_import_id = $1", [json.id]);
    assert.equal(rows.length, 2);
  });
});
