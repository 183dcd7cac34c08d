/** The effect of an import in one list (file formats, section 8.4). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);

async function send(body: string, query = "", kind = "users") {
  const headers = { "content-type": "text/csv", accept: "application/json" };
  const answer = await app.inject({ method: "POST", url: `/v1/imports/${kind}${query}`, body, headers });
  assert.ok([201, 202].includes(answer.status), answer.body);
  return answer.json;
}
const changesOf = (id: string, query = "", headers = {}) =>
  app.inject({ url: `/v1/imports/${id}/changes${query}`, headers });
const short = (items: Record<string, unknown>[]) =>
  items.map(({ status, action, type, databaseId, lastName }) => [status, action, type, databaseId, lastName].join(" "));

const header = "databaseID,firstName,lastName,email,phone,groupID\n";
const person = (number: number, lastName = `N${number}`) => `${number},Kay,${lastName},k${number}@example.edu,,G1\n`;
const many = Array.from({ length: 30 }, (_, index) => person(index + 100));
const roster = `${header}1,Ann,Lee,ann@example.edu,,G1\n2,Bo,Ray,bo@example.edu,,G1\n3,Cy,Low,cy@example.edu,,G1\n${many.join("")}`;
/** Ann gets another name, e-mail, phone and group. Bo is absent. Cy is absent and kept. Dee is new. */
const nextDay = `${header}1,Ann,Roe,ann@example.edu;anna@example.edu,2125550123,G2\n4,Dee,Fox,dee@example.edu,,G2\n${many.join("")}`;

await app.inject({ method: "PATCH", url: "/v1/organization", body: { style: "active-roster" } });
await send(roster, "?style=active-roster");
await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "BOARD", style: "static" } });
const { json: cy } = await app.inject({ url: "/v1/users?limit=1000" });
const cyId = (cy.items as { id: string; lastName: string }[]).find(({ lastName }) => lastName === "Low")!.id;
await app.inject({ method: "PUT", url: `/v1/groups/BOARD/members/${cyId}`, body: { role: 0 } });

const expected = (status: string) => [
  `${status} added group  `,
  `${status} updated user 1 Roe`,
  `${status} removed user 2 Ray`,
  `${status} added user 4 Fox`,
  `${status} kept user 3 Low`,
];

test("a dry run lists its changes as planned", async () => {
  const { id } = await send(nextDay, "?style=active-roster&dryRun=true");
  const { json, status } = await changesOf(id);
  assert.equal(status, 200);
  assert.deepEqual(short(json.items).toSorted(), expected("planned").toSorted());
  const { json: removed } = await changesOf(id, "?action=removed");
  assert.deepEqual(
    removed.items.map(({ reason }: { reason: object }) => reason),
    [{ code: "absent", message: "The file does not name the person." }],
  );
});

test("an import lists who was added, updated from what to what, removed, and kept with the reason", async () => {
  const { id } = await send(nextDay, "?style=active-roster");
  const { json } = await changesOf(id);
  assert.deepEqual(short(json.items).toSorted(), expected("applied").toSorted());
  const byAction = (action: string) =>
    json.items.find((item: Record<string, unknown>) => item.action === action && item.type === "user");
  const updated = byAction("updated");
  assert.deepEqual(updated.changed.lastName, { from: "Lee", to: "Roe" });
  assert.deepEqual(updated.changed.emails, { from: ["ann@example.edu"], to: ["ann@example.edu", "anna@example.edu"] });
  assert.equal(updated.changed.phones.to[0].number, "+12125550123");
  assert.deepEqual(
    updated.memberships.map(({ groupId, role }: { groupId: string; role: object }) => [groupId, role]),
    [["G2", { from: null, to: 0 }]],
  );
  assert.deepEqual(byAction("removed").reason, { code: "absent", message: "The file does not name the person." });
  const { body: response } = await app.inject({ url: `/v1/imports/${id}/response?absent=true` });
  const row = "2,Bo,Ray,bo@example.edu,,,Remove,Successful,The file does not name this person: 2 Bo Ray.";
  assert.deepEqual(response.trimEnd().split("\r\n").slice(-1), [row]);
  const kept = byAction("kept");
  assert.deepEqual(
    [kept.id, kept.firstName, kept.email, kept.reason],
    [cyId, "Cy", "cy@example.edu", { code: "static_group", message: "The person belongs to a static group." }],
  );

  const pages: Record<string, unknown>[] = [];
  for (let cursor = ""; ; ) {
    const { json: page } = await changesOf(id, `?limit=1${cursor}`);
    pages.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  assert.deepEqual(pages, json.items);

  const csv = (await changesOf(id, "", { accept: "text/csv" })).body.split("\r\n");
  assert.equal(
    csv[0],
    "status,action,type,id,databaseId,username,email,firstName,lastName,field,from,to,reason,message",
  );
  assert.ok(csv.includes("applied,updated,user,1,1,,ann@example.edu,Ann,Roe,lastName,Lee,Roe,,"), csv.join("\n"));
  assert.ok(csv.some((line) => line.startsWith("applied,kept,user,") && line.includes(",static_group,The person")));
  assert.match((await changesOf(id, "", { accept: "application/xml" })).body, /<code>static_group<\/code>/);
});

test("a person whom a row orders to delete is removed without a reason, or kept with one", async () => {
  const { id } = await send(`databaseID,groupID\n4,00000\n3,00000\n`, "?style=normal");
  const { json } = await changesOf(id, "?type=user");
  assert.deepEqual(
    json.items.map(({ action, id: item, lastName, reason }: Record<string, unknown>) => [
      action,
      item === cyId,
      lastName,
      (reason as { code: string } | null)?.code,
    ]),
    [
      ["removed", false, "Fox", undefined],
      ["kept", true, "Low", "static_group"],
    ],
  );
});

test("removals that are held are planned, then applied or discarded", async () => {
  const held = await send(`${header}${many.slice(0, 5).join("")}`, "?style=active-roster");
  assert.equal(held.status, "held");
  const { json } = await changesOf(held.id, "?action=removed");
  assert.equal(json.items[0].status, "planned");
  assert.equal(json.items[0].reason.code, "absent");
  const { json: approver } = await app.inject({
    method: "POST",
    url: "/v1/api-keys",
    body: { name: "approver", services: ["approvals"] },
  });
  await app.inject({
    method: "POST",
    url: `/v1/imports/${held.id}/approve`,
    key: approver.key,
    body: { planHash: held.planHash, decidedBy: "Kim Park" },
  });
  const { json: applied } = await changesOf(held.id, "?action=removed");
  assert.deepEqual(
    applied.items.map(({ status, reason }: { status: string; reason: { code: string } }) => [status, reason.code]),
    json.items.map(() => ["applied", "absent"]),
  );
});

test("files of groups and of locations list groups and locations", async () => {
  const groups = await send("name,groupID,description\nChess,CHESS,x\n", "", "groups");
  assert.deepEqual(
    (await changesOf(groups.id)).json.items.map(({ action, type, id }: Record<string, unknown>) => [action, type, id]),
    [["added", "group", "CHESS"]],
  );
  const dryRun = await send("name,groupID,description\nChess,CHESS,Come and play\n", "?dryRun=true", "groups");
  assert.deepEqual((await changesOf(dryRun.id, "?type=group")).json.items[0].action, "updated");
});

test("a missing import, a cursor of another list and another source's import are refused", async () => {
  assert.equal((await changesOf(crypto.randomUUID())).status, 404);
  await app.inject({ method: "PUT", url: "/v1/sources/staff", body: {} });
  const { id } = await send(`${header}${person(900)}`, "?source=staff&style=normal");
  const far = Buffer.from(JSON.stringify([1, Number.MAX_SAFE_INTEGER, 0])).toString("base64url");
  assert.deepEqual((await changesOf(id, `?cursor=${far}`)).json.items, []);
  assert.equal((await changesOf(id, "?cursor=abc")).status, 400);
  const body = { name: "bound", services: ["import"], source: "default" };
  const { json } = await app.inject({ method: "POST", url: "/v1/api-keys", body });
  assert.equal((await app.inject({ url: `/v1/imports/${id}/changes`, key: json.key })).status, 404);
});
