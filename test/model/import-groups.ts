/**
 * Applies a file of groups to an organization. Written to be read next to file formats, section 6; property tests
 * compare the service with it.
 */
import type { Issue } from "./state.ts";
import { byDefault, type Group, networkAdministrator, type Organization, plainGroup } from "./state.ts";

/** A row of a file of groups: the strings that were sent, by column. */
export type GroupValues = Readonly<Record<string, string>>;

/** The outcome of a row of groups or locations. */
export interface RecordOutcome {
  /** 1-based. */
  readonly row: number;
  readonly outcome: "added" | "updated" | "unchanged" | "removed" | "failed";
  readonly issues: readonly Issue[];
}

type Action = "save" | "purge" | "delete";

/** A row, read. */
interface Row {
  readonly row: number;
  readonly action: Action;
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** The given values of the group; others stay as they are. */
  readonly says: Partial<Group>;
  readonly isReadable: boolean;
}

/** Imports a file of groups. Returns the new state; the one given stays as it is. */
export function importGroups(
  before: Organization,
  records: readonly GroupValues[],
): { readonly organization: Organization; readonly outcomes: readonly RecordOutcome[] } {
  const organization = structuredClone(before);
  const rows = records.map(readRow);
  const failed = new Set(rows.filter((row) => !row.isReadable || !maySay(before, row) || hasTwin(before, row, rows)));
  const ids = giveIds(
    organization,
    rows.filter((row) => !failed.has(row)),
  );
  failMisplaced(before, rows, failed, ids);

  const administrators = [...before.users.values()].filter(({ memberships }) =>
    [...memberships.values()].some(({ role }) => role === networkAdministrator),
  );
  const outcomes = new Map<Row, RecordOutcome["outcome"]>();
  const applied = rows.filter((row) => !failed.has(row));
  // Groups are created before any is emptied, so that nobody stops being an administrator in between.
  for (const row of applied.filter(({ action }) => action === "save")) {
    const id = ids.get(row)!;
    const stored = before.groups.get(id);
    const group = { ...(stored ?? plainGroup(row.name ?? id)), ...row.says };
    organization.groups.set(id, group);
    outcomes.set(row, stored === undefined ? "added" : isSame(stored, group) ? "unchanged" : "updated");
    if (stored) continue;
    for (const { id: user } of administrators) {
      const membership = { role: networkAdministrator, roleOwner: byDefault, claims: new Set([byDefault]) };
      organization.users.get(user)!.memberships.set(id, membership);
    }
  }
  for (const row of applied.filter(({ action }) => action !== "save")) {
    const id = groupOf(before, row);
    const ended = id !== undefined && [...organization.users.values()].filter((user) => user.memberships.delete(id));
    outcomes.set(row, ended && ended.length > 0 ? "updated" : "unchanged");
    if (row.action === "purge" || id === undefined) continue;
    outcomes.set(row, "removed");
    organization.groups.delete(id);
    for (const group of organization.groups.values()) if (group.parent === id) group.parent = null;
    for (const location of organization.locations.values()) location.groups.delete(id);
  }
  const issues: Issue[] = [{ code: "value_invalid" }];
  return {
    organization,
    outcomes: rows.map((row) => ({
      row: row.row,
      outcome: outcomes.get(row) ?? "failed",
      issues: failed.has(row) ? issues : [],
    })),
  };
}

const isSame = (one: Group, other: Group) =>
  JSON.stringify(Object.entries(one)) === JSON.stringify(Object.entries(other));

/** Id of the stored group that a row is about: by its id, else by its name without regard to case. */
function groupOf({ groups }: Organization, { id, name }: Row): string | undefined {
  if (id !== undefined) return groups.has(id) ? id : undefined;
  return [...groups].find(([, group]) => isSameName(group.name, name))?.[0];
}

const isSameName = (one: string | undefined, other: string | undefined) => one?.toLowerCase() === other?.toLowerCase();

/** A name cannot be changed, nor given twice. */
function maySay(organization: Organization, row: Row): boolean {
  const id = groupOf(organization, row);
  if (id !== undefined) return row.name === undefined || isSameName(organization.groups.get(id)!.name, row.name);
  if (row.action !== "save") return true;
  const name = row.name ?? row.id ?? "";
  return name.length < 50 && ![...organization.groups.values()].some((group) => isSameName(group.name, name));
}

/** Tells whether another row is about the same group, applied or not. The id names a new group without a name. */
function hasTwin(organization: Organization, row: Row, rows: readonly Row[]): boolean {
  const about = (one: Row) => {
    const id = groupOf(organization, one) ?? one.id;
    return { id, name: organization.groups.get(id ?? "")?.name ?? one.name ?? one.id };
  };
  const { id, name } = about(row);
  return rows
    .filter((other) => other !== row)
    .map(about)
    .some((other) => (id !== undefined && other.id === id) || (name !== undefined && isSameName(other.name, name)));
}

/** The group of each row that is to be created or changed. Numbers that are somebody's id are passed over. */
function giveIds(organization: Organization, rows: readonly Row[]): Map<Row, string> {
  const saving = rows.filter(({ action }) => action === "save");
  const taken = new Set([...organization.groups.keys(), ...saving.map(({ id }) => id)]);
  const ids = new Map<Row, string>();
  for (const row of saving) {
    let id = groupOf(organization, row) ?? row.id;
    while (id === undefined) {
      organization.lastGroupNumber += 1;
      const next = String(organization.lastGroupNumber);
      if (!taken.has(next)) id = next;
    }
    ids.set(row, id);
  }
  return ids;
}

/** The parent of a group has to be there in the end, and not below it. A row that fails may make others fail. */
function failMisplaced(
  before: Organization,
  rows: readonly Row[],
  failed: Set<Row>,
  ids: ReadonlyMap<Row, string>,
): void {
  for (;;) {
    const applied = rows.filter((row) => !failed.has(row));
    const parents = new Map([...before.groups].map(([id, { parent }]) => [id, parent]));
    for (const row of applied) {
      const id = ids.get(row) ?? groupOf(before, row);
      if (id === undefined) continue;
      if (row.action === "delete") parents.delete(id);
      if (row.action === "save")
        parents.set(id, row.says.parent === undefined ? (parents.get(id) ?? null) : row.says.parent);
    }
    const isMisplaced = (row: Row) => {
      const { parent } = row.says;
      if (row.action !== "save" || typeof parent !== "string") return false;
      return !parents.has(parent) || isBelowItself(ids.get(row)!, parents);
    };
    const misplaced = applied.filter(isMisplaced);
    if (misplaced.length === 0) return;
    for (const row of misplaced) failed.add(row);
  }
}

function isBelowItself(id: string, parents: ReadonlyMap<string, string | null>): boolean {
  let above = parents.get(id);
  for (let steps = 0; steps < parents.size && above; steps += 1) {
    if (above === id) return true;
    above = parents.get(above);
  }
  return false;
}

// ------------------------------------------------------------------------------------------------------------- columns

const categories = ["General", "Classifieds", "Class Year", "School Status", "Field of Study", "Residence", "Greek"]
  .concat("Club", "Course", "Sport", "Careers", "Emergency Alerts", "Schools/Colleges", "Branch Campuses")
  .concat("Institutes & Centers", "Offices & Services");
const categoryCodes = [
  ...categories.map((name, index) => [index + 1, name] as const),
  [21, "Parent"],
  [22, "Community"],
];
const typeCodes = [
  [1, "Open discussion"],
  [2, "Announcement only"],
];
const privacyCodes = [
  [1, "Public"],
  [2, "Private"],
  [3, "Secret"],
];

class Unreadable extends Error {}

const groupId = (text: string): string => {
  if (/[\s|;]/.test(text) || text.length > 100) throw new Unreadable();
  if (["0", "1", "2", "00000", "00001", "00002"].includes(text)) throw new Unreadable();
  return text;
};
const oneOf =
  (words: readonly string[]) =>
  (text: string): string => {
    if (!words.includes(text.toLowerCase())) throw new Unreadable();
    return text.toLowerCase();
  };
const upTo =
  (limit: number) =>
  (text: string): string => {
    if (text.length > limit) throw new Unreadable();
    return text;
  };
const codeOf =
  (codes: readonly (readonly unknown[])[]) =>
  (text: string): number => {
    const found = codes.find(
      ([code, name]) => text === String(code) || text.toLowerCase() === String(name).toLowerCase(),
    );
    if (!found) throw new Unreadable();
    return found[0] as number;
  };
const flag = (text: string): boolean => oneOf(["0", "1"])(text) === "1";
const percent = (text: string): number => {
  if (!/^\d+$/.test(text) || Number(text) > 100) throw new Unreadable();
  return Number(text);
};

/** Column → property, and how it is read. */
const columns = {
  category: ["category", codeOf(categoryCodes)],
  type: ["type", codeOf(typeCodes)],
  privacy: ["privacy", codeOf(privacyCodes)],
  postApproval: ["postApproval", flag],
  description: ["description", upTo(2000)],
  style: ["style", oneOf(["static", "normal", "active-roster", "purge"])],
  default: ["isDefault", flag],
  protected: ["isProtected", flag],
  guardPercent: ["guardPercent", percent],
  parentGroupID: ["parent", groupId],
} as const;

/** A column that is absent says nothing; one that is blank takes the value of a new group. */
function readRow(values: GroupValues, index: number): Row {
  let isReadable = true;
  const attempt = <Value>(read: (text: string) => Value, text: string | undefined): Value | undefined => {
    try {
      return text ? read(text) : undefined;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      isReadable = false;
      return undefined;
    }
  };
  const says: Record<string, unknown> = {};
  for (const [column, [property, read]] of Object.entries(columns)) {
    const text = values[column];
    if (text === undefined) continue;
    says[property] = text === "" ? plainGroup("")[property] : attempt<unknown>(read, text);
  }
  const id = attempt(groupId, values.groupID);
  const name = attempt(upTo(49), values.name);
  const action = (attempt(oneOf(["purge", "delete"]), values.action) ?? "save") as Action;
  if (id === undefined && name === undefined) isReadable = false;
  return { row: index + 1, action, id, name, says: says as Partial<Group>, isReadable };
}
