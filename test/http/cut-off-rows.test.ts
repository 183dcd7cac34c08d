/** CSV that may be cut off within its last value (file formats, section 1). */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }));

async function send(kind: "groups" | "locations", body: string) {
  const headers = { "content-type": "text/csv", accept: "application/json" };
  const answer = await app.inject({ method: "POST", url: `/v1/imports/${kind}`, body, headers });
  assert.equal(answer.status, 201, answer.body);
  const { items } = (await app.inject({ url: `/v1/imports/${answer.json.id}/rows` })).json;
  const notes = items.map(({ row, code, message }: Record<string, unknown>) => ({ row, code, message }));
  return { counts: answer.json.counts, notes };
}

const note = (row: number, action: string, value: string) => ({
  row,
  code: "row_may_be_cut_off",
  message: `The file ends in this row without a line end. "${value}" may be cut off, and ${action} could affect the wrong one. Nothing was done about it. End the row with a line end and send it again.`,
});

test("a group is neither deleted nor purged by a last row without a line end, and the other rows are applied", async () => {
  await send("groups", "groupID\nCRS-1\nCRS-10\n");
  const { id } = (
    await app.inject({
      method: "POST",
      url: "/v1/users",
      body: { firstName: "Ada", emails: ["ada@example.edu"], memberships: [{ groupId: "CRS-1" }] },
    })
  ).json;
  for (const action of ["delete", "purge"]) {
    const { counts, notes } = await send("groups", `action,groupID\n,NEW-${action}\n${action},CRS-1`);
    assert.deepEqual([counts.added, counts.failed, notes], [1, 1, [note(2, action, "CRS-1")]]);
    const { items } = (await app.inject({ url: "/v1/groups/CRS-1/members" })).json;
    assert.deepEqual(
      items.map(({ userId }: { userId: string }) => userId),
      [id],
    );
  }
  assert.deepEqual((await send("groups", "action,groupID\ndelete,CRS-1\n")).counts.removed, 1);
});

test("a location is not deleted by a last row without a line end", async () => {
  await send("locations", "name\nNorth\nNorth Campus\n");
  const { counts, notes } = await send("locations", "action,name\ndelete,North");
  assert.deepEqual([counts.removed, counts.failed, notes], [0, 1, [note(1, "delete", "North")]]);
  assert.equal((await app.inject({ url: "/v1/locations/North" })).status, 200);
});

test("a last row without a line end that only creates or changes is taken", async () => {
  const { counts, notes } = await send("groups", "groupID,name\nCRS-2,Biology\nCRS-3,Chemistry");
  assert.deepEqual([counts.added, notes], [2, []]);
});
