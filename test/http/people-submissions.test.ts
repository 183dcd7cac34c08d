import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setIssuer } from "../../src/organizations/issuer.ts";
import { startModerationTest } from "../moderation/setup.ts";
import { newKey, sign, startIssuer } from "../support/issuer.ts";
import { signIn } from "../support/sign-in.ts";

const { addGroup, addUser, app, owner } = await startModerationTest();
const issuer = await startIssuer();
after(issuer.close);
const signing = await newKey("ES256", "k1");
issuer.keys.push(signing.jwk);
await setIssuer(owner, app.organizationId, { issuer: issuer.url, audience: "muster" }, app.dependencies.clock());

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
  readonly json: any;
}

/** Somebody who signed in, and sends requests over the network. */
interface Person {
  readonly id: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: object): Promise<Answer>;
}

let people = 0;
/** Adds somebody with a role in a group, who signs in: one by a link, the next one by a token, and so on. */
async function addPerson(groupId?: string, role = 0): Promise<Person> {
  people += 1;
  const username = `person${people}`;
  const memberships = groupId === undefined ? [] : [{ groupId, role }];
  const { id } = await addUser({ username, lastName: `Last${people}`, memberships });
  const exp = Math.floor(app.dependencies.clock().getTime() / 1000) + 3600;
  const claims = { iss: issuer.url, aud: "muster", exp, preferred_username: username };
  const headers: Readonly<Record<string, string>> =
    people % 2 === 0 ? await signIn(app, id) : { authorization: `Bearer ${await sign(signing, claims)}` };
  const ask = async (method: string, path: string, body?: object) => {
    const content: Readonly<Record<string, string>> =
      body === undefined ? { "muster-request": "1" } : { "content-type": "application/json" };
    const answer = await fetch(app.url + path, {
      method,
      headers: { accept: "application/json", ...headers, ...content },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: text === "" ? undefined : JSON.parse(text) };
  };
  return { id, get: (path) => ask("GET", path), post: (path, body) => ask("POST", path, body) };
}

const places = {
  OPEN: {},
  ANNOUNCE: { type: 2 },
  APPROVED: { postApproval: true },
  PUBLIC: {},
  PRIVATE: { privacy: 2 },
  SECRET: { privacy: 3 },
  ADMIN: {},
};
await Promise.all(Object.entries(places).map(([groupId, group]) => addGroup(groupId, group)));

const topic = { subject: "Subject", body: "Body", channels: ["email"] };
const outcomeOf = ({ status, json }: Answer) => (status === 201 ? json.status : `${status} ${json.code}`);

/** Every kind of person, with a role in the group or without one. Each signs in in both ways. */
const kinds: readonly [name: string, role: number | null][] = [
  ...[0, 1, 2, 3, 4].map((role) => [`role ${role}`, role] as [string, number]),
  ["outsider", null],
  ["network administrator of another group", null],
];
const add = (groupId: string, [name, role]: (typeof kinds)[number]) =>
  name.startsWith("network") ? addPerson("ADMIN", 2) : addPerson(role === null ? undefined : groupId, role ?? 0);

test("a topic is published, waits or is refused by the author's role and the group, by session and by token", async () => {
  const published = ["published", "published", "published", "published"];
  const expected: Readonly<Record<string, readonly string[]>> = {
    OPEN: ["published", ...published, "403 forbidden", "published"],
    ANNOUNCE: ["pending", ...published, "403 forbidden", "published"],
    APPROVED: ["pending", ...published, "403 forbidden", "published"],
    SECRET: ["published", ...published, "404 not_found", "published"],
  };
  for (const [groupId, outcomes] of Object.entries(expected)) {
    for (const [index, kind] of kinds.entries()) {
      for (const way of ["one", "the other"]) {
        const person = await add(groupId, kind);
        const answer = await person.post(`/v1/groups/${groupId}/topics`, topic);
        assert.equal(outcomeOf(answer), outcomes[index], `${kind[0]} in ${groupId}, ${way}`);
        if (answer.status === 201) {
          assert.deepEqual([answer.json.author, answer.json.actor], [person.id, `user:${person.id}`]);
          assert.equal((await person.get(`/v1/topics/${answer.json.id}`)).json.status, answer.json.status);
        }
      }
    }
  }
});

test("a decision without a body is told what it lacks", async () => {
  const person = await addPerson("ADMIN", 2);
  const { status, json } = await person.post("/v1/pending/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a/approve");
  assert.deepEqual([status, json.code], [400, "body_missing"]);
  assert.match(json.detail, /JSON object/);
});

test("nobody speaks for somebody else", async () => {
  const [one, other] = [await addPerson("OPEN", 1), await addPerson()];
  const forOther = await one.post("/v1/groups/OPEN/topics", { ...topic, author: other.id });
  const asking = await other.post("/v1/groups/PRIVATE/membership-requests", { userId: one.id });
  assert.deepEqual([outcomeOf(forOther), outcomeOf(asking)], ["403 forbidden", "403 forbidden"]);
});

test("who asks to join is taken, waits or learns nothing by the group's privacy; who belongs to it is told so", async () => {
  const members = Array.from({ length: 5 }, () => "409 conflict");
  const expected: Readonly<Record<string, readonly string[]>> = {
    PUBLIC: [...members, "approved", "approved"],
    PRIVATE: [...members, "pending", "pending"],
    SECRET: [...members, "404 not_found", "404 not_found"],
  };
  for (const [groupId, outcomes] of Object.entries(expected)) {
    const path = `/v1/groups/${groupId}/membership-requests`;
    for (const [index, kind] of kinds.entries()) {
      const person = await add(groupId, kind);
      const answer = await person.post(path, index % 2 === 0 ? { message: "Please" } : undefined);
      assert.equal(outcomeOf(answer), outcomes[index], `${kind[0]} in ${groupId}`);
      if (answer.status !== 201) continue;
      const member = await app.inject({ url: `/v1/groups/${groupId}/members/${person.id}` });
      assert.equal(member.status, outcomes[index] === "approved" ? 200 : 404);
      const again = await person.post(path);
      assert.equal(outcomeOf(again), "409 conflict", `${kind[0]} in ${groupId}, again`);
    }
  }
});

const _decides = ["approve", "reject"];
