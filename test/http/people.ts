/** People of every kind who sign in by sessions and by tokens, for tests of moderation over HTTP. */
import { after } from "node:test";
import { setIssuer } from "../../src/organizations/issuer.ts";
import { startModerationTest } from "../moderation/setup.ts";
import { newKey, sign, startIssuer } from "../support/issuer.ts";
import { signIn } from "../support/sign-in.ts";

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
  readonly json: any;
}

/** Somebody who signed in, and sends requests over the network. */
export interface Person {
  readonly id: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: object): Promise<Answer>;
}

type ModerationTest = Awaited<ReturnType<typeof startModerationTest>>;

/** Lets people be added who sign in at a provider of the organization, or by a link. */
async function createAddPerson({ addUser, app, owner }: ModerationTest) {
  const issuer = await startIssuer();
  after(issuer.close);
  const signing = await newKey("ES256", "k1");
  issuer.keys.push(signing.jwk);
  await setIssuer(owner, app.organizationId, { issuer: issuer.url, audience: "muster" }, app.dependencies.clock());
  let people = 0;
  /** Adds somebody with a role in a group, who signs in: one by a link, the next one by a token, and so on. */
  return async function addPerson(groupId?: string, role = 0): Promise<Person> {
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
  };
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

export const topic = { subject: "Subject", body: "Body", channels: ["email"] };
export const outcomeOf = ({ status, json }: Answer) => (status === 201 ? json.status : `${status} ${json.code}`);

/** All kinds of people, with or without a role in the group; each signs in in both ways. */
export const kinds: readonly [name: string, role: number | null][] = [
  ...[0, 1, 2, 3, 4].map((role) => [`role ${role}`, role] as [string, number]),
  ["outsider", null],
  ["network administrator of another group", null],
];

/** Starts the test of moderation, with one group of each kind. */
export async function startPeopleTest() {
  const test = await startModerationTest();
  const addPerson = await createAddPerson(test);
  await Promise.all(Object.entries(places).map(([groupId, group]) => test.addGroup(groupId, group)));
  /** Adds somebody of a kind, who may have a role in the group. */
  const add = (groupId: string, [name, role]: (typeof kinds)[number]) =>
    name.startsWith("network") ? addPerson("ADMIN", 2) : addPerson(role === null ? undefined : groupId, role ?? 0);
  return { ...test, addPerson, add };
}
