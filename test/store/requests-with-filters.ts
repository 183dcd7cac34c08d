/** Requests whose statements a visit of all addresses does not send: filters, people who sign in, the operator. */
import assert from "node:assert/strict";
import type { TestApp, TestRequest } from "../support/app.ts";
import { changed, csv, people } from "../support/rosters.ts";
import { cookieOf, ownPage } from "../support/sign-in.ts";
import type { Inhabitant } from "../tenancy/world.ts";

type Send = (request: TestRequest, status?: number) => ReturnType<TestApp["inject"]>;
type Things = Inhabitant["has"];

/** Sends the requests to a filled organization, which they change. */
export async function sendFilters(app: TestApp, { key, organizationId, approver, has }: Inhabitant): Promise<void> {
  const send: Send = async (request, status = 200) => {
    const answer = await app.inject({ key, ...request });
    assert.equal(answer.status, status, `${request.method ?? "GET"} ${request.url}: ${answer.body}`);
    return answer;
  };
  await readLists(send, has);
  await readAsKeyOfSource(send, has);
  await repeatRequests(send);
  await withdrawAsPerson(app, send, has);
  await sendFiles(send, approver, has.groupId);
  await workAsOperator(send, app.operatorKey, organizationId);
}

async function readLists(send: Send, { clubId, groupId }: Things): Promise<void> {
  const moment = encodeURIComponent("2026-11-22T02:00:00.000000Z");
  for (const list of ["topics", "membership-requests"])
    await send({ url: `/v1/groups/${clubId}/${list}?status=pending` });
  await send({ url: "/v1/pending?type=topic" });
  await send({ url: `/v1/audit?actor=x&action=api_key.created&since=${moment}&until=${moment}` });
  await send({ url: `/api/v2/users?since=2026-11-01&groupID=${groupId}` });
  await send({ url: "/readyz", key: null });
}

async function readAsKeyOfSource(send: Send, { source, importId }: Things): Promise<void> {
  const body = { name: "one source", services: ["import"], source };
  const { json } = await send({ method: "POST", url: "/v1/api-keys", body }, 201);
  await send({ url: `/v1/imports/${importId}`, key: json.key });
}

async function repeatRequests(send: Send): Promise<void> {
  const body = { groupId: "ONCE" };
  const request = (key: string) => ({
    method: "POST" as const,
    url: "/v1/groups",
    headers: { "idempotency-key": key },
    body,
  });
  await send(request("first"), 201);
  await send(request("first"), 201);
  await send(request("second"), 409);
}

/** Signs a member of the club in, who withdraws a topic. Refuses a token of an unknown issuer, and a sign-in without a provider. */
async function withdrawAsPerson(app: TestApp, send: Send, { clubId, otherUserId: userId }: Things): Promise<void> {
  const link = await send({ method: "POST", url: "/v1/sign-in-links", body: { userId } });
  const url = new URL(link.json.url).pathname;
  await send({ url, key: null });
  const answer = await send({ method: "POST", url, key: null, headers: ownPage }, 303);
  app.advanceClock(120_000);
  const person = { key: null, headers: { cookie: cookieOf(answer), ...ownPage } };
  await send({ url: "/v1/me", ...person });

  await send({ method: "PUT", url: `/v1/groups/${clubId}/members/${userId}`, body: { role: 0 } }, 201);
  const topic = { author: userId, subject: "News", body: "All well.", channels: ["email"] };
  const { json } = await send({ method: "POST", url: `/v1/groups/${clubId}/topics`, body: topic }, 201);
  await send({ method: "POST", url: `/v1/topics/${json.id}/withdraw`, body: { version: json.version }, ...person });

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({ alg: "RS256" })}.${part({ iss: "https://id.example.edu", aud: "muster" })}.x`;
  await send({ url: "/v1/me", key: token }, 401);
  await send({ url: "/sign-in", key: null }, 404);
}

/** Sends a file that deletes a group with members, and one that uses an announced change. */
async function sendFiles(send: Send, approver: string, groupId: string): Promise<void> {
  const { json: user } = await send(
    {
      method: "POST",
      url: "/v1/users",
      body: { firstName: "A", emails: ["once@x.edu"], memberships: [{ groupId: "ONCE" }] },
    },
    201,
  );
  assert.equal(user.memberships.length, 1);
  const groups = [{ groupID: "ONCE", action: "delete" }, { groupID: "SAVED" }];
  await send({ method: "POST", url: "/v1/imports/groups", body: { groups } }, 201);

  await send({ method: "PUT", url: "/v1/sources/announced", body: { style: "active-roster" } }, 201);
  const roster = changed(people(1, 100), () => ({ groups: groupId }));
  const sendRoster = (from: number) =>
    send(
      {
        method: "POST",
        url: "/v1/imports/users?source=announced",
        body: csv(roster.slice(from)),
        headers: { "content-type": "text/csv" },
      },
      201,
    );
  await sendRoster(0);
  const change = {
    percent: 60,
    from: "2026-11-22T00:00:00Z",
    until: "2026-11-23T00:00:00Z",
    announcedBy: "Kim Park",
  };
  await send({ method: "PUT", url: "/v1/sources/announced/announced-change", body: change, key: approver });
  const { json } = await sendRoster(60);
  assert.equal(json.counts.removed, 60, JSON.stringify(json));

  const { json: held } = await send({ method: "DELETE", url: "/v1/sources/announced" }, 202);
  const approval = { planHash: held.planHash, decidedBy: "Kim Park" };
  await send({ method: "POST", url: `/v1/imports/${held.id}/approve`, body: approval, key: approver });
}

async function workAsOperator(send: Send, key: string, organizationId: number): Promise<void> {
  const url = `/v1/organizations/${organizationId}`;
  await send({ url: "/v1/organizations?limit=1", key });
  await send({ method: "PATCH", url, body: { name: "Renamed" }, key });
  const issuer = { issuer: "https://id.example.edu", audience: "other" };
  await send({ method: "PUT", url: `${url}/identity-provider`, body: issuer, key });
  await send({ method: "POST", url: `${url}/admin-key`, body: { revokeOthers: true }, key }, 201);
}
