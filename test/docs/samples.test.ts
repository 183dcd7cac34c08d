/** The sample extracts of the field mapping's document, and the scripts of the one on migrating. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { blocksOf, readDocument, repository } from "./markdown.ts";

const app = await startTestApp(await createTestDatabase({ after }), {}, { requireGroup: true });
const sample = (name: string) => readFile(join(repository, "docs/samples", name));

/** The values of the first person of each extract, as its mapping reads them. */
const extracts: Readonly<Record<string, object>> = {
  "banner.csv": {
    firstName: "Ngozi",
    lastName: "Okafor",
    username: "nokafor",
    location: "Main",
    emails: ["ngozi.okafor@example.edu"],
    phones: ["+12125550123"],
    groups: ["LEVEL-UG", "MAJOR-BIOL", "STUDENTS"],
    databaseId: "A00123456",
  },
  "peoplesoft.csv": {
    firstName: "Zoë",
    lastName: "Müller",
    username: "ZMUELLER",
    location: "Main",
    address: "1 College Ave|New York|NY|USA|10001",
    emails: ["zoe.mueller@example.edu"],
    phones: ["+12125550123"],
    groups: ["PROG-ENGR", "STUDENTS"],
    databaseId: "000123456",
  },
  "workday.csv": {
    firstName: "Aiko",
    lastName: "Tanaka",
    username: "atanaka",
    location: "Main",
    emails: ["aiko.tanaka@example.edu", "aiko@example.org"],
    phones: ["+12125550155"],
    groups: ["EMPLOYEES", "DEPT-Library"],
    databaseId: "21001",
  },
  "colleague.txt": {
    firstName: "Ana",
    lastName: "Rivera",
    username: "arivera",
    emails: ["ana.rivera@example.edu"],
    phones: ["+15185550166"],
    groups: ["PROG-NURS", "PROG-HLTH", "STUDENTS"],
    databaseId: "0045678",
  },
};

for (const [name, expected] of Object.entries(extracts)) {
  test(`the extract ${name} is read by its mapping`, async () => {
    const source = name.split(".")[0]!;
    const mapping = JSON.parse(String(await sample(`${source}.mapping.json`)));
    const put = await app.inject({ method: "PUT", url: `/v1/sources/${source}`, body: { mapping } });
    assert.equal(put.status, 201, put.body);
    const headers = { "content-type": "text/plain", accept: "application/json" };
    const body = await sample(name);
    const preview = await app.inject({ method: "POST", url: `/v1/sources/${source}/preview`, body, headers });
    assert.equal(preview.status, 200, preview.body);
    const { rows, problem } = preview.json;
    assert.equal(problem, null);
    assert.deepEqual(
      rows.flatMap(({ issues }: { issues: object[] }) => issues),
      [],
    );
    const { emails, phones, groups, ...scalars } = rows[0].values;
    const read = {
      ...scalars,
      emails: emails.map(({ email }: { email: string }) => email),
      phones: phones.map(({ number }: { number: string }) => number),
      groups: groups.join.map(({ groupId }: { groupId: string }) => groupId),
    };
    assert.deepEqual(read, expected);
    const url = `/v1/imports/users?source=${source}`;
    const { json } = await app.inject({ method: "POST", url, body, headers });
    assert.equal(json.counts.added, 2);
    assert.equal(json.counts.failed + json.counts.warnings, 0);
  });
}

test("the mapping that the document explains is valid", async () => {
  const [block] = blocksOf(readDocument("docs/field-mapping.md"));
  const put = await app.inject({
    method: "PUT",
    url: "/v1/sources/example",
    body: { mapping: JSON.parse(block!.text) },
  });
  assert.equal(put.status, 201, put.body);
});

const scripts = { sh: "sh", python: "python3", perl: "perl" } as const;
const good =
  '<users type="array"><user><firstName>S</firstName><email>s@example.edu</email><groupID>G</groupID></user></users>';

for (const [language, command] of Object.entries(scripts)) {
  test(`the script in ${language} pushes a roster, and tells by its exit status what became of it`, async (t) => {
    const has = await run("sh", ["-c", `command -v ${command}`]);
    // The others are what every machine of ours has.
    if (has.status !== 0 && language === "perl") return t.skip("there is no Perl");
    const block = blocksOf(readDocument("docs/migrating-from-regroup.md")).find((one) => one.language === language);
    const folder = await mkdtemp(join(tmpdir(), "muster-script-"));
    const script = join(folder, "push-roster");
    await writeFile(script, block!.text);
    await chmod(script, 0o700);
    const push = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return run(command, [script, join(folder, name)]);
    };
    const first = await push("roster.xml", good.replace("s@", `${language}@`));
    assert.deepEqual([first.status, first.errors], [0, ""], first.output);
    assert.match(first.output, /^1 row read; 1 added/);
    const failed = await push("roster.csv", "firstName,email\nX,\n");
    assert.equal(failed.status, 1, failed.errors);
    assert.match(failed.output, /NOT added/);
    const refused = await push("roster.json", '{"users":[');
    assert.equal(refused.status, 2, refused.output);
    assert.match(refused.errors, /cut off/);
    assert.ok(![first, failed, refused].some(({ output, errors }) => (output + errors).includes(app.key)));
  });
}

function run(command: string, parameters: string[]): Promise<{ status: number; output: string; errors: string }> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, TMPDIR: tmpdir(), MUSTER_URL: app.url, MUSTER_KEY: app.key };
  return new Promise((resolve) => {
    execFile(command, parameters, { env }, (error, output, errors) => {
      resolve({ status: error === null ? 0 : Number(error.code), output, errors });
    });
  });
}
