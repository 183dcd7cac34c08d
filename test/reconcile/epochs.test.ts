/** Changes after which unchanged rows are passed over, and changes after which they are read again. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const headers = { "content-type": "application/xml", accept: "application/json" };
const user = (number: number) =>
  `<user><databaseID>${number}</databaseID><userID>u${number}</userID><firstName>Ann</firstName>` +
  `<email>u${number}@x.edu</email><groupID>G1</groupID><campusName>North</campusName></user>`;
const body = `<users type="array">${user(1)}${user(2)}</users>`;
const send = async () => {
  const answer = await app.inject({ method: "POST", url: "/v1/imports/users?style=purge", headers, body });
  assert.equal(answer.json.status, "applied", answer.body);
  assert.equal(answer.json.counts.warnings, 0, answer.body);
};
/** The last import that read each person's row. */
const readBy = async () => {
  const { rows } = await database.owner.query("select last_import_id from user_sources order by user_id");
  return rows.map((row) => row.last_import_id);
};
const change = async (method: string, url: string, content?: object) => {
  const { headers: current } = method === "PATCH" ? await app.inject({ url }) : { headers: {} };
  const etag = (current as Record<string, string>).etag;
  const ifMatch = etag === undefined ? {} : { "if-match": etag };
  const answer = await app.inject({
    method: method as "PUT",
    url,
    headers: ifMatch,
    ...(content ? { body: content } : {}),
  });
  assert.ok(answer.status < 300, answer.body);
};
await send();

const ofNoRow: readonly [what: string, method: string, url: string, content?: object][] = [
  ["a new group", "POST", "/v1/groups", { groupId: "NEW" }],
  ["another description of the group", "PATCH", "/v1/groups/G1", { description: "Rowing" }],
  ["a new location", "POST", "/v1/locations", { name: "South" }],
  ["groups of the location", "PATCH", "/v1/locations/North", { groups: ["G1"] }],
  ["a setting that shapes no row", "PATCH", "/v1/organization", { settings: { keepFilesDays: 7 } }],
  ["a limit of the guard", "PUT", "/v1/sources/default", { guard: { removalDays: 3 } }],
];
for (const [what, ...request] of ofNoRow) {
  test(`unchanged rows are passed over after ${what}`, async () => {
    const before = await readBy();
    await change(...request);
    await send();
    assert.deepEqual(await readBy(), before);
  });
}

const ofAnyRow: readonly [what: string, method: string, url: string, content?: object][] = [
  ["another style of a group", "PATCH", "/v1/groups/G1", { style: "static" }],
  ["a new group with a comma in its id", "POST", "/v1/groups", { groupId: "G1,G2" }],
  ["a new group whose id looks as if letters were lost", "POST", "/v1/groups", { groupId: "Gr?n" }],
  ["a setting that shapes rows", "PATCH", "/v1/organization", { settings: { countryCode: "49" } }],
  ["another way to the primary e-mail", "PUT", "/v1/sources/default", { primaryEmail: "source" }],
  ["a source of a higher rank", "PUT", "/v1/sources/staff", { rank: 1 }],
  ["a deleted group", "DELETE", "/v1/groups/NEW"],
  ["another name of a location", "PATCH", "/v1/locations/South", { name: "East" }],
  ["a deleted location", "DELETE", "/v1/locations/East"],
];
for (const [what, ...request] of ofAnyRow) {
  test(`unchanged rows are read again after ${what}`, async () => {
    const before = await readBy();
    await change(...request);
    await send();
    const readAgain = await readBy();
    assert.ok(readAgain.every((id, index) => id !== before[index]));
    await send();
    assert.deepEqual(await readBy(), readAgain, "they are passed over again after that");
  });
}
