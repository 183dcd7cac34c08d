import assert from "node:assert/strict";
import type { TestAnswer, TestRequest } from "./app.ts";

/** What a filled organization has, by the names that addresses use. */
export interface FilledOrganization {
  readonly userId: string;
  readonly groupId: string;
  readonly location: string;
  readonly source: string;
  readonly importId: string;
  /** An import that waits for a decision. */
  readonly heldImportId: string;
  readonly optOutId: string;
  readonly apiKeyId: string;
  readonly idempotencyKey: string;
}

/**
 * Puts something of everything into an empty organization: every table gets a row of it. What it makes has the mark in
 * its name.
 * @param send sends a request with an admin key of the organization
 */
export async function fillOrganization(
  send: (request: TestRequest) => Promise<TestAnswer>,
  mark: string,
): Promise<FilledOrganization> {
  const post = async (url: string, body: object, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await send({ method: "POST", url, body, headers });
    assert(answer.status < 300, `${url}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const groupId = `${mark}-SUB`;
  const location = `${mark} Hall`;
  const source = `${mark}-feed`;
  const idempotencyKey = `${mark}-repeat`;
  await post("/v1/groups", { groupId: `${mark}-TOP` }, { "idempotency-key": idempotencyKey });
  await post("/v1/groups", { groupId, parentGroupId: `${mark}-TOP` });
  await post("/v1/locations", { name: location, groups: [groupId] });
  const put = await send({ method: "PUT", url: `/v1/sources/${source}`, body: {} });
  assert(put.status < 300, put.body);
  const { id: userId } = await post("/v1/users", {
    ...{ firstName: mark, username: `${mark}-user`, emails: [`${mark}1@x.edu`, `${mark}2@x.edu`] },
    ...{ phones: [{ number: "(212) 555-0101" }], memberships: [{ groupId, role: 1 }], location },
  });
  const roster = Array.from({ length: 20 }, (_, index) => ({
    ...{ firstName: mark, databaseID: `${mark}${index}`, email: `${mark}-roster${index}@x.edu`, groupID: groupId },
  }));
  const imports = `/v1/imports/users?source=${source}&style=active-roster`;
  const damaged = { firstName: mark, databaseID: `${mark}-damaged`, email: `${mark}-damaged@x.edu`, groupID: "1" };
  const { id: importId } = await post(imports, { users: [...roster, damaged] });
  await post(`${imports}&dryRun=true`, { users: [{ ...roster[0], lastName: "Other" }, ...roster.slice(1)] });
  await post(`/v1/imports/users?source=${source}`, { users: [{ ...roster[19], groupID: "00000" }] });
  const held = await post(imports, { users: roster.slice(0, 2) });
  assert.equal(held.status, "held");
  const { id: optOutId } = await post("/v1/opt-outs", { email: `${mark}1@x.edu` });
  const { id: apiKeyId } = await post("/v1/api-keys", { name: `${mark} key`, services: ["retrieve"] });
  return { userId, groupId, location, source, importId, heldImportId: held.id, optOutId, apiKeyId, idempotencyKey };
}
