/** Primary e-mails that files change (file formats, section 5.1). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";
import { noGuard } from "../support/organization-store.ts";
import { changed, csv, type RosterPerson } from "../support/rosters.ts";

const { app, idsOf, newSource, range, sendApplied } = await startGuardedApp(after);

async function emailsOf(roster: readonly RosterPerson[]): Promise<string[][]> {
  const ids = await idsOf(roster);
  return Promise.all(ids.map(async (id) => (await app.inject({ url: `/v1/users/${id}` })).json.emails));
}
const address = ({ number }: RosterPerson) => `p${number}@example.edu`;

test("another first address becomes a further one, unless the source owns the primary e-mail", async () => {
  for (const primaryEmail of ["kept", "source"]) {
    const source = await newSource({ guard: noGuard, primaryEmail });
    const roster = range(1);
    await sendApplied(source, csv(roster));
    const renamed = changed(roster, ({ number }) => ({ email: `new${number}@example.edu` }));
    const { id } = await sendApplied(source, csv(renamed));
    const [old, fresh] = [address(roster[0]!), renamed[0]!.email!];
    assert.deepEqual(await emailsOf(roster), [primaryEmail === "kept" ? [old, fresh] : [fresh]]);
    const notes = (await app.inject({ url: `/v1/imports/${id}/rows` })).json.items;
    assert.deepEqual(
      notes.map(({ code }: { code: string }) => code),
      primaryEmail === "kept" ? ["primary_email_kept"] : [],
    );
  }
});

test("an address that was entered by hand stays the primary one of a source that owns it", async () => {
  const source = await newSource({ guard: noGuard, primaryEmail: "source" });
  const roster = range(1);
  await sendApplied(source, csv(roster));
  const [id] = await idsOf(roster);
  const emails = ["by.hand@example.edu"];
  assert.equal((await app.inject({ method: "PATCH", url: `/v1/users/${id}`, body: { emails } })).status, 200);
  await sendApplied(source, csv(changed(roster, () => ({ email: "other@example.edu" }))));
  assert.equal((await emailsOf(roster))[0]?.[0], "by.hand@example.edu");
});

test("a primary e-mail that moves between two people of one file moves for both", async () => {
  const source = await newSource({ guard: noGuard, style: "normal" });
  const [one, two, three] = range(3) as [RosterPerson, RosterPerson, RosterPerson];
  await sendApplied(source, csv([one, two]));
  const [first, second] = [address(one), address(two)];
  await sendApplied(
    source,
    csv([
      { ...one, email: second },
      { ...two, email: first },
    ]),
  );
  assert.deepEqual(await emailsOf([one, two]), [[second], [first]]);
  const again = await sendApplied(
    source,
    csv([
      { ...one, email: second },
      { ...two, email: first },
    ]),
  );
  assert.equal(again.counts.updated, 0);
  await sendApplied(
    source,
    csv([
      { ...one, email: "next@example.edu" },
      { ...three, email: second },
    ]),
  );
  assert.deepEqual(await emailsOf([one, three]), [["next@example.edu"], [second]]);
});
