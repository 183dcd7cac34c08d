/** Files of locations over HTTP (file formats, section 7). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
for (const groupId of ["A", "B"]) await app.inject({ method: "POST", url: "/v1/groups", body: { groupId } });

const send = (body: string, query = "", type = "text/csv", kind = "locations") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/${kind}${query}`,
    body,
    headers: { "content-type": type, accept: "application/json" },
  });

async function sendLocations(body: string, query = "", type = "text/csv") {
  const answer = await send(body, query, type);
  assert.equal(answer.status, 201, answer.body);
  return answer.json;
}

const location = async (name: string) => (await app.inject({ url: `/v1/locations/${encodeURIComponent(name)}` })).json;
const messagesOf = async (id: string) =>
  (await app.inject({ url: `/v1/imports/${id}/rows` })).json.items.map(
    ({ row, message }: { row: number; message: string }) => [row, message],
  );
const entriesOf = async (importId: string) =>
  (
    await database.owner.query(
      "select type, action, id, changed::json from changes where organization_id = $1 and import_id = $2 order by sequence",
      [app.organizationId, importId],
    )
  ).rows;

test("locations are created, get other groups, and stay as they are when the file comes again", async () => {
  const file = ",North,A;B\n,South Campus,\n";
  const first = await sendLocations(file);
  assert.deepEqual([first.kind, first.counts.added], ["locations", 2]);
  assert.deepEqual((await location("NORTH")).groups, ["A", "B"]);
  const second = await sendLocations(file);
  assert.deepEqual([second.counts.unchanged, second.firstSequence], [2, null]);
  const third = await sendLocations("modify,NORTH,B\n");
  assert.equal(third.counts.updated, 1);
  assert.deepEqual(await entriesOf(third.id), [
    { type: "location", action: "updated", id: "North", changed: { groups: { from: ["A", "B"], to: ["B"] } } },
  ]);
  const { name, version, groups } = await location("north");
  assert.deepEqual({ name, version, groups }, { name: "North", version: 2, groups: ["B"] });
});

test("XML may call them campuses, and JSON lists the groups", async () => {
  const xml = '<campuses type="array"><campus><name>Forms</name><groupID>A</groupID></campus></campuses>';
  assert.equal((await sendLocations(xml, "", "application/xml")).counts.added, 1);
  const json = JSON.stringify({ locations: [{ name: "Forms", groupID: ["A", "B"] }] });
  assert.equal((await sendLocations(json, "", "application/json")).counts.updated, 1);
  assert.deepEqual((await location("Forms")).groups, ["A", "B"]);
});

test("a location that goes is nobody's any more, and its groups stay", async () => {
  await sendLocations("action,name,groupID\n,Gone,A\n");
  const roster = await send("Ann,Lee,ann@example.edu,,,A,1,,,Gone\n", "", "text/csv", "users");
  assert.equal(roster.status, 201, roster.body);
  const dry = await sendLocations("delete,GONE,\n", "?dryRun=true");
  assert.deepEqual([dry.status, dry.counts.removed], ["planned", 1]);
  assert.equal((await location("Gone")).name, "Gone");
  const { id, counts } = await sendLocations("delete,GONE,\ndelete,Never,\n");
  assert.deepEqual([counts.removed, counts.unchanged], [1, 1]);
  assert.equal((await app.inject({ url: "/v1/locations/Gone" })).status, 404);
  const [ann] = (await app.inject({ url: "/v1/users?databaseId=1" })).json.items;
  assert.deepEqual([ann.location, ann.memberships.length], [null, 1]);
  assert.deepEqual(await entriesOf(id), [
    { type: "user", action: "updated", id: ann.id, changed: { location: { from: "Gone", to: null } } },
    {
      type: "location",
      action: "deleted",
      id: "Gone",
      changed: { name: { from: "Gone", to: null }, groups: { from: ["A"], to: null } },
    },
  ]);
});

test("a row that cannot be applied is left out, and says why; the others are applied", async () => {
  const { id, counts } = await sendLocations(
    ",West!,\n,East,A;X\nmodify,Unknown,A\n,Twin,\n,TWIN,A\npurge,North,\n,,A\n,Fine,\n",
  );
  assert.deepEqual([counts.added, counts.failed, counts.notAdded], [1, 7, 6]);
  assert.deepEqual(await messagesOf(id), [
    [1, "name was refused: the name of a location has letters and digits, in words with one space between them."],
    [2, "groupID was refused: there is no group X."],
    [3, "name was refused: there is no such location to modify."],
    [4, "name was refused: line 5 is about the same location."],
    [5, "name was refused: line 4 is about the same location."],
    [6, 'action was refused: "purge" is not one of modify, delete.'],
    [7, "name was refused: it is blank, and every location needs one."],
  ]);
});

test("the response file is one of campuses, and can be sent again", async () => {
  const { id } = await sendLocations("action,name,groupID\n,Again,X\ndelete,Fine,\n");
  const { body, headers } = await app.inject({ url: `/v1/imports/${id}/response` });
  assert.equal(
    body,
    "action,name,groupID,Action,Status,Message\r\n,Again,X,Add,Fail,groupID was refused: there is no group X.\r\ndelete,Fine,,Remove,Successful,\r\n",
  );
  assert.match(String(headers["content-disposition"]), /Test_University_Campuses_Response_20261122_020000\.csv$/);
  const second = await sendLocations(body.replace("Again,X", "Again,A"));
  assert.deepEqual([second.counts.added, second.counts.unchanged], [1, 1]);
});

test("another file, and one that breaks off, is refused whole", async () => {
  for (const [body, type, code] of [
    ['<groups type="array"><group><name>A</name></group></groups>', "application/xml", "document_root_wrong"],
    ['<locations type="array"><location><name>Cut</name></location>', "application/xml", "xml_cut_off"],
    ["action,name,groupID\n,Cut,\n,Cut2", "text/csv", "csv_cut_off"],
  ] as const) {
    assert.equal((await send(body, "", type)).json.code, code);
  }
  assert.equal((await app.inject({ url: "/v1/locations/Cut" })).status, 404);
});
