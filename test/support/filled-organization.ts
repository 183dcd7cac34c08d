import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestAnswer, TestRequest } from "./app.ts";

/** The contents of a filled organization, by the names that addresses use. */
export interface FilledOrganization {
  readonly userId: string;
  /** Of somebody else. */
  readonly otherUserId: string;
  readonly username: string;
  readonly email: string;
  readonly phone: string;
  /** Of somebody whom the source knows. */
  readonly databaseId: string;
  readonly groupId: string;
  readonly parentGroupId: string;
  /** A group with topics and requests to join that wait, and somebody who does not belong to it. */
  readonly clubId: string;
  readonly visitorId: string;
  readonly topicId: string;
  readonly membershipRequestId: string;
  readonly location: string;
  readonly source: string;
  /** An import that waits for a decision, and the hash of its plan. */
  readonly importId: string;
  readonly planHash: string;
  readonly optOutId: string;
  readonly apiKeyId: string;
  readonly sftpAccountId: string;
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
  const made = {
    username: `${mark}-user`,
    email: `${mark}1@x.edu`,
    phone: "+12125550101",
    databaseId: `${mark}0`,
    groupId: `${mark}-SUB`,
    parentGroupId: `${mark}-TOP`,
    clubId: `${mark}-CLUB`,
    location: `${mark} Hall`,
    source: `${mark}-feed`,
    idempotencyKey: `${mark}-repeat`,
  };
  const { groupId, parentGroupId: top, location, source } = made;
  await post("/v1/groups", { groupId: top }, { "idempotency-key": made.idempotencyKey });
  await post("/v1/groups", { groupId, parentGroupId: top });
  await post("/v1/locations", { name: location });
  await post("/v1/locations", { name: `${mark} Lab`, groups: [groupId] });
  const put = await send({ method: "PUT", url: `/v1/sources/${source}`, body: {} });
  assert(put.status < 300, put.body);
  const memberships = [top, groupId].map((id) => ({ groupId: id, role: 1 }));
  const { id: userId } = await post("/v1/users", {
    firstName: mark,
    username: made.username,
    emails: [made.email, `${mark}2@x.edu`],
    phones: [{ number: made.phone }],
    memberships,
    location,
  });
  const other = await post("/v1/users", { firstName: mark, emails: [`${mark}3@x.edu`], memberships });
  const club = await fillClub(post, made.clubId, mark, [userId, other.id]);
  const person = (name: string | number, group: string) => ({
    firstName: mark,
    databaseID: `${mark}${name}`,
    email: `${mark}-roster${name}@x.edu`,
    groupID: group,
  });
  const roster = Array.from({ length: 8 }, (_, index) => person(index, groupId));
  const imports = `/v1/imports/users?source=${source}&style=active-roster`;
  await post(imports, { users: [...roster, person("damaged", "1")] });
  await post(`${imports}&dryRun=true`, { users: [{ ...roster[0], lastName: "Other" }, ...roster.slice(1)] });
  await post(`/v1/imports/users?source=${source}`, { users: [{ ...roster[7], groupID: "00000" }] });
  const damaged = [person("damaged", "1"), person("damaged too", "1")];
  const held = await post(imports, { users: [...roster.slice(0, 2), ...damaged] });
  assert.equal(held.status, "held");
  const { id: optOutId } = await post("/v1/opt-outs", { email: made.email });
  await post("/v1/opt-outs", { phone: "+12125550199" });
  await post("/v1/sign-in-links", { userId });
  const credentials = await fillCredentials(post, mark);
  return {
    ...made,
    ...club,
    userId,
    otherUserId: other.id,
    importId: held.id,
    planHash: held.planHash,
    optOutId,
    ...credentials,
  };
}

/** Makes the ways by which programs come in. */
// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function fillCredentials(post: (url: string, body: object) => Promise<any>, mark: string) {
  const { id: apiKeyId } = await post("/v1/api-keys", { name: `${mark} key`, services: ["retrieve"] });
  // Names of accounts are unique over all organizations, which several tests fill alike.
  const account = {
    name: `${mark.toLowerCase()}-account-${randomBytes(4).toString("hex")}`,
    password: `${mark} has a password`,
  };
  const { id: sftpAccountId } = await post("/v1/sftp-accounts", account);
  await post("/v1/sftp-accounts", { ...account, name: `${account.name}-2` });
  return { apiKeyId, sftpAccountId };
}

/** Makes a group in which everything waits. */
async function fillClub(
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  post: (url: string, body: object) => Promise<any>,
  groupId: string,
  mark: string,
  applicants: readonly string[],
): Promise<Pick<FilledOrganization, "visitorId" | "topicId" | "membershipRequestId">> {
  await post("/v1/groups", { groupId, privacy: 2, postApproval: true });
  const { id: author } = await post("/v1/users", {
    firstName: mark,
    emails: [`${mark}4@x.edu`],
    memberships: [{ groupId }],
  });
  await post("/v1/groups", { groupId: `${groupId}-GUESTS` });
  const { id: visitorId } = await post("/v1/users", {
    firstName: mark,
    emails: [`${mark}5@x.edu`],
    memberships: [{ groupId: `${groupId}-GUESTS` }],
  });
  const topic = { author, subject: `${mark} topic`, body: mark, channels: ["email"] };
  const { id: topicId } = await post(`/v1/groups/${groupId}/topics`, topic);
  await post(`/v1/groups/${groupId}/topics`, topic);
  const requests = [];
  for (const userId of applicants) {
    requests.push(await post(`/v1/groups/${groupId}/membership-requests`, { userId, message: mark }));
  }
  // A public group accepts every request: that is a decision, too.
  await post(`/v1/groups/${mark}-TOP/membership-requests`, { userId: visitorId });
  return { visitorId, topicId, membershipRequestId: requests[0].id };
}
