import assert from "node:assert/strict";
import { test } from "node:test";
import { getTopic, listTopics, submitTopic } from "../../src/moderation/topics.ts";
import { assertProblem } from "../directory/setup.ts";
import type { TestRequest } from "../support/app.ts";
import { startModerationTest } from "./setup.ts";

const { addOrganization, app, send, addUser, addMember, addGroup, submit, done, as, changesSince, lastSequence } =
  await startModerationTest();

await addGroup("HOME");
const outsider = (await addUser()).id;
const networkAdministrator = await addMember("HOME", 2);

/** The status of a topic that somebody submits, or the problem's. */
const submitted = async (groupId: string, author: string) => {
  const { status, json } = await submit(groupId, author);
  return status === 201 ? (json.status as string) : `${status} ${json.code}`;
};

test("who submits a topic publishes it, waits, or is refused: every role in every kind of group", async () => {
  for (const privacy of [1, 2, 3]) {
    for (const type of [1, 2]) {
      for (const postApproval of [false, true]) {
        const groupId = `KIND-${privacy}${type}${postApproval ? "a" : ""}`;
        await addGroup(groupId, { privacy, type, postApproval });
        const cells = [];
        for (const role of [0, 1, 2, 3, 4]) cells.push(await submitted(groupId, await addMember(groupId, role)));
        cells.push(await submitted(groupId, outsider), await submitted(groupId, networkAdministrator));
        assert.deepEqual(
          cells,
          [
            type === 1 && !postApproval ? "published" : "pending",
            "published",
            "published",
            "published",
            "published",
            privacy === 3 ? "404 not_found" : "403 forbidden",
            "published",
          ],
          groupId,
        );
      }
    }
  }
});

test("a topic is returned as it is stored, and its submission is in the change log", async () => {
  await addGroup("TOLD", { postApproval: true });
  const author = await addMember("TOLD", 0);
  const before = await lastSequence();
  const topic = await done(
    submit("TOLD", author, {
      subject: "  Cafe\u0301  ",
      body: "One\r\nTwo",
      channels: ["voice", "email", "voice"],
      publishBefore: "2026-11-23T02:00:00+01:00",
    }),
  );
  assert.deepEqual(
    { ...topic, id: "" },
    {
      id: "",
      groupId: "TOLD",
      author,
      subject: "Café",
      body: "One\nTwo",
      channels: ["email", "voice"],
      publishBefore: "2026-11-23T01:00:00.000000Z",
      status: "pending",
      version: 1,
      decisions: [],
      actor: topic.actor,
      createdAt: "2026-11-22T02:00:00.000000Z",
      updatedAt: "2026-11-22T02:00:00.000000Z",
    },
  );
  assert.deepEqual(await send("GET", `/v1/topics/${topic.id}`), topic);
  const [change, ...others] = await changesSince(before);
  assert.deepEqual([change.type, change.action, change.id, others], ["topic", "created", topic.id, []]);
  assert.deepEqual(change.changed.status, { from: null, to: "pending" });
  assert.deepEqual(change.changed.body, { from: null, to: "One\nTwo" });
});

test("a key names the author, who has to be somebody; a person speaks for themself alone", async () => {
  const body = { subject: "S", channels: ["email"] };
  const post = (fields: object) =>
    app.inject({ method: "POST", url: "/v1/groups/HOME/topics", body: { ...body, ...fields } });
  assertProblem(await post({}), 400, "request_invalid", "author");
  for (const author of ["4711", "x", "", "9".repeat(40), "1e3"]) {
    assertProblem(await post({ author }), 400, "request_invalid", "author");
  }
  const topic = { subject: "S", body: "", channels: ["email"] } as const;
  await assert.rejects(submitTopic(as(networkAdministrator), "HOME", { ...topic, author: outsider }), {
    code: "forbidden",
  });
  const own = await submitTopic(as(networkAdministrator), "HOME", topic);
  assert.deepEqual(
    [own.author, own.actor, own.status],
    [networkAdministrator, `user:${networkAdministrator}`, "published"],
  );
});

test("what is no topic is refused with the place of its fault", async () => {
  const faults: readonly [object, string][] = [
    [{ subject: " " }, "subject"],
    [{ subject: "a\nb" }, "subject"],
    [{ subject: "x".repeat(201) }, "subject"],
    [{ body: "x".repeat(20_001) }, "body"],
    [{ channels: [] }, "channels"],
    [{ channels: ["fax"] }, "channels.0"],
    [{ publishBefore: "tomorrow" }, "publishBefore"],
    [{ publishBefore: "2026-11-22T02:00:00Z" }, "publishBefore"],
    [{ publishBefore: "2026-02-31T02:00:00Z" }, "publishBefore"],
    [{ nonsense: 1 }, "nonsense"],
  ];
  for (const [topic, field] of faults) {
    assertProblem(await submit("HOME", networkAdministrator, topic), 400, "request_invalid", field);
  }
});

test("no value in any place of a topic or of its address makes a 500", async () => {
  const values = [null, true, -1, 1e308, "", "a\u0000b", "\ud800", "x".repeat(100_000), [], [[]], {}, ["email", null]];
  for (const field of ["subject", "body", "channels", "publishBefore", "author"]) {
    for (const value of values) {
      const { status, body } = await submit("HOME", networkAdministrator, { [field]: value });
      assert.ok([201, 400, 413].includes(status), `${field} ${JSON.stringify(value)?.slice(0, 50)}: ${status} ${body}`);
    }
  }
  for (const url of [
    "/v1/topics/x",
    "/v1/topics/%ff",
    "/v1/groups/%20/topics",
    `/v1/groups/${"x".repeat(999)}/topics`,
  ]) {
    const { status } = await app.inject({ url });
    assert.ok([400, 404].includes(status), `${url}: ${status}`);
  }
  for (const query of [
    "status=none",
    "cursor=x",
    `cursor=${Buffer.from('["2026","x"]').toString("base64url")}`,
    "x=1",
  ]) {
    assertProblem(await app.inject({ url: `/v1/groups/HOME/topics?${query}` }), 400, "request_invalid");
  }
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error"),
    [],
  );
});

test("a secret group is to an outsider what an unknown one is", async () => {
  await addGroup("HIDDEN", { privacy: 3 });
  const told = async (groupId: string, url = `/v1/groups/${groupId}/topics`, body = {}) => {
    const topic = { subject: "S", channels: ["email"], author: outsider, ...body };
    const { status, json } = await app.inject({ method: "POST", url, body: topic });
    return { status, ...json, requestId: "" };
  };
  assert.deepEqual(await told("HIDDEN"), await told("NONE"));
  const list = (groupId: string) =>
    listTopics(as(outsider), groupId, undefined, { after: undefined, limit: 10 }).catch(({ code, detail }) => [
      code,
      detail,
    ]);
  assert.deepEqual(await list("HIDDEN"), await list("NONE"));
});

test("people read what was published, their own, and if they decide there, all", async () => {
  await addGroup("READ", { privacy: 2, postApproval: true });
  const author = await addMember("READ", 0);
  const member = await addMember("READ", 0);
  const sender = await addMember("READ", 4);
  const limited = await addMember("READ", 3);
  const pending = (await done(submit("READ", author))).id;
  const published = (await done(submit("READ", sender))).id;
  const list = async (userId: string) =>
    (await listTopics(as(userId), "READ", undefined, { after: undefined, limit: 10 })).map(({ id }) => id);
  assert.deepEqual(await list(author), [published, pending]);
  assert.deepEqual(await list(member), [published]);
  assert.deepEqual(await list(sender), [published]);
  assert.deepEqual(await list(limited), [published, pending]);
  assert.deepEqual(await list(networkAdministrator), [published, pending]);
  assert.deepEqual(await list(outsider), []);
  const read = (userId: string, id: string) =>
    getTopic(as(userId), id).then(
      () => true,
      (error) => {
        assert.deepEqual([error.code, error.detail], ["not_found", "There is no such topic."]);
        return false;
      },
    );
  const readers = [author, member, sender, limited, networkAdministrator, outsider];
  assert.deepEqual(await Promise.all(readers.map((id) => read(id, pending))), [true, false, false, true, true, false]);
  assert.deepEqual(await Promise.all(readers.map((id) => read(id, published))), [true, true, true, true, true, false]);
  await send("DELETE", `/v1/groups/READ/members/${author}`);
  assert.equal(await read(author, pending), true, "who left reads their own still");
});

test("the list goes page by page, the newest first, and by state", async () => {
  await addGroup("PAGES", { type: 2 });
  const member = await addMember("PAGES", 0);
  const sender = await addMember("PAGES", 4);
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) ids.unshift((await done(submit("PAGES", index % 2 ? sender : member))).id);
  const found: string[] = [];
  let cursor = "";
  do {
    const page = await send("GET", `/v1/groups/PAGES/topics?limit=2${cursor}`);
    found.push(...page.items.map(({ id }: { id: string }) => id));
    cursor = page.nextCursor === null ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  assert.deepEqual(found, ids);
  const pending = await send("GET", "/v1/groups/PAGES/topics?status=pending");
  assert.equal(pending.items.length, 3);
});

test("a repeat under the same Idempotency-Key submits once", async () => {
  const request = {
    method: "POST",
    url: "/v1/groups/HOME/topics",
    headers: { "idempotency-key": "topic-1" },
    body: { subject: "Once", channels: ["sms"], author: networkAdministrator },
  } satisfies TestRequest;
  const [first, second] = [await app.inject(request), await app.inject(request)];
  assert.deepEqual([first.status, second.status, second.json.id], [201, 201, first.json.id]);
  assert.equal(second.headers["idempotent-replay"], "true");
});

test("another organization's topics and groups are unknown ones", async () => {
  const { key } = await addOrganization();
  const { id } = await done(submit("HOME", networkAdministrator));
  for (const url of [`/v1/topics/${id}`, "/v1/groups/HOME/topics"]) {
    assertProblem(await app.inject({ url, key }), 404, "not_found");
  }
  assertProblem(await app.inject({ method: "POST", url: `/v1/topics/${id}/withdraw`, key }), 404, "not_found");
});
