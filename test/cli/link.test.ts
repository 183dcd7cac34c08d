/** `muster link` against the service. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { cookieOf, ownPage } from "../support/sign-in.ts";
import { type CommandSetting, runCommand } from "./command.ts";

const app = await startTestApp(await createTestDatabase({ after }));
const setting: CommandSetting = { url: app.url, key: app.key };
const { json: jane } = await app.inject({
  method: "POST",
  url: "/v1/users",
  body: { firstName: "Jane", username: "jdoe", emails: ["jane@campus.edu"] },
});
const link = (args: readonly string[], more: Partial<CommandSetting> = {}) =>
  runCommand(["link", ...args], { ...setting, ...more });

test("prints a link that signs the person in, and prints nothing else", async () => {
  for (const args of [["JDoe"], ["--id", jane.id], ["jdoe", "--json"]]) {
    const { status, output, errorOutput } = await link(args);
    assert.deepEqual([status, errorOutput], [0, ""]);
    const url = args.includes("--json") ? JSON.parse(output).url : output.slice(0, -1);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/sign-in\/[\w-]{43}$/);
    const answer = await fetch(url, { method: "POST", headers: ownPage, redirect: "manual" });
    const cookie = cookieOf({ headers: { "set-cookie": answer.headers.get("set-cookie") ?? "" } });
    const me = await app.inject({ url: "/v1/me", key: null, headers: { cookie } });
    assert.equal(me.json.id, jane.id);
  }
});

test("an unknown person, a key without the right, a mistake on the command line, and no service end with messages", async () => {
  const nobody = await link(["nobody"]);
  assert.deepEqual([nobody.status, nobody.output], [2, ""]);
  assert.equal(nobody.errorOutput, 'muster: There is no user with the username "nobody".\n');
  const key = await app.keyWith(["retrieve"]);
  const refused = await link(["jdoe"], { key });
  assert.equal(refused.status, 2);
  assert.match(refused.errorOutput, /needs the service admin/);
  assert(!refused.errorOutput.includes(key));
  for (const args of [[], [" "], ["a", "b"], ["a", "--id", "1"], ["--unknown"], ["jdoe", "--key", "x"]]) {
    const { status, errorOutput } = await link(args);
    assert.equal(status, 64, `${args}: ${errorOutput}`);
  }
  const unreachable = await link(["jdoe"], { url: "http://127.0.0.1:1" });
  assert.equal(unreachable.status, 3);
  assert.match(unreachable.errorOutput, /^muster: Nothing listens at 127\.0\.0\.1:1\. Check the address/);
});

test("another program is not taken for the service", async (t) => {
  const server = createServer((_request, response) => response.end('{"ok":true}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { status, errorOutput } = await link(["jdoe"], { url: `http://127.0.0.1:${port}` });
  assert.equal(status, 3);
  assert.match(errorOutput, /another program than Muster answers/);
});
