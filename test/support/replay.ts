import assert from "node:assert/strict";
import type { Pool } from "pg";
import { compareBytes } from "../../src/directory/text.ts";
import type { UserDocument } from "../../src/directory/user-schema.ts";
import { blankScalars, type MembershipDocument } from "../../src/person/document.ts";
import type { TestApp } from "./app.ts";

/** A person as the change log shows them: all that the API shows, without the version and times. */
export type ReplayedUser = Omit<UserDocument, "version" | "createdAt" | "updatedAt">;

/** Returns the part of a person that can be replayed. */
export function replayable({ version, createdAt, updatedAt, ...user }: UserDocument): ReplayedUser {
  return user;
}

const blank: Omit<ReplayedUser, "id"> = {
  ...blankScalars,
  emails: [],
  phones: [],
  memberships: [],
  sources: [],
  origins: [],
};

/** The replayed part of a change. */
export interface LoggedChange {
  readonly sequence: string | number;
  readonly action: "created" | "updated" | "deleted";
  readonly type: string;
  readonly id: string;
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly memberships: readonly {
    readonly groupId: string;
    readonly role: { readonly from: number | null; readonly to: number | null };
  }[];
}

/**
 * Follows the change log of an organization from its start, as somebody who keeps a copy does, and returns the people
 * that this makes, by id. On the way it makes sure that the log is one to be relied on: its numbers have no gap, what a
 * change says was is what was, and no change tells what did not change.
 */
export async function replayUsers(owner: Pool, organizationId: number): Promise<Map<string, ReplayedUser>> {
  const { rows } = await owner.query<LoggedChange>(
    `select sequence, action, type, id, changed::json, memberships::json from changes where organization_id = $1 order by sequence`,
    [organizationId],
  );
  return replayUserChanges(rows);
}

/** The same, of changes that were read already. */
export function replayUserChanges(changes: readonly LoggedChange[]): Map<string, ReplayedUser> {
  const users = new Map<string, ReplayedUser>();
  for (const [index, change] of changes.entries()) {
    assert.equal(Number(change.sequence), index + 1, "the numbers of the change log are contiguous");
    if (change.type === "user") apply(users, change);
  }
  return users;
}

function apply(users: Map<string, ReplayedUser>, change: LoggedChange): void {
  const what = `change ${change.sequence} (${change.action} ${change.id})`;
  const known = users.get(change.id);
  assert.equal(known !== undefined, change.action !== "created", `${what}: whether the user was known`);
  const before: ReplayedUser = known ?? { id: change.id, ...blank };
  const after: Record<string, unknown> = { ...before };
  for (const [property, { from, to }] of Object.entries(change.changed)) {
    assert.ok(Object.hasOwn(blank, property) && property !== "memberships", `${what} has no ${property}`);
    assert.notDeepEqual(from, to, `${what}: ${property} changed`);
    if (known) assert.deepEqual(from, before[property as keyof ReplayedUser], `${what}: what ${property} was`);
    else assert.equal(from, null, `${what}: ${property} was nothing`);
    after[property] = to;
  }
  const memberships = replayMemberships(before.memberships, change.memberships, what);
  if (change.action !== "deleted") {
    users.set(change.id, { ...(after as unknown as ReplayedUser), memberships });
    if (known) assert.ok(Object.keys(change.changed).length + change.memberships.length > 0, `${what} tells something`);
    return;
  }
  users.delete(change.id);
  const gone = Object.entries(before).filter(([property, value]) => property !== "id" && !isBlank(value));
  const told = [...Object.keys(change.changed), ...(change.memberships.length > 0 ? ["memberships"] : [])];
  assert.deepEqual(told.sort(), gone.map(([property]) => property).sort(), `${what}: what is gone`);
  assert.deepEqual(memberships, [], `${what}: memberships are gone`);
}

function replayMemberships(
  before: readonly MembershipDocument[],
  changes: LoggedChange["memberships"],
  what: string,
): MembershipDocument[] {
  const roles = new Map(before.map(({ groupId, role }) => [groupId, role]));
  for (const { groupId, role } of changes) {
    assert.equal(roles.get(groupId) ?? null, role.from, `${what}: the role in ${groupId}`);
    assert.notEqual(role.from, role.to, `${what}: the role in ${groupId} changed`);
    if (role.to === null) roles.delete(groupId);
    else roles.set(groupId, role.to);
  }
  return [...roles]
    .map(([groupId, role]) => ({ groupId, role }))
    .sort((one, other) => compareBytes(one.groupId, other.groupId));
}

function isBlank(value: unknown): boolean {
  return value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
}

/** Everybody whom the API lists, page by page. */
export async function listEverybody(app: TestApp, limit = 1000): Promise<UserDocument[]> {
  const users: UserDocument[] = [];
  let cursor: string | null = null;
  do {
    const url: string = `/v1/users?limit=${limit}${cursor === null ? "" : `&cursor=${cursor}`}`;
    const { status, json, body } = await app.inject({ url });
    assert.equal(status, 200, body);
    users.push(...json.items);
    cursor = json.nextCursor;
  } while (cursor !== null);
  return users;
}

/** Makes sure that following the change log from its start rebuilds exactly what the API lists. */
export async function assertReplayRebuildsList(app: TestApp, owner: Pool): Promise<void> {
  const listed = await listEverybody(app);
  const replayed = await replayUsers(owner, app.organizationId);
  assert.deepEqual(
    [...replayed.values()].sort((one, other) => Number(one.id) - Number(other.id)),
    listed.map(replayable),
  );
}

/** A group or a location as the change log shows it. */
export type ReplayedRecord = Readonly<Record<string, unknown>>;

/**
 * Replays the changes of groups and locations, and returns the resulting records, by type and id
 * (`group G1`).
 * @param start those that there were before the log began
 */
export async function replayRecords(
  owner: Pool,
  organizationId: number,
  start: ReadonlyMap<string, ReplayedRecord>,
): Promise<Map<string, ReplayedRecord>> {
  const { rows } = await owner.query<LoggedChange>(
    `select sequence, action, type, id, changed::json from changes
     where organization_id = $1 and type in ('group', 'location') order by sequence`,
    [organizationId],
  );
  return replayRecordChanges(rows, start);
}

/** The same, of changes that were read already. */
export function replayRecordChanges(
  changes: readonly Pick<LoggedChange, "sequence" | "action" | "type" | "id" | "changed">[],
  start: ReadonlyMap<string, ReplayedRecord>,
): Map<string, ReplayedRecord> {
  const records = new Map(start);
  for (const { sequence, action, type, id, changed } of changes) {
    const key = `${type} ${id}`;
    const what = `change ${sequence} (${action} ${key})`;
    const known = records.get(key);
    assert.equal(known !== undefined, action !== "created", `${what}: whether it was known`);
    const after: Record<string, unknown> = { ...(known ?? blankRecords[type]), ...(known ? {} : { name: id }) };
    for (const [property, { from, to }] of Object.entries(changed)) {
      assert.notDeepEqual(from, to, `${what}: ${property} changed`);
      if (known) assert.deepEqual(from, known[property], `${what}: what ${property} was`);
      after[property] = to;
    }
    if (action === "deleted") records.delete(key);
    else records.set(key, after);
  }
  return new Map([...records].sort(([one], [other]) => compareBytes(one, other)));
}

/** The properties of a new group or location that the log leaves out. */
export const blankRecords: Readonly<Record<string, ReplayedRecord>> = {
  group: {
    category: 1,
    type: 1,
    privacy: 1,
    postApproval: false,
    description: "",
    style: null,
    default: false,
    protected: false,
    guardPercent: null,
    parentGroupId: null,
  },
  location: { groups: [] },
};
