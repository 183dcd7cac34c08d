import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, sendApplied } = await startGuardedApp(after);

const send = (body: string, query = "", type = "text/csv") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/groups${query}`,
    body,
    headers: { "content-type": type, accept: "application/json" },
  });

async function sendGroups(body: string, query = "", type = "text/csv") {
  const answer = await send(body, query, type);
  assert.equal(answer.status, 201, answer.body);
  return answer.json;
}

/** A group with that many members of its own. */
async function groupOf(groupId: string, members: number, columns = "", values = "") {
  await sendGroups(`groupID${columns}\n${groupId}${values}\n`);
  const rows = Array.from(
    { length: members },
    (_, index) => `P${index},,p${index}.${groupId}@example.edu,,,${groupId},${groupId}-${index}`,
  );
  await sendApplied("default", `${rows.join("\n")}\n`, "&style=normal");
}

describe("network administrators", () => {
  test("join the groups that a file creates, and no roster takes them out", async () => {
    await groupOf("ADMINISTRATORS", 1);
    const [{ id }] = (await app.inject({ url: "/v1/users?databaseId=ADMINISTRATORS-0" })).json.items;
    const made = await app.inject({ method: "PUT", url: `/v1/groups/ADMINISTRATORS/members/${id}`, body: { role: 2 } });
    assert.equal(made.status, 200, made.body);
    const { counts } = await sendGroups("groupID\nJOINED-1\nJOINED-2\n");
    assert.equal(counts.membershipsAdded, 2);
    const rolesOf = async () => {
      const { memberships } = (await app.inject({ url: `/v1/users/${id}` })).json;
      return memberships.map(({ groupId, role }: { groupId: string; role: number }) => `${groupId}|${role}`);
    };
    assert.deepEqual(await rolesOf(), ["ADMINISTRATORS|2", "JOINED-1|2", "JOINED-2|2"]);
    await sendApplied(
      "default",
      "P0,,p0.ADMINISTRATORS@example.edu,,,ADMINISTRATORS,ADMINISTRATORS-0\n",
      "&style=normal",
    );
    await sendApplied("default", "P0,,p0.ADMINISTRATORS@example.edu,,,FULL,ADMINISTRATORS-0\n", "&style=normal");
    assert.deepEqual(
      (await rolesOf()).filter((role: string) => role.startsWith("JOINED")),
      ["JOINED-1|2", "JOINED-2|2"],
    );
  });

  test("join the groups that imports of people create, in the file or not, as a dry run says", async () => {
    const settings = (createGroups: string[]) =>
      app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { createGroups } } });
    assert.equal((await settings(["CREATED-*"])).status, 200);
    const administrator = "P0,,p0.ADMINISTRATORS@example.edu,,,ADMINISTRATORS,ADMINISTRATORS-0\n";
    const member = (groupId: string) => `New,,new@example.edu,,,${groupId},NEW-0\n`;
    const rolesIn = async (groupId: string) =>
      (await app.inject({ url: `/v1/groups/${groupId}/members` })).json.items.map(({ role }: { role: number }) => role);
    for (const [groupId, file] of [
      ["CREATED-1", member("CREATED-1")],
      ["CREATED-2", administrator + member("CREATED-2")],
    ] as const) {
      const dry = await sendApplied("default", file, "&style=normal&dryRun=true");
      const { counts } = await sendApplied("default", file, "&style=normal");
      assert.deepEqual([counts.membershipsAdded, counts.groupsCreated], [2, 1]);
      assert.deepEqual(dry.counts, counts);
      assert.deepEqual((await rolesIn(groupId)).sort(), [0, 2]);
    }
    await settings([]);
  });
});
