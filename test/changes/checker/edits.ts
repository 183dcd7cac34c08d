import type { FleetRequest, KnownAnswer } from "./client.ts";
import type { Effect, ToldChange } from "./history.ts";
import type { Random } from "./random.ts";

/** One decision of a writer: what it asks for, and what is to come of it. */
export interface Edit {
  readonly what: string;
  readonly request: Omit<FleetRequest, "key">;
  /** Statuses of success. */
  readonly succeeds: readonly number[];
  /** Status of a repeat whose first attempt was done, although no answer came. */
  readonly isDoneAlready?: number;
  /** Status of a refusal that is right: somebody else has made it impossible. */
  readonly isRefused?: number;
  /** Called when it is done. */
  done(answer: KnownAnswer): void;
  /** What the log tells of it; asked before `done`. */
  effect(answer: KnownAnswer): Effect;
}

/** Things that several writers change. */
export interface SharedThings {
  readonly userIds: readonly string[];
  readonly groupIds: readonly string[];
  /** Groups that imports fill. */
  readonly importedGroupIds: readonly string[];
}

/** What a writer has made, and knows exactly since nobody else changes it. */
export interface Belongings {
  readonly name: string;
  /** Roles by group, of people by their id. */
  readonly users: Map<string, Map<string, number>>;
  readonly groups: Set<string>;
  readonly locations: Map<string, readonly string[]>;
  readonly optOuts: Set<string>;
  /** Numbers what is made. */
  next(): number;
}

/** A writer begins with nothing. */
export function createBelongings(name: string): Belongings {
  let number = 0;
  return {
    name,
    ...{ users: new Map(), groups: new Set(), locations: new Map(), optOuts: new Set() },
    next: () => {
      number += 1;
      return number;
    },
  };
}

const roles = [0, 1, 3, 4];

const one = (matches: (change: ToldChange) => boolean): Effect => ({ count: 1, matches });
const says = (type: string, marker: string) =>
  one((change) => change.type === type && JSON.stringify(change.changed).includes(`"${marker}"`));
const isOf = (change: ToldChange, type: string, id: string) => change.type === type && change.id === id;
const leaves = (change: ToldChange, groupId: string) =>
  change.type === "user" &&
  change.memberships.length === 1 &&
  change.memberships[0]!.groupId === groupId &&
  change.memberships[0]!.role.to === null;

type Plan = (random: Random, mine: Belongings, shared: SharedThings) => Edit | undefined;

const addUser: Plan = (random, mine, shared) => {
  const marker = `${mine.name}-u${mine.next()}`;
  const groupIds = [random.pick(shared.groupIds), ...random.some([...mine.groups], 2)];
  const memberships = groupIds.map((groupId) => ({ groupId, role: 0 }));
  const person = { firstName: "Ada", lastName: "Byron", username: marker, emails: [`${marker}@example.edu`] };
  return {
    what: `add user ${marker}`,
    request: { method: "POST", path: "/v1/users", body: { ...person, memberships } },
    succeeds: [201],
    isDoneAlready: 409,
    effect: () => says("user", marker),
    // A repeat that only learns that the name is taken does not know the id: that person is not touched again.
    done: ({ status, json }) => {
      if (status === 201) mine.users.set(json.id, new Map(groupIds.map((groupId) => [groupId, 0])));
    },
  };
};

const changeUser: Plan = (random, mine, shared) => {
  const isShared = mine.users.size === 0 || random.chance(0.6);
  const id = random.pick(isShared ? shared.userIds : [...mine.users.keys()]);
  const marker = `${mine.name}-n${mine.next()}`;
  return {
    what: `rename user ${id} to ${marker}`,
    request: { method: "PATCH", path: `/v1/users/${id}`, body: { lastName: marker } },
    succeeds: [200],
    effect: () => says("user", marker),
    done: () => undefined,
  };
};

const deleteUser: Plan = (random, mine) => {
  if (mine.users.size < 4) return undefined;
  const id = random.pick([...mine.users.keys()]);
  return {
    what: `delete user ${id}`,
    request: { method: "DELETE", path: `/v1/users/${id}` },
    succeeds: [204],
    isDoneAlready: 404,
    effect: () => one((change) => isOf(change, "user", id) && change.action === "deleted"),
    done: () => mine.users.delete(id),
  };
};

const giveRole: Plan = (random, mine, shared) => {
  if (mine.users.size === 0) return undefined;
  const [id, memberships] = random.pick([...mine.users]);
  const groupId = random.pick([...mine.groups, ...shared.groupIds]);
  const role = random.pick(roles.filter((some) => some !== memberships.get(groupId)));
  return {
    what: `give user ${id} role ${role} in ${groupId}`,
    request: { method: "PUT", path: `/v1/groups/${groupId}/members/${id}`, body: { role } },
    succeeds: [200, 201],
    effect: () =>
      one(
        (change) =>
          isOf(change, "user", id) &&
          change.memberships[0]?.groupId === groupId &&
          change.memberships[0].role.to === role,
      ),
    done: () => memberships.set(groupId, role),
  };
};

const endMembership: Plan = (random, mine) => {
  const members = [...mine.users].filter(([, memberships]) => memberships.size > 0);
  if (members.length === 0) return undefined;
  const [id, memberships] = random.pick(members);
  const groupId = random.pick([...memberships.keys()]);
  return {
    what: `take user ${id} out of ${groupId}`,
    request: { method: "DELETE", path: `/v1/groups/${groupId}/members/${id}` },
    succeeds: [204],
    isDoneAlready: 404,
    effect: () => one((change) => change.id === id && leaves(change, groupId)),
    done: () => memberships.delete(groupId),
  };
};

const moveMembers: Plan = (random, mine) => {
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

const addGroup: Plan = (_, mine) => {
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

const changeGroup: Plan = (random, mine, shared) => {
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

const purgeGroup: Plan = (random, mine) => {
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

const purgeImportedGroup: Plan = (random, _, shared) => {
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

const deleteGroup: Plan = (random, mine) => {
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

const addLocation: Plan = (random, mine) => {
  const name = `Place ${mine.name.replace("-", " ")} ${mine.next()}`;
  const groups = random.some([...mine.groups], 2);
  return {
    what: `create location ${name}`,
    request: { method: "POST", path: "/v1/locations", body: { name, groups } },
    succeeds: [201],
    isDoneAlready: 409,
    effect: () => one((change) => isOf(change, "location", name) && change.action === "created"),
    done: () => mine.locations.set(name, groups),
  };
};

const changeLocation: Plan = (random, mine) => {
  if (mine.locations.size === 0 || mine.groups.size === 0) return undefined;
  const [name, before] = random.pick([...mine.locations]);
  const groups = before.length > 0 ? [] : random.some([...mine.groups], 1);
  return {
    what: `give location ${name} ${groups.length} groups`,
    request: { method: "PATCH", path: `/v1/locations/${encodeURIComponent(name)}`, body: { groups } },
    succeeds: [200],
    effect: () => one((change) => isOf(change, "location", name) && change.action === "updated"),
    done: () => mine.locations.set(name, groups),
  };
};

const deleteLocation: Plan = (random, mine) => {
  if (mine.locations.size < 2) return undefined;
  const name = random.pick([...mine.locations.keys()]);
  return {
    what: `delete location ${name}`,
    request: { method: "DELETE", path: `/v1/locations/${encodeURIComponent(name)}` },
    succeeds: [204],
    isDoneAlready: 404,
    effect: () => one((change) => isOf(change, "location", name) && change.action === "deleted"),
    done: () => mine.locations.delete(name),
  };
};

const changeSettings: Plan = (_, mine) => {
  const marker = `${mine.name}-s${mine.next()}@example.edu`;
  return {
    what: `announce to ${marker}`,
    request: { method: "PATCH", path: "/v1/organization", body: { settings: { announceTo: [marker] } } },
    succeeds: [200],
    // The next setting tells of this one, too: as what it was.
    effect: () =>
      one((change) => change.type === "organization" && JSON.stringify(change.changed.settings?.to).includes(marker)),
    done: () => undefined,
  };
};

const optOut: Plan = (_, mine) => {
  const email = `${mine.name}-o${mine.next()}@gone.example.edu`;
  return {
    what: `opt ${email} out`,
    request: { method: "POST", path: "/v1/opt-outs", body: { email } },
    succeeds: [200, 201],
    effect: () => says("optOut", email),
    done: ({ json }) => mine.optOuts.add(json.id),
  };
};

const optIn: Plan = (random, mine) => {
  if (mine.optOuts.size === 0) return undefined;
  const id = random.pick([...mine.optOuts]);
  return {
    what: `take opt-out ${id} back`,
    request: { method: "DELETE", path: `/v1/opt-outs/${id}` },
    succeeds: [204],
    isDoneAlready: 404,
    effect: () => one((change) => isOf(change, "optOut", id) && change.action === "deleted"),
    done: () => mine.optOuts.delete(id),
  };
};

/** Each as often as it is written here. */
const plans: readonly Plan[] = [
  ...[addUser, addUser, addUser, changeUser, changeUser, changeUser, deleteUser],
  ...[giveRole, giveRole, endMembership, moveMembers],
  ...[addGroup, addGroup, changeGroup, purgeGroup, purgeImportedGroup, deleteGroup],
  ...[addLocation, changeLocation, deleteLocation, changeSettings, optOut, optIn],
];

/** Decides what a writer does next. */
export function planEdit(random: Random, mine: Belongings, shared: SharedThings): Edit {
  for (;;) {
    const edit = random.pick(plans)(random, mine, shared);
    if (edit !== undefined) return edit;
  }
}
