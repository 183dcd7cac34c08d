/** The service with sources that the guard looks after, for tests of rosters. */
import assert from "node:assert/strict";
import { startTestApp } from "./app.ts";
import { createTestDatabase } from "./database.ts";
import { people, type RosterPerson } from "./rosters.ts";

/** Starts a service of its own; what it returns are the tools of its tests. */
export async function startGuardedApp(after: (close: () => Promise<void>) => void) {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database);
  const approver = await app.keyWith(["approvals"]);

  let counter = 0;
  /** A source of its own for each test: nobody of another test is in its way. */
  async function newSource(settings: object = {}, name = `source-${++counter}`): Promise<string> {
    const answer = await app.inject({
      method: "PUT",
      url: `/v1/sources/${name}`,
      body: { style: "active-roster", ...settings },
    });
    assert.ok([200, 201].includes(answer.status), answer.body);
    return name;
  }

  async function send(source: string, body: string, query = "", type = "text/csv") {
    const headers = { "content-type": type, accept: "application/json" };
    return app.inject({ method: "POST", url: `/v1/imports/users?source=${source}${query}`, body, headers });
  }

  async function sendApplied(source: string, body: string, query = "") {
    const answer = await send(source, body, query);
    assert.equal(answer.status, 201, answer.body);
    return answer.json;
  }

  async function sendHeld(source: string, body: string, query = "") {
    const answer = await send(source, body, query);
    assert.equal(answer.status, 202, answer.body);
    assert.equal(answer.json.status, "held");
    return answer.json;
  }

  const codesOf = (resource: { hold: { reasons: { code: string }[] } | null }) =>
    resource.hold?.reasons.map(({ code }) => code) ?? [];

  const decide = (id: string, body: object, what = "approve", key = approver) =>
    app.inject({ method: "POST", url: `/v1/imports/${id}/${what}`, body, key });

  async function approve({ id, planHash }: { id: string; planHash: string }) {
    const answer = await decide(id, { planHash, decidedBy: "Kim Park" });
    assert.equal(answer.status, 200, answer.body);
    return answer.json;
  }

  /** People of a test: each test has numbers of its own, so that userIDs and addresses are its own. */
  let nextNumber = 1;
  function range(count: number): RosterPerson[] {
    const first = nextNumber;
    nextNumber += count;
    return people(first, first + count - 1);
  }

  async function idsOf(roster: readonly RosterPerson[]): Promise<string[]> {
    const { rows } = await database.owner.query<{ id: string }>(
      "select id::text from users where organization_id = $1 and username = any($2) order by id",
      [app.organizationId, roster.map(({ number }) => `user${number}`)],
    );
    return rows.map(({ id }) => id);
  }

  await app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "G1" } });

  async function createGroups(...groupIds: string[]): Promise<void> {
    for (const groupId of groupIds) await app.inject({ method: "POST", url: "/v1/groups", body: { groupId } });
  }

  async function setCreateGroups(createGroups: string[]): Promise<void> {
    const answer = await app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { createGroups } } });
    assert.equal(answer.status, 200, answer.body);
  }

  return {
    app,
    approver,
    approve,
    codesOf,
    createGroups,
    database,
    decide,
    idsOf,
    newSource,
    range,
    send,
    sendApplied,
    sendHeld,
    setCreateGroups,
  };
}
