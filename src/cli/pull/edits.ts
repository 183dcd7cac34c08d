/** Changes of the feed as edits of a copy: pure, the same for every kind of copy. */

/** A change, as the feed tells it (docs/guide/following-changes.md). */
export interface Change {
  readonly type: string;
  readonly action: "created" | "updated" | "deleted";
  readonly id: string;
  readonly changed: Readonly<Record<string, { readonly to: unknown }>>;
  readonly memberships: readonly { readonly groupId: string; readonly role: { readonly to: number | null } }[];
}

/** What becomes of one thing. */
export interface Edit {
  /** `created`: whatever was known of it before is forgotten; `updated`: of what is not known, nothing. */
  readonly fate: "created" | "updated" | "deleted";
  /** Properties, as they are to be; null is none. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Roles by group; null: no member any more. */
  readonly memberships: ReadonlyMap<string, number | null>;
}

/** Several changes, to be made at once. */
export interface Edits {
  readonly users: ReadonlyMap<string, Edit>;
  readonly groups: ReadonlyMap<string, Edit>;
  /** In their order: locations change their names, which they are known by. */
  readonly locations: readonly Change[];
}

/** Collects changes, in their order. */
export interface Collector extends Edits {
  add(changes: readonly Change[]): void;
  /** How many were added, by type. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many were added. */
  readonly size: number;
}

/** Collects changes until they are applied; several of one thing become one edit. */
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
    ...{ users, groups, locations, counts },
    add: (changes) => changes.forEach(add),
    get size() {
      return size;
    },
  };
}

const nothing = { values: {}, memberships: new Map<string, number | null>() } as const;

function followedBy(before: Edit | undefined, { action, changed, memberships }: Change): Edit {
  if (action === "deleted") return { fate: "deleted", ...nothing };
  if (action === "updated" && before?.fate === "deleted") return before;
  const base = action === "created" ? nothing : (before ?? nothing);
  return {
    fate: action === "created" ? "created" : (before?.fate ?? "updated"),
    values: { ...base.values, ...Object.fromEntries(Object.entries(changed).map(([name, { to }]) => [name, to])) },
    memberships: new Map([...base.memberships, ...memberships.map(({ groupId, role }) => [groupId, role.to] as const)]),
  };
}

/**
 * The memberships of somebody after an edit.
 * @param before roles by group; undefined: nothing is known of the person
 */
export function rolesAfter(
  before: ReadonlyMap<string, number> | undefined,
  { fate, memberships }: Edit,
): Map<string, number> {
  const roles = new Map(fate === "updated" ? before : []);
  if (fate === "deleted") return roles;
  for (const [groupId, role] of memberships) {
    if (role === null) roles.delete(groupId);
    else roles.set(groupId, role);
  }
  return roles;
}

/** Locations by name, with the ids of their groups, and other properties. */
export type Locations = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/**
 * Makes changes of locations, one after the other; what else is told of one that is not known is passed over. A location
 * changes its name only while it has no groups (file formats, section 7), so that its renaming tells all of it.
 */
export function locationsAfter(
  before: Locations,
  changes: readonly Change[],
): Map<string, Readonly<Record<string, unknown>>> {
  const after = new Map(before);
  for (const { action, id, changed } of changes) {
    const { name = id, ...values } = Object.fromEntries(Object.entries(changed).map(([key, { to }]) => [key, to]));
    const known = after.get(id);
    if (action === "deleted") after.delete(id);
    else if (action === "created" || name !== id) {
      after.delete(id);
      after.set(String(name), values);
    } else if (known !== undefined) after.set(id, { ...known, ...values });
  }
  return after;
}
