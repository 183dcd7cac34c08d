import { type Belongings, isOf, leaves, one, type Plan, says } from "./edit-effects.ts";

export const moveMembers: Plan = (random, mine) => {
  if (mine.groups.size === 0 || mine.users.size === 0) return undefined;
  const groupId = random.pick([...mine.groups]);
  const moved = random.some([...mine.users], 20);
  const remove = moved.filter(([, memberships]) => memberships.has(groupId));
  const add = moved.filter(([, memberships]) => !memberships.has(groupId));
  const body = { add: add.map(([userId]) => ({ userId })), remove: remove.map(([userId]) => userId) };
  return {
    what: `move ${moved.length} people in and out of ${groupId}`,
    request: { method: "POST", path: `/v1/groups/${groupId}/members`, body },
    succeeds: [200],
    effect: () => ({
      count: moved.length,
      matches: (change) => change.type === "user" && change.memberships[0]?.groupId === groupId,
    }),
    done: () => {
      for (const [, memberships] of add) memberships.set(groupId, 0);
      for (const [, memberships] of remove) memberships.delete(groupId);
    },
  };
};

export const addGroup: Plan = (_, mine) => {
  const groupId = `${mine.name}-G${mine.next()}`;
  return {
    what: `create group ${groupId}`,
    request: { method: "POST", path: "/v1/groups", body: { groupId, name: `Group ${groupId}`, category: 9 } },
    succeeds: [201],
    isDoneAlready: 409,
    effect: () => one((change) => isOf(change, "group", groupId) && change.action === "created"),
    done: () => mine.groups.add(groupId),
  };
};

export const changeGroup: Plan = (random, mine, shared) => {
  const groupId = random.pick([...mine.groups, ...shared.groupIds]);
  const marker = `${mine.name}-d${mine.next()}`;
  return {
    what: `describe group ${groupId} as ${marker}`,
    request: { method: "PATCH", path: `/v1/groups/${groupId}`, body: { description: marker } },
    succeeds: [200],
    effect: () => says("group", marker),
    done: () => undefined,
  };
};

const membersOf = (mine: Belongings, groupId: string) =>
  [...mine.users.values()].filter((memberships) => memberships.has(groupId));

export const purgeGroup: Plan = (random, mine) => {
  if (mine.groups.size === 0) return undefined;
  const groupId = random.pick([...mine.groups]);
  const members = membersOf(mine, groupId);
  return {
    what: `empty group ${groupId}`,
    request: { method: "POST", path: `/v1/groups/${groupId}/purge` },
    succeeds: [200],
    // People whose id was not learned may have been members.
    effect: ({ isRepeat, json }) => ({
      count: isRepeat ? undefined : json.membershipsRemoved,
      matches: (change) => leaves(change, groupId),
    }),
    done: () => {
      for (const memberships of members) memberships.delete(groupId);
    },
  };
};

export const purgeImportedGroup: Plan = (random, _, shared) => {
  const groupId = random.pick(shared.importedGroupIds);
  return {
    what: `empty group ${groupId}`,
    request: { method: "POST", path: `/v1/groups/${groupId}/purge` },
    succeeds: [200],
    // By now it has a thousand members, whose number would have to be named.
    isRefused: 409,
    effect: ({ isRepeat, json }) => ({
      count: isRepeat ? undefined : json.membershipsRemoved,
      matches: (change) => leaves(change, groupId),
    }),
    done: () => undefined,
  };
};

export const deleteGroup: Plan = (random, mine) => {
  if (mine.groups.size < 3) return undefined;
  const groupId = random.pick([...mine.groups]);
  return {
    what: `delete group ${groupId}`,
    request: { method: "DELETE", path: `/v1/groups/${groupId}` },
    succeeds: [204],
    isDoneAlready: 404,
    effect: () => ({
      count: undefined,
      matches: (change) =>
        leaves(change, groupId) ||
        isOf(change, "group", groupId) ||
        (change.type === "location" && change.changed.groups !== undefined),
      ends: (change) => isOf(change, "group", groupId) && change.action === "deleted",
    }),
    done: () => {
      for (const memberships of membersOf(mine, groupId)) memberships.delete(groupId);
      mine.groups.delete(groupId);
      for (const [name, groups] of mine.locations) {
        mine.locations.set(
          name,
          groups.filter((id) => id !== groupId),
        );
      }
    },
  };
};
