import assert from "node:assert/strict";
import { test } from "node:test";
import { access, accessRule } from "../../src/http/contract/access.ts";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import type { TestAnswer, TestRequest } from "../support/app.ts";
import { signIn } from "../support/sign-in.ts";

const { app, send, addUser } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "ADMIN" });
for (const groupId of ["OWN", "OTHER"]) {
  await send("POST", "/v1/groups", { groupId, privacy: 2, postApproval: true });
}
await send("POST", "/v1/groups", { groupId: "SECRET", privacy: 3 });
const bystander = await addUser({ memberships: [{ groupId: "OWN", role: 0 }] });
const administrator = await addUser({ memberships: [{ groupId: "ADMIN", role: 2 }] });

type Session = Readonly<Record<string, string>>;
const as = (session: Session, request: TestRequest): Promise<TestAnswer> =>
  app.inject({
    ...request,
    ...(request.method === undefined || request.method === "GET" || request.body ? {} : { body: {} }),
    key: null,
    headers: { accept: "application/json", ...session },
  });

/** Somebody in a group in a role, signed in. */
async function personWith(role: number, groupId = "OWN") {
  const user = await addUser({ memberships: [{ groupId, role }] });
  return { user, session: await signIn(app, user.id) };
}

/** Requests that take a capability in the group, harmless to repeat. */
const requests = (groupId: string, somebody: string): [string, TestRequest][] => [
  ["see", { url: `/v1/groups/${groupId}` }],
  ["decide", { url: `/v1/groups/${groupId}/members` }],
  ["decide", { url: `/v1/groups/${groupId}/members/${bystander.id}` }],
  ["administer", { method: "PATCH", url: `/v1/groups/${groupId}`, body: { description: "x" } }],
  ["administer", { method: "PUT", url: `/v1/groups/${groupId}/members/${somebody}`, body: { role: 1 } }],
  ["administer", { method: "DELETE", url: `/v1/groups/${groupId}/members/${somebody}` }],
  ["administer", { method: "POST", url: `/v1/groups/${groupId}/members`, body: { add: [], remove: [] } }],
  ["organization", { method: "POST", url: `/v1/groups/${groupId}/purge`, body: { expectedMembers: 100_000 } }],
  ["organization", { url: `/v1/groups/${groupId}/reach` }],
];

/** The items that wait in each group, submitted by people outside these tests. */
const waiting: Readonly<Record<string, { readonly topic: string; readonly request: string }>> = {
  OWN: await addWaiting("OWN"),
  OTHER: await addWaiting("OTHER"),
};

async function addWaiting(groupId: string) {
  const author = await addUser({ memberships: [{ groupId, role: 0 }] });
  const asker = await addUser();
  const topic = { author: author.id, subject: "S", body: "B", channels: ["email"] };
  const submitted = await send("POST", `/v1/groups/${groupId}/topics`, topic);
  const asked = await send("POST", `/v1/groups/${groupId}/membership-requests`, { userId: asker.id });
  assert.deepEqual([submitted.status, asked.status], ["pending", "pending"]);
  return { topic: submitted.id as string, request: asked.id as string };
}

/** An import that is held, and the hash of another plan than the one that waits. */
const waitingImport = await (async () => {
  await send("PUT", "/v1/sources/matrix", { style: "active-roster" });
  const users = Array.from({ length: 20 }, (_, index) => ({
    firstName: "M",
    email: `m${index}@campus.edu`,
    databaseID: `M${index}`,
    groupID: "ADMIN",
  }));
  await send("POST", "/v1/imports/users?source=matrix", { users });
  const { id, status } = await send("POST", "/v1/imports/users?source=matrix", { users: users.slice(0, 2) });
  assert.equal(status, "held");
  return { id: id as string, planHash: "0".repeat(64) };
})();

/** Requests that need a capability in the group, each with a check that it was there. They are harmless to repeat. */
function deeds(groupId: string): [capability: string, TestRequest, (answer: TestAnswer) => boolean][] {
  const { topic, request } = waiting[groupId]!;
  const wrong = { version: 99, reason: "x" };
  const isLate = ({ json }: TestAnswer) => json.code === "version_mismatch";
  const lists = (id: string) => (answer: TestAnswer) =>
    answer.status === 200 && answer.json.items.some((item: { id: string }) => item.id === id);
  const offers = (id: string, action: string) => (answer: TestAnswer) =>
    answer.json.items.some(
      (item: { id: string; actions: string[] }) => item.id === id && item.actions.includes(action),
    );
  const news = { subject: "News", body: "B", channels: ["email"] };
  const submission = { method: "POST", url: `/v1/groups/${groupId}/topics`, body: news } as const;
  const queue = { url: "/v1/pending?limit=1000" };
  const decisions = [topic, request].flatMap((id) =>
    ["approve", "reject"].flatMap(
      (action): ReturnType<typeof deeds> => [
        ["decide", { method: "POST", url: `/v1/pending/${id}/${action}`, body: wrong }, isLate],
        [
          ...([
            "decide",
            { method: "POST", url: "/v1/pending/decisions", body: { items: [{ id, action, ...wrong }] } },
          ] as const),
          ({ json }) => json.items[0].problem.code === "version_mismatch",
        ],
        ["decide", queue, offers(id, action)],
      ],
    ),
  );
  return [
    ["submit", submission, ({ status }) => status === 201],
    ["publish", submission, ({ json }) => json.status === "published"],
    ...decisions,
    ["decide", { url: `/v1/topics/${topic}` }, ({ status }) => status === 200],
    ["decide", { url: `/v1/membership-requests/${request}` }, ({ status }) => status === 200],
    ["decide", { url: `/v1/groups/${groupId}/topics?limit=1000` }, lists(topic)],
    ["decide", { url: `/v1/groups/${groupId}/membership-requests?limit=1000` }, lists(request)],
    ["decide", queue, lists(topic)],
    ["decide", queue, lists(request)],
    ["administer", { method: "POST", url: `/v1/topics/${topic}/withdraw`, body: wrong }, isLate],
    ["administer", queue, offers(topic, "withdraw")],
    ["nobody", { method: "POST", url: `/v1/membership-requests/${request}/withdraw`, body: wrong }, isLate],
    ["organization", queue, lists(waitingImport.id)],
    ...(["approve", "reject"] as const).map((action): ReturnType<typeof deeds>[number] => [
      ...([
        "organization",
        {
          method: "POST",
          url: `/v1/pending/${waitingImport.id}/${action}`,
          body: { planHash: waitingImport.planHash },
        },
      ] as const),
      ({ json }) => json.code === "plan_changed",
    ]),
  ];
}

for (const role of [0, 1, 2, 3, 4]) {
  for (const where of ["OWN", "OTHER"]) {
    test(`what role ${role} in OWN may do in ${where} is what /v1/me, /v1/permissions and /v1/users/{id}/permissions say`, async () => {
      const { user, session } = await personWith(role);
      const { roles } = (await as(session, { url: "/v1/me" })).json;
      assert.deepEqual(
        roles.map((held: { role: number }) => held.role),
        [role],
      );
      const { items } = (await as(session, { url: `/v1/users/${user.id}/permissions` })).json;
      const listed = (await send("GET", "/v1/permissions?groupId=OWN&limit=1000")).items;
      assert.deepEqual(
        listed.filter((item: { userId: string }) => item.userId === user.id),
        items,
      );
      const above = items.filter(
        (item: { scope: string; groupId: string }) => item.scope === "organization" || item.groupId === where,
      );
      const asMember = where === "OWN" ? ["see", "submit"] : ["see"];
      const told = new Set<string>([
        ...asMember,
        ...above.flatMap((item: { capabilities: string[] }) => item.capabilities),
      ]);
      const isNetworkAdministrator = items.some((item: { scope: string }) => item.scope === "organization");
      if (isNetworkAdministrator) told.add("organization");
      assert.equal(isNetworkAdministrator, role === 2);

      const somebody = await addUser();
      for (const [capability, request] of requests(where, somebody.id)) {
        const { status, json } = await as(session, request);
        const what = `${request.method ?? "GET"} ${request.url} answered ${status} ${json?.detail}`;
        assert.equal(json?.code === "forbidden", !told.has(capability), what);
        assert(status < 500, what);
      }
      for (const [capability, request, isDone] of deeds(where)) {
        const answer = await as(session, request);
        const what = `${request.method ?? "GET"} ${request.url} answered ${answer.status} ${answer.body}`;
        assert(answer.status < 500, what);
        assert.equal(isDone(answer), told.has(capability), `${capability}: ${what}`);
      }
    });
  }
}

test("each address opens to people as the table says", async () => {
  const parameters: Readonly<Record<string, string>> = { groupId: "OTHER", userId: bystander.id, name: "none" };
  const { user, session } = await personWith(0);
  const network = await signIn(app, administrator.id);
  for (const address of Object.keys(access)) {
    const [method = "", pattern = ""] = address.split(" ");
    const { people } = accessRule(method, pattern)!;
    const isOfUser = pattern.startsWith("/v1/users/");
    const id = isOfUser ? bystander.id : "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a";
    const url = pattern.replaceAll(/:(\w+)/g, (_, name: string) => (name === "id" ? id : (parameters[name] ?? "x")));
    // No address accepts this body: a caller with access gets that error, and nothing changes.
    const attempt = (headers: Session, to: string) =>
      app.inject({
        ...({ method, url: to, key: null } as TestRequest),
        ...(method === "GET" || method === "DELETE" ? {} : { body: { unknown: 1 } }),
        headers: { accept: "application/json", "muster-request": "1", ...headers },
      });
    if (pattern === "/v1/sign-out" || method === "DELETE") continue;
    if (people === "nobody") {
      assertProblem(await attempt(network, url), 401, "unauthenticated");
      continue;
    }
    const opened = await attempt(network, url);
    assert.notEqual(opened.json?.code, "forbidden", `network administrators: ${address}`);
    assert(opened.status < 500, address);
    const { json, status } = await attempt(session, url);
    const isOpen = people === "anyone" || people === "see";
    assert.equal(json?.code === "forbidden", !isOpen, `${address} answered ${status}`);
    if (people === "self")
      assert.equal((await attempt(session, url.replace(`/${id}`, `/${user.id}`))).status, 200, address);
  }
});
