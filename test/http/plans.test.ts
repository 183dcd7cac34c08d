/** The planned changes of a dry run, item by item. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);

async function send(body: string, query = "") {
  const headers = { "content-type": "text/csv", accept: "application/json" };
  const answer = await app.inject({ method: "POST", url: `/v1/imports/users${query}`, body, headers });
  assert.equal(answer.status, 201, answer.body);
  return answer.json;
}
const planOf = (id: string, query = "", headers = {}) => app.inject({ url: `/v1/imports/${id}/plan${query}`, headers });
const header = "databaseID,firstName,lastName,email,userID,groupID,campusName\n";
const roster = `${header}1,Ann,Lee,ann@example.edu,alee,G1;G2,Main\n2,Bo,Ray,bo@example.edu,bray,G1,\n3,Cy,Low,cy@example.edu,clow,G2,\n`;
/** Ann gets another name and group, Bo goes, Dee is new and so is her group; Cy stays as he is. */
const nextDay = `${header}1,Anna,Lee,ann@example.edu,alee,G1;G2;G3,Main\n2,,,,,00000,\n3,Cy,Low,cy@example.edu,clow,G2,\n4,Dee,Fox,dee@example.edu,dfox,G3,North\n`;

test("a plan says who, what, from, to and which row", async () => {
  const first = await send(roster);
  assert.equal(first.planHash, null);
  const { id, planHash } = await send(nextDay, "?dryRun=true");
  const { json } = await planOf(id);
  assert.equal(json.hash, planHash);
  assert.match(planHash, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    json.items.map(({ number, type, action, id: item, databaseId, row }: Record<string, unknown>) => [
      number,
      type,
      action,
      item,
      databaseId,
      row,
    ]),
    [
      [1, "group", "add", "G3", null, null],
      [2, "location", "add", "North", null, null],
      [3, "user", "update", "1", "1", 1],
      [4, "user", "remove", "2", "2", 2],
      [5, "user", "add", null, "4", 4],
    ],
  );
  assert.deepEqual(json.items[2].changed, { firstName: { from: "Ann", to: "Anna" } });
  assert.deepEqual(json.items[2].memberships, [{ groupId: "G3", role: { from: null, to: 0 } }]);
  assert.deepEqual(json.items[3].memberships, [{ groupId: "G1", role: { from: 0, to: null } }]);
  assert.deepEqual(json.items[4].changed.location, { from: null, to: "North" });
});

test("the import applies exactly its plan", async () => {
  const planned = (await planOf((await send(nextDay, "?dryRun=true")).id)).json.items;
  const applied = await send(nextDay);
  const { rows } = await database.owner.query(
    "select type, action, database_id, changed::json, memberships::json from changes where sequence between $1 and $2 and type = 'user' order by sequence",
    [applied.firstSequence, applied.lastSequence],
  );
  const actions: Readonly<Record<string, string>> = { created: "add", updated: "update", deleted: "remove" };
  assert.deepEqual(
    rows.map(({ action, ...row }) => ({ ...row, action: actions[action] })),
    planned
      .filter(({ type }: { type: string }) => type === "user")
      .map(({ type, action, databaseId, changed, memberships }: Record<string, unknown>) => ({
        type,
        action,
        database_id: databaseId,
        changed,
        memberships,
      })),
  );
  const again = await send(nextDay, "?dryRun=true");
  assert.deepEqual((await planOf(again.id)).json.items, []);
});

test("the same plan has the same hash, another one another", async () => {
  const more = `${nextDay}5,Eve,Fox,eve@example.edu,efox,G1,\n`;
  const one = await send(more, "?dryRun=true");
  assert.equal((await send(more, "?dryRun=true")).planHash, one.planHash);
  const moved = `${header}5,Eve,Fox,eve@example.edu,efox,G1,\n${nextDay.slice(header.length)}`;
  assert.equal((await send(moved, "?dryRun=true")).planHash, one.planHash, "the order of the rows makes no difference");
  assert.notEqual((await send(more.replace("Eve", "Eva"), "?dryRun=true")).planHash, one.planHash);
});

test("a plan is read in pages, and narrowed down", async () => {
  const people = Array.from(
    { length: 2_500 },
    (_, index) => `p${index},P,${index},p${index}@example.edu,u${index},G1,\n`,
  );
  const { id } = await send(header + people.join(""), "?dryRun=true");
  const seen: string[] = [];
  for (let cursor = ""; cursor !== null; ) {
    const { json } = await planOf(id, `?limit=1000${cursor && `&cursor=${cursor}`}`);
    seen.push(...json.items.map(({ databaseId }: { databaseId: string }) => databaseId));
    cursor = json.nextCursor;
  }
  assert.deepEqual(
    seen,
    people.map((_, index) => `p${index}`),
  );
  const one = (await planOf(id, "?databaseId=p17")).json.items;
  assert.deepEqual([one.length, one[0].username, one[0].row], [1, "u17", 18]);
  assert.equal((await planOf(id, "?action=remove")).json.items.length, 0);
  assert.equal((await planOf(id, "?username=u3&type=user")).json.items.length, 1);
  assert.equal((await planOf(id, "?action=x")).status, 400);
  const csv = await planOf(id, "", { accept: "text/csv" });
  assert.equal(csv.headers["content-type"], "text/csv; charset=utf-8");
  assert.equal(csv.body.split("\r\n").filter((line) => line.includes(",lastName,")).length, 2_500);
});

test("as CSV it has a line for each change, harmless in a spreadsheet", async () => {
  const { id } = await send(`${header}1,=cmd|x,Lee,ann@example.edu,alee,G1;G2;G9,Main\n`, "?dryRun=true");
  const { body } = await planOf(id, "", { accept: "text/csv" });
  assert.equal(
    body,
    "type,action,id,databaseId,username,row,field,from,to\r\n" +
      "group,add,G9,,,,,,\r\n" +
      "user,update,1,1,alee,1,firstName,Anna,'=cmd|x\r\n" +
      "user,update,1,1,alee,1,memberships G9,,0\r\n",
  );
  const xml = await planOf(id, "", { accept: "application/xml" });
  assert.match(xml.body, /<plan>[\s\S]*<hash>[0-9a-f]{64}<\/hash>[\s\S]*<action>update<\/action>/);
});

test("imports that were applied or refused have none, and none is kept for ever", async () => {
  const applied = await send(nextDay);
  assert.equal((await planOf(applied.id)).json.code, "conflict");
  assert.equal((await planOf("0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a")).status, 404);
  const { id } = await send(`${nextDay}6,Flo,Fox,flo@example.edu,ffox,G1,\n`, "?dryRun=true");
  app.advanceClock(31 * 86_400_000);
  await send(nextDay);
  assert.equal((await planOf(id)).status, 410);
});
