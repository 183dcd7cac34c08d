/** The addresses of locations that existing jobs call (file formats, section 7; docs/migrating-from-regroup.md). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startDirectoryTest } from "../directory/setup.ts";

const { app, send, addOrganization } = await startDirectoryTest();
const copy = await addOrganization();

type Method = "GET" | "POST";
const call = (method: Method, query = "", body?: string, type = "application/xml", key = app.key) =>
  app.inject({
    method,
    url: `/api/v2/locations?api_key=${key}${query}`,
    headers: body === undefined ? { accept: "application/json" } : { "content-type": type },
    key: null,
    ...(body === undefined ? {} : { body }),
  });

const listed = async (key: string) => (await call("GET", "", undefined, undefined, key)).json.locations;

test("locations are imported from XML, CSV and JSON, and listed as a document that can be loaded back", async () => {
  await send("POST", "/v1/groups", { groupId: "G1" });
  const answer = await call(
    "POST",
    "",
    '<locations type="array"><location><name>Main</name><groupID>G1</groupID></location><location><name>No_name</name></location></locations>',
  );
  assert.equal(answer.status, 200, answer.body);
  assert.match(
    answer.body,
    /<locations type="array">\n<location>\n {2}<row>1<\/row>\n {2}<action>Add<\/action>\n {2}<status>Successful<\/status>\n {2}<message\/>\n<\/location>\n<location>\n {2}<row>2<\/row>\n {2}<action>Add<\/action>\n {2}<status>Fail<\/status>/,
  );
  assert.equal((await call("POST", "", "action,name,groupID\n,North,\n", "text/csv")).status, 200);
  const json = await call("POST", "", '{"locations":[{"name":"South","groupID":["G1"]}]}', "application/json");
  assert.equal(json.json.locations[0].status, "Successful", json.body);
  assert.deepEqual(await listed(app.key), [
    { action: "", name: "Main", groupID: "G1" },
    { action: "", name: "North", groupID: "" },
    { action: "", name: "South", groupID: "G1" },
  ]);
});

test("a copy that imports the answer to since stays equal while locations come, change, are renamed and go", async () => {
  await app.inject({ method: "POST", url: "/v1/groups", key: copy.key, body: { groupId: "G1" } });
  const first = await call("GET");
  const load = async (locations: object[]) => {
    const answer = await call("POST", "", JSON.stringify({ locations }), "application/json", copy.key);
    assert.equal(answer.json.status, "applied", answer.body);
    assert.equal(answer.json.counts.failed, 0, answer.body);
  };
  await load(first.json.locations);
  assert.deepEqual(await listed(copy.key), await listed(app.key));
  await send("DELETE", "/v1/locations/South");
  await send("PATCH", "/v1/locations/North", { name: "Far North" });
  await send("PATCH", "/v1/locations/Main", { groups: [] });
  await send("POST", "/v1/locations", { name: "West", groups: ["G1"] });
  await send("POST", "/v1/locations", { name: "École" });
  const next = await call("GET", `&since=${first.headers["changes-until"]}`);
  assert.deepEqual(next.json.locations, [
    { action: "", name: "Far North", groupID: "" },
    { action: "", name: "Main", groupID: "" },
    { action: "delete", name: "North", groupID: "" },
    { action: "delete", name: "South", groupID: "" },
    { action: "", name: "West", groupID: "G1" },
    { action: "", name: "École", groupID: "" },
  ]);
  await load(next.json.locations);
  assert.deepEqual(await listed(copy.key), await listed(app.key));
  const none = await call("GET", `&since=${next.headers["changes-until"]}`);
  assert.deepEqual(none.json.locations, []);
});

test("parameters that decide what a request does are refused, and so is until alone", async () => {
  for (const parameter of ["source=x", "style=purge", "dryRun=true", "DRY_RUN=1", "dryRun", "source=a&source=b"]) {
    for (const method of ["GET", "POST"] as const) {
      const body = method === "POST" ? "name\nElsewhere\n" : undefined;
      const answer = await call(method, `&${parameter}`, body, "text/csv");
      assert.equal(answer.status, 400, `${method} ${parameter} ${answer.body}`);
      assert.match(answer.body, /\/api\/v2 does not support (?:source|style|dryRun)/);
    }
  }
  assert.equal((await call("GET", "&until=2026-11-22")).status, 400);
  assert.ok(!(await listed(app.key)).some(({ name }: { name: string }) => name === "Elsewhere"));
});
