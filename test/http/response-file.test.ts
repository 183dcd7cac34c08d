/** The response file (file formats, section 8). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);

async function send(body: string, type: string, query = "") {
  const answer = await app.inject({
    method: "POST",
    url: `/v1/imports/users${query}`,
    body,
    headers: { "content-type": type, accept: "application/json" },
  });
  assert.equal(answer.status, 201, answer.body);
  return answer.json.id as string;
}
const responseTo = (id: string, query = "") => app.inject({ url: `/v1/imports/${id}/response${query}` });

test("each row of a headerless CSV comes back as it was, with what became of it", async () => {
  const rows = ["Ann,Lee,ann@example.edu,,,G1,001", "Bob,Ray,,,,G1,002", '"Cy ""C"", Jr",Low,cy@example.edu,,,G1,003'];
  const id = await send(`${rows.join("\r\n")}\r\n`, "text/csv");
  const { body, headers } = await responseTo(id);
  assert.equal(
    body,
    "Ann,Lee,ann@example.edu,,,G1,001,Add,Successful,\r\n" +
      'Bob,Ray,,,,G1,002,Add,Fail,"email is missing. A new person needs it, so the person was not added. Fill it in and send the row again."\r\n' +
      '"Cy ""C"", Jr",Low,cy@example.edu,,,G1,003,Add,Successful,\r\n',
  );
  assert.equal(headers["content-type"], "text/csv; charset=utf-8");
  assert.equal(
    headers["content-disposition"],
    "attachment; filename*=UTF-8''Test_University_Membership_Response_20261122_020000.csv",
  );
});

test("a file with a header gets one, with its own columns and delimiters as commas", async () => {
  const id = await send("databaseID;firstName;note\n001;Anna;\n009;00000;x\n", "text/csv");
  const { body } = await responseTo(id);
  assert.match(body, /^databaseID,firstName,note,Action,Status,Message\r\n001,Anna,,Modify,Successful,\r\n009,/);
});

test("rows that delete somebody are answered with Remove", async () => {
  const id = await send("databaseID,groupID\n003,00000\n", "text/csv");
  assert.match((await responseTo(id)).body, /\r\n003,00000,Remove,Successful,\r\n$/);
});

test("XML and JSON come back in the documented columns", async () => {
  const id = await send(
    '<users type="array"><user><databaseID>001</databaseID><phone>2125550123||3|1|cell</phone></user></users>',
    "application/xml",
  );
  assert.equal((await responseTo(id)).body, ",,,,2125550123||3|1|cell,,001,,,,,Modify,Successful,\r\n");
  const json = await send(
    '{"users":[{"email":["x@example.edu","y@example.edu"],"databaseID":"001"}]}',
    "application/json",
  );
  assert.match((await responseTo(json)).body, /^,,x@example\.edu;y@example\.edu,,,,001,,,,,Modify,Successful,/);
});

test("a failed row can be asked for alone, corrected, and sent again as it is", async () => {
  const id = await send("firstName,email,groupID,databaseID\nDee,,G1,004\nEve,eve@example.edu,G1,005\n", "text/csv");
  const { body } = await responseTo(id, "?outcome=failed");
  assert.equal(body.split("\r\n").length, 3);
  const again = await send(body.replace("Dee,,", "Dee,dee@example.edu,"), "text/csv");
  const { json } = await app.inject({ url: `/v1/imports/${again}` });
  assert.equal(json.counts.added, 1);
  assert.deepEqual(json.source.reading.ignored, ["Action", "Status", "Message"]);
});

test("so can rows of a file without a header, the columns of the response included", async () => {
  const id = await send("Fay,,,,,G1,006,,,,\nGus,,gus@example.edu,,,G1,007,,,,\n", "text/csv");
  const { body } = await responseTo(id, "?outcome=failed");
  const again = await send(body.replace("Fay,,,", "Fay,,fay@example.edu,"), "text/csv");
  assert.equal((await app.inject({ url: `/v1/imports/${again}` })).json.counts.added, 1);
});

test("a cell that a spreadsheet would take for a formula is made harmless, and read back as it was", async () => {
  const names = ["=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "-Ann"];
  const rows = names.map((name, index) => `"${name}",,f${index}@example.edu,,+1 212 555 0123||3|1|cell,G1,f${index}`);
  const id = await send(`${rows.join("\n")}\n`, "text/csv");
  const { body } = await responseTo(id);
  assert.doesNotMatch(body, /^"?[=@]|^"?[+-](?!1 212)/m);
  assert.match(body, /^'=cmd/m);
  assert.match(body, /,\+1 212 555 0123\|\|3\|1\|cell,/);
  const again = await send(body, "text/csv");
  const { json } = await app.inject({ url: `/v1/imports/${again}` });
  assert.equal(json.counts.unchanged, names.length, JSON.stringify(json.counts));
});

test("a dry run has one too; a refused import has none", async () => {
  const id = await send("Hal,,hal@example.edu,,,G1,008\n", "text/csv", "?dryRun=true");
  assert.match((await responseTo(id)).body, /,Add,Successful,/);
  const refused = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    body: "<users",
    headers: { "content-type": "application/xml", accept: "application/json" },
  });
  const answer = await responseTo(refused.json.importId);
  assert.equal(answer.status, 409);
  assert.match(answer.json.detail, /refused/);
  assert.equal((await responseTo("0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a")).status, 404);
});

test("files are kept as long as the organization says, and no longer", async () => {
  const id = await send("Ida,,ida@example.edu,,,G1,010\n", "text/csv");
  assert.equal((await responseTo(id)).status, 200);
  app.advanceClock(31 * 86_400_000);
  const next = await send("Jo,,jo@example.edu,,,G1,011\n", "text/csv");
  const gone = await responseTo(id);
  assert.equal(gone.status, 410);
  assert.equal(gone.json.code, "gone");
  assert.equal((await responseTo(next)).status, 200);
  await app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { keepFilesDays: 0 } } });
  const unkept = await send("Kim,,kim@example.edu,,,G1,012\n", "text/csv");
  assert.equal((await responseTo(unkept)).status, 410);
  await app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { keepFilesDays: null } } });
});

test("a response of many rows comes whole", async () => {
  const rows = Array.from({ length: 3000 }, (_, index) => `N${index},,n${index}@example.edu,,,G1,n${index}`);
  rows[1500] = "N1500,,,,,G1,n1500";
  const id = await send(`${rows.join("\n")}\n`, "text/csv");
  const lines = (await responseTo(id)).body.split("\r\n");
  assert.equal(lines.length, 3001);
  assert.match(lines[1500]!, /^N1500,.*,Add,Fail,"email is missing/);
  assert.match(lines[2999]!, /^N2999,.*,Add,Successful,$/);
});
