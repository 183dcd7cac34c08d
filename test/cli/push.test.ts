/** `muster push` against the service: results of files. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { csv } from "../support/rosters.ts";
import { startFaultyNetwork } from "./faulty-network.ts";
import { startPushSetting } from "./push-setting.ts";

const { app, approver, fileOf, folder, importsOf, newSource, push, range, sendApplied } = await startPushSetting();

describe("the result of a file", () => {
  test("every row is applied: a report, and 0", async () => {
    const source = await newSource();
    const { status, output, errorOutput } = await push([await fileOf(csv(range(3))), "--source", source]);
    assert.equal(status, 0, errorOutput);
    assert.match(output, /: applied\.\n3 rows read; 3 added/);
    assert.match(output, /^ {2}added +3$/m);
    assert.equal(errorOutput, "", "without a terminal there is no bar");
    const [done] = await importsOf(source);
    assert.match(output, new RegExp(`^Import ${done.id}$`, "m"));
    assert.match(done.source.fileName, /^roster-\d+\.csv$/);
  });

  test("rows fail: a table of them, and 1", async () => {
    const source = await newSource();
    const [good, ...bad] = range(3);
    const path = await fileOf(csv([good!, ...bad.map((person) => ({ ...person, groups: "1" }))]));
    const { status, output } = await push([path, "--source", source]);
    assert.equal(status, 1);
    assert.match(output, /^ {2}failed +2$/m);
    assert.match(output, /^ {2}ROW +LINE +OUTCOME +CODE +FIELD +MESSAGE$/m);
    assert.match(output, /^ {4}2 +3 +failed +group_code_damaged +groupID +"1"/m);
    const json = JSON.parse((await push([path, "--source", source, "--json"])).output);
    assert.deepEqual([json.outcome, json.import.counts.failed, json.rows.length], ["rows_failed", 2, 2]);
  });

  test("the file is refused: the reason on standard error, and 2", async () => {
    const path = await fileOf('<users type="array"><user><firstName>Tom', ".xml");
    const { status, output, errorOutput } = await push([path]);
    assert.deepEqual([status, output], [2, ""]);
    assert.match(errorOutput, /refused \(xml_cut_off\)\.\nThe file ends inside <firstName>/);
    const json = JSON.parse((await push([path, "--json"])).output);
    assert.deepEqual([json.outcome, json.problem.code], ["refused", "xml_cut_off"]);
  });

  test("the key is unknown: 2, and no output contains it", async () => {
    const key = "muster_wrong_secret";
    const { status, output, errorOutput } = await push([await fileOf(csv(range(1)))], { key });
    assert.equal(status, 2);
    assert.match(errorOutput, /refused \(unauthenticated\)/);
    assert.doesNotMatch(output + errorOutput, /wrong_secret/);
  });

  test("a roster that removes too much: the reasons, how to approve, and 4", async () => {
    const source = await newSource();
    const roster = range(40);
    await sendApplied(source, csv(roster));
    const path = await fileOf(csv(roster.slice(25)));
    const planned = await push([path, "--source", source, "--dry-run"]);
    assert.equal(planned.status, 4, "a dry run reports what would happen");
    assert.match(planned.output, /dry run, nothing was applied/);
    assert.doesNotMatch(planned.output, /\/approve/);
    const { status, output } = await push([path, "--source", source]);
    assert.equal(status, 4);
    assert.match(output, /^ {2}people_removed +\S/m);
    const [held] = await importsOf(source);
    // The command that the report suggests works.
    const [, body = "", url = ""] = /-d '(.*)' \\\n +(\S+\/approve)$/m.exec(output) ?? [];
    const approved = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${approver}`, "content-type": "application/json" },
      body: body.replace("YOUR NAME", "Kim Park"),
    });
    assert.equal(approved.status, 200);
    assert.equal(((await approved.json()) as { id: string }).id, held.id);
  });

  test("columns or elements that were not read are named", async () => {
    const source = await newSource();
    const names = "firstName,lastName,email,groupID,databaseID,Shoe size,middle\u200bName";
    const table = await fileOf(`${names}\nAnn,Ash,ann.ash@x.edu,CRS-1,ash-1,38,Bea\n`);
    const { status, output } = await push([table, "--source", source]);
    assert.equal(status, 0);
    assert.match(output, / Columns that were not read: "Shoe size", "middle\[U\+200B\]Name"\.$/m);
    const element = "<firstName>Bo</firstName><email>bo@x.edu</email><shoe>38</shoe><groupID>CRS-1</groupID>";
    const xml = await fileOf(`<users type="array"><user>${element}</user></users>`, ".xml");
    assert.match(
      (await push([xml, "--source", source, "--dry-run"])).output,
      / Elements that were not read: "shoe"\.$/m,
    );
    const plain = await push([await fileOf(csv(range(1))), "--source", source, "--dry-run"]);
    assert.doesNotMatch(plain.output, /not read/);
  });

  test("a dry run applies nothing", async () => {
    const source = await newSource();
    const { status, output } = await push([await fileOf(csv(range(2))), "--source", source, "--dry-run"]);
    assert.equal(status, 0);
    assert.match(output, /would be: 2 added/);
    assert.equal((await app.inject({ url: `/v1/users?source=${source}` })).json.items.length, 0);
  });

  test("files of groups and of locations", async () => {
    const key = await app.keyWith(["groups"]);
    const groups = await fileOf("groupID,name,category\nK1,Kayaking,Coarse\nK2,Karate,1\n");
    const pushed = await push([groups, "--kind", "groups"], { key });
    assert.equal(pushed.status, 1);
    assert.match(
      pushed.output,
      /^Rows to look at could not be read: this key needs the service import or retrieve for that\.$/m,
    );
    assert.equal((await app.inject({ url: "/v1/groups/K2" })).status, 200);
    const locations = await push([await fileOf("name\nQuad\n"), "--kind", "locations"]);
    assert.equal(locations.status, 0, locations.errorOutput);
    assert.equal((await app.inject({ url: "/v1/locations/Quad" })).status, 200);
  });
});

describe("the file", () => {
  test("of standard input is kept until it has arrived, and then removed", async () => {
    const source = await newSource();
    const temporary = await mkdtemp(join(folder, "tmp-"));
    const network = await startFaultyNetwork(app.url, [{ breakAfterRequestBytes: 20_000 }]);
    const people = range(500);
    const environment = { TMPDIR: temporary };
    const pushed = await push(["-", "--source", source], { input: csv(people), url: network.url, environment });
    assert.equal(pushed.status, 0, pushed.errorOutput);
    assert.match(pushed.output, /^standard input: applied/);
    assert.match(pushed.output, /^ {2}added +500$/m);
    assert.deepEqual(await readdir(temporary), []);
  });

  test("that is compressed is sent as it is", async () => {
    const source = await newSource();
    const path = await fileOf(gzipSync(csv(range(2))), ".csv.gz");
    assert.equal((await push([path, "--source", source])).status, 0);
    const [done] = await importsOf(source);
    assert.match(done.source.fileName, /\.csv$/);
  });

  test("that cannot be read: the reason, and 64", async () => {
    const unreadable = await fileOf("x");
    await chmod(unreadable, 0o000);
    for (const [path, sentence] of [
      [join(folder, "nothing.csv"), /The file ".*nothing\.csv" does not exist\.\n$/],
      [folder, /is a directory\. Push one file of it at a time\.\n$/],
      ["/dev/null", /"\/dev\/null" is not a regular file\. Use standard input: muster push - < \/dev\/null\n$/],
      ...(process.getuid?.() === 0 ? [] : [[unreadable, /cannot be read: permission denied\.\n$/] as const]),
    ] as const) {
      const { status, errorOutput } = await push([path]);
      assert.equal(status, 64);
      assert.match(errorOutput, sentence);
    }
  });

  test("that is empty: 2, and the message says so in the words of a file", async () => {
    const { status, errorOutput } = await push([await fileOf("")]);
    assert.equal(status, 2);
    assert.match(
      errorOutput,
      /refused \(body_missing\)\.\nThe file is empty, so nothing was changed\. Look into the export/,
    );
  });
});
