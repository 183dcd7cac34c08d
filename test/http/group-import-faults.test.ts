import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGuardedApp } from "../support/guarded-app.ts";

const { app, database } = await startGuardedApp(after);

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

const group = async (groupId: string) => (await app.inject({ url: `/v1/groups/${groupId}` })).json;
const messagesOf = async (id: string) =>
  (await app.inject({ url: `/v1/imports/${id}/rows` })).json.items.map(
    ({ row, message }: { row: number; message: string }) => [row, message],
  );
const responseTo = async (id: string) => (await app.inject({ url: `/v1/imports/${id}/response` })).body;
const lastSequence = async () => {
  const { rows } = await database.owner.query<{ last: number }>(
    "select last_sequence::integer as last from feed_heads where organization_id = $1",
    [app.organizationId],
  );
  return rows[0]!.last;
};

describe("bad input", () => {
  test("a row with a value that cannot be taken is left out, and says why; the others are applied", async () => {
    const { id, counts, summary } = await sendGroups(
      [
        "action,groupID,name,category,type,privacy,postApproval,guardPercent",
        `,,${"N".repeat(50)},,,,,`,
        ",BAD-2,,99,,,,",
        ",BAD-3,,,3,,,",
        ",BAD-4,,,,Hidden,,",
        ",BAD-5,,,,,yes,",
        ",BAD-6,,,,,,101",
        ",00001,,,,,,",
        "remove,BAD-8,,,,,,",
        ",,,9,,,,",
        ",GOOD,,,,,,",
        "",
      ].join("\n"),
    );
    assert.deepEqual([counts.added, counts.failed, counts.notAdded], [1, 9, 9]);
    assert.match(summary, /^9 groups were NOT added\. 10 rows read; 1 added/);
    assert.deepEqual(await messagesOf(id), [
      [1, "name was refused: it has more than 49 characters."],
      [
        2,
        'category was refused: "99" is neither one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 21, 22 nor the name of one.',
      ],
      [3, 'type was refused: "3" is neither one of 1, 2 nor the name of one.'],
      [4, 'privacy was refused: "Hidden" is neither one of 1, 2, 3 nor the name of one.'],
      [5, 'postApproval was refused: "yes" is neither 0 nor 1.'],
      [6, 'guardPercent was refused: "101" is no whole number from 0 to 100.'],
      [7, 'groupID was refused: "00001" is a code of feeds.'],
      [8, 'action was refused: "remove" is not one of delete, purge.'],
      [9, "name was refused: it is blank, and there is no groupID either, so that nobody knows which group is meant."],
    ]);
  });

  test("names are given once, without regard to case, and are not changed", async () => {
    await sendGroups("groupID,name\nNAMED,Named group\n");
    const { id, counts } = await sendGroups("groupID,name\nOTHER,NAMED GROUP\nNAMED,Renamed\nONE,Twice\nTWO,TWICE\n");
    assert.equal(counts.failed, 4);
    assert.deepEqual(await messagesOf(id), [
      [1, "name was refused: it is the name of the group NAMED."],
      [2, "name was refused: the group NAMED is called Named group, and a name can't be changed."],
      [3, "name was refused: line 5 is about the same group, and nobody knows which of them is meant."],
      [4, "name was refused: line 4 is about the same group, and nobody knows which of them is meant."],
    ]);
  });

  test("parents exist, and no group comes below itself", async () => {
    await sendGroups("groupID,parentGroupID\nTOP,\nMIDDLE,TOP\nLOW,MIDDLE\n");
    assert.equal((await group("LOW")).parentGroupId, "MIDDLE");
    const { id } = await sendGroups("groupID,parentGroupID\nTOP,LOW\nORPHAN,NOWHERE\n");
    assert.deepEqual(await messagesOf(id), [
      [1, "parentGroupID was refused: the group would be below itself."],
      [2, "parentGroupID was refused: there is no such group, and the file creates none."],
    ]);
    await sendGroups("action,groupID\ndelete,MIDDLE\n");
    assert.equal((await group("LOW")).parentGroupId, null);
  });

  test("swapped columns create no group", async () => {
    const { counts } = await sendGroups("9,Biology 102,2,2,Fall term\n");
    assert.deepEqual([counts.added, counts.failed], [0, 1]);
  });

  test("a response file can be corrected and sent again as it is", async () => {
    const first = await sendGroups("action,groupID,name,category\n,AGAIN,Sent again,99\n,AGAIN-2,,9\n");
    const response = await responseTo(first.id);
    assert.match(
      response,
      /^action,groupID,name,category,email,groupID,Action,Status,Message\r\n,AGAIN,Sent again,99,,,Add,Fail,"category/,
    );
    const second = await sendGroups(response.replace("Sent again,99", "Sent again,9"));
    assert.deepEqual([second.counts.added, second.counts.unchanged, second.counts.failed], [1, 1, 0]);
    const xml = await sendGroups(
      '<groups type="array"><group><groupID>AGAIN-3</groupID></group></groups>',
      "",
      "application/xml",
    );
    assert.equal((await sendGroups(await responseTo(xml.id))).counts.unchanged, 1);
  });

  test("is refused whole when it is another file, empty, cut off, too large, or of another source", async () => {
    const before = await lastSequence();
    for (const [body, type, status, code] of [
      [
        '<users type="array"><user><firstName>A</firstName></user></users>',
        "application/xml",
        422,
        "document_root_wrong",
      ],
      ["<groups><group><name>A</name></group></groups>", "application/xml", 422, "document_type_missing"],
      ['<groups type="array"></groups>', "application/xml", 422, "document_empty"],
      ['<groups type="array"><group><name>CUT</name></group>', "application/xml", 400, "xml_cut_off"],
      ["groupID,name\nCUT,Cut off\nCUT-2", "text/csv", 400, "csv_cut_off"],
      [`groupID,description\n${`X,${"x".repeat(70_000)}\n`.repeat(250)}`, "text/csv", 413, "body_too_large"],
      [`groupID,name\n${"X,\n".repeat(100_001)}`, "text/csv", 413, "body_too_large"],
    ] as const) {
      const answer = await send(body, "", type);
      assert.deepEqual([answer.status, answer.json.code], [status, code], answer.body.slice(0, 300));
      const attempt = (await app.inject({ url: `/v1/imports/${answer.json.importId}` })).json;
      assert.deepEqual([attempt.kind, attempt.status], ["groups", "failed"]);
    }
    assert.equal((await send("groupID\nX\n", "?source=nowhere")).json.code, "source_unknown");
    assert.equal((await send("groupID\nX\n", "?style=purge")).json.code, "request_invalid");
    assert.equal(await lastSequence(), before);
  });

  test("takes a key that may change groups", async () => {
    const key = await app.keyWith(["import", "retrieve", "approvals"]);
    const headers = { "content-type": "text/csv" };
    assert.equal(
      (await app.inject({ method: "POST", url: "/v1/imports/groups", body: "groupID\nX\n", headers, key })).status,
      403,
    );
  });
});
