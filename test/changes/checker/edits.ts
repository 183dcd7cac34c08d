import {
  type Belongings,
  type Edit,
  isOf,
  leaves,
  one,
  type Plan,
  roles,
  type SharedThings,
  says,
} from "./edit-effects.ts";
import { addGroup, changeGroup, deleteGroup, moveMembers, purgeGroup, purgeImportedGroup } from "./group-edits.ts";
import type { Random } from "./random.ts";

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
    // The next setting's entry includes this one, as the old value.
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
  addUser,
  addUser,
  addUser,
  changeUser,
  changeUser,
  changeUser,
  deleteUser,
  giveRole,
  giveRole,
  endMembership,
  moveMembers,
  addGroup,
  addGroup,
  changeGroup,
  purgeGroup,
  purgeImportedGroup,
  deleteGroup,
  addLocation,
  changeLocation,
  deleteLocation,
  changeSettings,
  optOut,
  optIn,
];

/** Decides what a writer does next. */
export function planEdit(random: Random, mine: Belongings, shared: SharedThings): Edit {
  for (;;) {
    const edit = random.pick(plans)(random, mine, shared);
    if (edit !== undefined) return edit;
  }
}
