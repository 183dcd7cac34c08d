/** A file in which every row fails for one reason gets one sentence. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }));

const people = (count: number, row: (number: number) => string) =>
  Array.from({ length: count }, (_, index) => row(index));
async function summaryOf(lines: readonly string[]): Promise<string> {
  const headers = { "content-type": "text/csv", accept: "application/json" };
  const { json, body } = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    headers,
    body: `${lines.join("\n")}\n`,
  });
  assert.equal(typeof json.summary, "string", body);
  return json.summary;
}

test("the summary names the one reason, and the column that was not read", async () => {
  const summary = await summaryOf(["Vorname,Email,Group", ...people(40, (number) => `Ann,p${number}@x.edu,G1`)]);
  assert.match(summary, /40 rows failed\. Every row failed for one reason\. The first: firstName is missing\./);
  assert.match(summary, /Columns that were not read: "Vorname"\.$/);
});

test("the summary names no reason if there are several, or hardly any failures", async () => {
  const damaged = ["Ann,a@x.edu,G1,9E+08", "Bo,b@x.edu,1,2", ",c@x.edu,G1,3"];
  const header = "firstName,email,group,databaseID";
  assert.doesNotMatch(await summaryOf([header, ...damaged]), /one reason/);
  assert.doesNotMatch(await summaryOf([header, damaged[0]!, damaged[0]!]), /one reason/);
  const valid = people(5, (number) => `Ann,q${number}@x.edu,G1,${100 + number}`);
  const some = await summaryOf([header, ...valid, ...people(3, (number) => `Bo,r${number}@x.edu,1,${number}`)]);
  assert.match(some, /All failed rows have one reason\. The first: "1" is not a group code/);
});
