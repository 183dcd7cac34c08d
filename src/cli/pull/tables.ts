import { blankScalars } from "../../person/document.ts";
import { personFields } from "../../person/fields.ts";

/** A value that CSV and SQLite can store. */
export type Cell = string | number | boolean | null;

/** The lists of the API that are copied. */
export const lists = ["users", "groups", "locations"] as const;
export type List = (typeof lists)[number];

/** The tables of a copy. Users come with their memberships. */
export const tables = ["users", "groups", "memberships", "locations"] as const;
export type Table = (typeof tables)[number];

/** Properties of a document with their blank values, as the API shows them. */
type Blanks = Readonly<Record<string, unknown>>;

/** A person of whom nothing is known. Memberships have a table of their own. */
const blankPerson: Blanks = Object.fromEntries(
  personFields
    .filter(({ kind }) => kind !== "memberships")
    .map(({ property }) => [property, (blankScalars as Blanks)[property] ?? (property in blankScalars ? null : [])]),
);

/**
 * The properties that are copied, in the order of the columns. `version`, `createdAt` and `updatedAt` are missing:
 * changes do not contain them.
 */
const blanks: Readonly<Record<List, Blanks>> = {
  users: { ...blankPerson, origins: [] },
  groups: {
    name: "",
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
  locations: { groups: [] },
};

/** The column that identifies the rows of a list. */
export const keys: Readonly<Record<List, string>> = { users: "id", groups: "groupId", locations: "name" };

/** The columns of each table. Lists and objects are JSON; `email` is the first of `emails`. */
export const columns: Readonly<Record<Table, readonly string[]>> = {
  users: [keys.users, ...Object.keys(cellsOf("users", blanks.users))],
  groups: [keys.groups, ...Object.keys(cellsOf("groups", blanks.groups))],
  memberships: ["userId", "groupId", "role"],
  locations: [keys.locations, ...Object.keys(cellsOf("locations", blanks.locations))],
};

/** Identifies the columns: a copy with another layout is rebuilt. */
export const layout = JSON.stringify(columns);

/** A value for each table. */
export const byTable = <Value>(valueFor: (table: Table) => Value): Record<Table, Value> => ({
  users: valueFor("users"),
  groups: valueFor("groups"),
  memberships: valueFor("memberships"),
  locations: valueFor("locations"),
});

/**
 * The cells of some properties of a document.
 * @param values as the API shows them; properties that are not copied are left out
 */
export function cellsOf(list: List, values: Readonly<Record<string, unknown>>): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const [name, blank] of Object.entries(blanks[list])) {
    if (!Object.hasOwn(values, name)) continue;
    const value = values[name] ?? blank;
    if (name === "emails") cells.email = (value as string[])[0] ?? null;
    cells[name] = typeof value === "object" && value !== null ? JSON.stringify(value) : (value as Cell);
  }
  return cells;
}

/** All cells of a document except its key. Missing properties are blank. */
export const completeCells = (list: List, values: Readonly<Record<string, unknown>>): Record<string, Cell> =>
  cellsOf(list, { ...blanks[list], ...values });

/** The cells of a whole document, in the order of the columns. */
export function rowOf(list: List, item: Readonly<Record<string, unknown>>): Cell[] {
  const cells = { [keys[list]]: String(item[keys[list]]), ...completeCells(list, item) };
  return columns[list].map((name) => cells[name]!);
}

/** Roles of a user by group. */
export const rolesOf = (user: Readonly<Record<string, unknown>>): Map<string, number> =>
  new Map((user.memberships as { groupId: string; role: number }[]).map(({ groupId, role }) => [groupId, role]));
