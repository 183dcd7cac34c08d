/** Turns changes of the feed into edits of a copy: pure, the same for every kind of copy. */

/** A change of the feed (docs/guide/following-changes.md). */
export interface Change {
  readonly type: string;
  readonly action: "created" | "updated" | "deleted";
  readonly id: string;
  readonly changed: Readonly<Record<string, { readonly to: unknown }>>;
  readonly memberships: readonly { readonly groupId: string; readonly role: { readonly to: number | null } }[];
}

/** Changes of one thing, together. */
export interface Edit {
  /** `created` replaces what the copy has; `updated` does nothing to a thing that it lacks. */
  readonly action: "created" | "updated" | "deleted";
  /** New values of properties; null removes the value. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Roles by group; null ends the membership. */
  readonly memberships: ReadonlyMap<string, number | null>;
}

/** Changes of several things, to be made at once. */
export interface Edits {
  readonly users: ReadonlyMap<string, Edit>;
  readonly groups: ReadonlyMap<string, Edit>;
  /** In order: a location is identified by its name, which may change. */
  readonly locations: readonly Change[];
}

/** Collects changes in their order. */
export interface Collector extends Edits {
  add(changes: readonly Change[]): void;
  /** Numbers of changes by type. */
  readonly counts: ReadonlyMap<string, number>;
  /** Number of changes. */
  readonly size: number;
}

/** Begins to collect changes; several changes of one thing become one edit. */
export function collectEdits(): Collector {
  const users = new Map<string, Edit>();
  const groups = new Map<string, Edit>();
  const locations: Change[] = [];
  const counts = new Map<string, number>();
  let size = 0;
  const add = (change: Change) => {
    if (change.type === "user") users.set(change.id, followedBy(users.get(change.id), change));
    else if (change.type === "group") groups.set(change.id, followedBy(groups.get(change.id), change));
    else if (change.type === "location") locations.push(change);
    else return;
    counts.set(change.type, (counts.get(change.type) ?? 0) + 1);
    size += 1;
  };
  return {
    users,
    groups,
    locations,
    counts,
    add: (changes) => changes.forEach(add),
    get size() {
      return size;
    },
  };
}

const nothing = { values: {}, memberships: new Map<string, number | null>() } as const;

function followedBy(before: Edit | undefined, { action, changed, memberships }: Change): Edit {
  if (action === "deleted") return { action, ...nothing };
  if (action === "updated" && before?.action === "deleted") return before;
  const base = action === "created" ? nothing : (before ?? nothing);
  return {
    action: action === "created" ? "created" : (before?.action ?? "updated"),
    values: { ...base.values, ...newValues(changed) },
    memberships: new Map([...base.memberships, ...memberships.map(({ groupId, role }) => [groupId, role.to] as const)]),
  };
}

const newValues = (changed: Change["changed"]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(changed).map(([name, { to }]) => [name, to]));

/**
 * The memberships of a user after an edit.
 * @param before roles by group; empty for an unknown user
 */
export function rolesAfter(before: ReadonlyMap<string, number>, { action, memberships }: Edit): Map<string, number> {
  const roles = new Map(action === "updated" ? before : []);
  if (action === "deleted") return roles;
  for (const [groupId, role] of memberships) {
    if (role === null) roles.delete(groupId);
    else roles.set(groupId, role);
  }
  return roles;
}

/** Properties of locations by name. */
export type Locations = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/**
 * Makes changes of locations, one after the other. Updates of an unknown location are ignored. A location changes its
 * name only while it has no groups (file formats, section 7): a new name brings all of its properties.
 */
export function locationsAfter(
  before: Locations,
  changes: readonly Change[],
): Map<string, Readonly<Record<string, unknown>>> {
  const after = new Map(before);
  for (const { action, id, changed } of changes) {
    const { name = id, ...values } = newValues(changed);
    const known = after.get(id);
    if (action === "deleted") after.delete(id);
    else if (action === "created" || name !== id) {
      after.delete(id);
      after.set(String(name), values);
    } else if (known !== undefined) after.set(id, { ...known, ...values });
  }
  return after;
}
