/** `muster pull` against the service: a copy contains what the API lists. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { openCsvCopy } from "../../src/cli/pull/csv-copy.ts";
import { type Feed, openFeed } from "../../src/cli/pull/feed.ts";
import { openSqliteCopy } from "../../src/cli/pull/sqlite-copy.ts";
import { synchronize } from "../../src/cli/pull/synchronize.ts";
import { openApi } from "../../src/cli/service/api.ts";
import { steps } from "./campus.ts";
import { startCommand } from "./command.ts";
import { assertCopied } from "./copies.ts";
import { formats, startPullSetting } from "./pull-setting.ts";

const { app, database, key, newPlace, pullWell, setting } = await startPullSetting();
const seed = process.env.FAST_CHECK_SEED;

/** Forgets all changes, as the log does with old ones. */
async function pruneLog(): Promise<void> {
  await database.owner.query(
    `with pruned as (delete from changes where organization_id = $1 returning sequence, at)
     update feed_heads set pruned_sequence = last_sequence, pruned_at = last_at where organization_id = $1`,
    [app.organizationId],
  );
}

for (const format of formats) {
  describe(`a copy as ${format}`, () => {
    test("the first pull copies the lists, later ones the changes", async () => {
      const place = newPlace(format);
      const first = await pullWell(place);
      assert.match(
        first.output,
        /read from the start\.\n.* is up to date: \d+ users, \d+ groups, \d+ memberships, \d+ loc/,
      );
      await assertCopied(app, place);
      await steps.addUser!(app, 2, 1);
      const second = await pullWell(place);
      assert.match(second.output, /: \d changes? of users\.\n/);
      await assertCopied(app, place);
      assert.doesNotMatch((await pullWell(place)).output, /change/);
    });

    test("every kind of creation, change and deletion reaches the copy", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const { json } = await app.inject({
        method: "POST",
        url: "/v1/users",
        body: { firstName: "Mo", emails: ["lee@x.edu"] },
      });
      const user = `/v1/users/${json.id}`;
      const rounds = [
        ["POST", "/v1/groups", { groupId: "Chess", category: 2 }],
        ["POST", "/v1/locations", { name: "Attic" }],
        ["PATCH", user, { lastName: "Lee", location: "Attic", emails: ["mo@x.edu", "lee@x.edu"] }],
        ["PUT", `/v1/groups/Chess/members/${json.id}`, { role: 1 }],
        ["PATCH", "/v1/groups/Chess", { guardPercent: 0, description: "Blitz" }],
        ["PATCH", "/v1/locations/Attic", { name: "Roof" }],
        ["PATCH", "/v1/locations/Roof", { groups: ["Chess"] }],
        ["DELETE", "/v1/groups/Chess", undefined],
        ["PATCH", user, { lastName: null }],
        ["DELETE", "/v1/locations/Roof", undefined],
        ["DELETE", user, undefined],
      ] as const;
      for (const [method, url, body] of rounds) {
        const { status } = await app.inject(body === undefined ? { method, url } : { method, url, body });
        assert.ok(status < 300, `${method} ${url}: ${status}`);
        assert.match((await pullWell(place)).output, /changes? of/, `${method} ${url}`);
        await assertCopied(app, place);
      }
    });

    test("after any series of changes the copy contains what the API lists", async () => {
      const place = newPlace(format);
      await pullWell(place);
      const series = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(30), fc.nat(30)), {
        minLength: 10,
        maxLength: 40,
      });
      const follow = async (taken: readonly (readonly [string, number, number])[]) => {
        for (const [name, one, other] of taken) await steps[name]!(app, one, other);
        await pullWell(place);
        await assertCopied(app, place);
      };
      const parameters = { numRuns: 5, endOnFailure: true, ...(seed ? { seed: Number(seed) } : {}) };
      await fc.assert(fc.asyncProperty(series, follow), parameters);
    });

    test("changes during the first pull reach the copy", async () => {
      const place = newPlace(format);
      const api = await openApi({ url: new URL(app.url), key }, "test", {});
      const { signal } = new AbortController();
      const feed = openFeed({ api, signal, random: () => 0.5, retries: 0, onRetry: assert.fail });
      let turn = 0;
      const changing: Feed = {
        ...feed,
        list: async (list, cursor) => {
          const page = await feed.list(list, cursor);
          for (const step of Object.values(steps)) {
            turn += 1;
            await step(app, turn, turn * 7);
          }
          return page;
        },
      };
      const settings = { address: app.url, mode: 0o600 };
      const copy = await (format === "csv"
        ? openCsvCopy(place, settings, assert.fail)
        : openSqliteCopy(place, settings));
      const listener = { reading: () => {}, restarting: assert.fail, built: () => {}, updated: () => {} };
      await synchronize(copy, changing, false, listener).finally(copy.close);
      api.close();
      await assertCopied(app, place);
    });

    test("when the log has forgotten its position, the copy is rebuilt, and the command says so", async () => {
      const place = newPlace(format);
      await pullWell(place);
      await steps.deleteUser!(app, 1, 0);
      await steps.addUser!(app, 3, 1);
      await pruneLog();
      const { output, errorOutput } = await pullWell(place);
      assert.match(errorOutput, /Everything is read again; until then the copy stays as it is\./);
      assert.match(output, /read from the start/);
      await assertCopied(app, place);
      await steps.addUser!(app, 3, 1);
      assert.equal((await pullWell(place)).errorOutput, "");
      await assertCopied(app, place);
    });

    test("--follow applies changes as they are made, until a signal ends it with 0", async () => {
      const place = newPlace(format);
      const follower = startCommand(["pull", "--to", place, "--follow"], setting);
      await follower.printed(/read from the start/);
      await steps.addUser!(app, 4, 1);
      await follower.printed(/1 change of users/);
      await assertCopied(app, place);
      const { rows } = await database.owner.query("select name from locations order by name limit 1");
      await app.inject({ method: "DELETE", url: `/v1/locations/${encodeURIComponent(rows[0].name)}` });
      await follower.printed(/change of locations/);
      await assertCopied(app, place);
      follower.child.kill("SIGTERM");
      const { status, errorOutput } = await follower.ended;
      assert.equal(status, 0);
      assert.match(errorOutput, /^Stopped\. The next pull continues from here\.$/m);
      await app.inject({ method: "POST", url: "/v1/locations", body: { name: rows[0].name } });
      await pullWell(place);
      await assertCopied(app, place);
    });
  });
}
