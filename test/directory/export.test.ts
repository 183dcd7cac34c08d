import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createApiKey } from "../../src/organizations/api-keys.ts";
import { follow } from "../changes/reader.ts";
import { organizations, sourceNumbers } from "../model/generate.ts";
import { saveOrganization } from "../support/organization-store.ts";
import { listEverybody } from "../support/replay.ts";
import { startDirectoryTest } from "./setup.ts";

const seed = process.env.FAST_CHECK_SEED ? Number(process.env.FAST_CHECK_SEED) : Date.now() & 0x7fffffff;
const runs = Number(process.env.FAST_CHECK_RUNS ?? 25);

const { app, owner, send, addUser } = await startDirectoryTest();
const exported = (accept: string, query = "", key?: string) =>
  app.inject({ url: `/v1/users/export${query}`, headers: { accept }, ...(key === undefined ? {} : { key }) });

test("lines hold everybody as the list shows them, over several pages, and the header says from where to follow", async () => {
  await owner.query(
    `insert into users (organization_id, id, first_name, email, email_normalized, claims, created_at, updated_at)
     select $1, n, 'F' || n, n || '@x.edu', n || '@x.edu', 1, now(), now() from generate_series(1, 2500) n`,
    [app.organizationId],
  );
  await owner.query("update feed_heads set last_user_id = 2500");
  const { body, headers } = await exported("application/x-ndjson");
  const lines = body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines, await listEverybody(app));
  assert.equal(lines.length, 2500);
  const added = await addUser();
  const { changes } = await follow(app, { cursor: String(headers["changes-cursor"]) });
  assert.deepEqual(
    changes.map(({ id }) => id),
    [added.id],
  );
});

test("a feed has every value where feeds have it", async () => {
  await send("POST", "/v1/groups", { groupId: "G1" });
  await send("POST", "/v1/groups", { groupId: "G2" });
  await send("POST", "/v1/locations", { name: "Main" });
  const row = { databaseID: "007", firstName: "Zoë", lastName: 'O"Neil, Jr', userID: "zoe", showAllGroups: "1" };
  const lists = { email: "z@x.edu;a@y.com", phone: "2125550142||1||home;2125550143 x12", groupID: "G1|4;G2" };
  const rest = { address: "1 Main St|Springfield|IL|US|62701", customFields: "Junior||x", campusName: "Main" };
  await send("POST", "/v1/imports/users", { users: [{ ...row, ...lists, ...rest }] });
  const { body } = await exported("application/xml", "?source=default");
  const values = Object.fromEntries(
    [...body.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name, value]) => [name, value]),
  );
  assert.deepEqual(values, {
    ...row,
    lastName: "O&quot;Neil, Jr",
    ...lists,
    ...rest,
    phone: "+12125550142||1||home;+12125550143 x12||2||cell",
  });
  const csv = (await exported("text/csv", "?source=default")).body.split("\r\n");
  assert.equal(csv.length, 3);
  assert.match(csv[1]!, /^Zoë,"O""Neil, Jr",z@x.edu;a@y.com,zoe,/);
});

test("importing an export again in normal style changes nothing", async () => {
  let rows = 0;
  await fc.assert(
    fc.asyncProperty(organizations, fc.constantFrom("application/xml", "text/csv"), async (organization, type) => {
      // A role that a source granted while it was allowed to would be taken away.
      const settings = { ...organization.settings, grantableRoles: [1, 2, 3, 4] };
      const organizationId = await saveOrganization(owner, { ...organization, settings });
      const wanted = { name: "admin", services: ["admin"], source: null, expiresAt: null } as const;
      const { key } = await createApiKey(app.dependencies.database, organizationId, wanted, {
        ...app.dependencies,
        actor: "test",
      });
      const everything = async () => (await exported("application/x-ndjson", "", key)).body;
      const before = await everything();
      for (const source of Object.keys(sourceNumbers)) {
        const { body } = await exported(type, `?source=${source}`, key);
        if (!/<user>|\n./.test(body.replace(/^<\?xml.*\n/, "")) || body.includes('"array">\n</users>')) continue;
        const { status, json } = await app.inject({
          method: "POST",
          url: `/v1/imports/users?source=${source}&style=normal`,
          key,
          body,
          headers: { "content-type": type, accept: "application/json" },
        });
        assert.equal(status, 201, JSON.stringify(json));
        rows += json.counts.rows;
        const { added, updated, removed, firstSequence } = { ...json.counts, ...json };
        assert.deepEqual(
          { added, updated, removed, firstSequence },
          { added: 0, updated: 0, removed: 0, firstSequence: null },
          body,
        );
      }
      assert.equal(await everything(), before);
    }),
    { seed, numRuns: runs },
  );
  assert.ok(rows > runs, "there were people to import");
});
