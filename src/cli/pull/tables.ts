/** A value of a column: what CSV and SQLite can hold. */
export type Cell = string | number | boolean | null;

/** The lists of the API that are copied. */
export const lists = ["users", "groups", "locations"] as const;
export type List = (typeof lists)[number];

/** The tables of a copy. Memberships come with the people whose they are. */
export const tables = ["users", "groups", "memberships", "locations"] as const;
export type Table = (typeof tables)[number];

/** A property of a document: what it is when nothing is known of it, as the API shows it. */
type Blanks = Readonly<Record<string, unknown>>;

/**
 * What is copied, in the order of the columns. `version`, `createdAt` and `updatedAt` are not: changes do not tell them.
 */
const blanks: Readonly<Record<List, Blanks>> = {
  users: {
    firstName: "",
    lastName: "",
    username: null,
    emails: [],
    phones: [],
    address: null,
    customFields: [],
    location: null,
    showAllGroups: false,
    sources: [],
    origins: [],
  },
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

/** The column by which rows of a list are known. */
export const keys: Readonly<Record<List, string>> = { users: "id", groups: "groupId", locations: "name" };

/** The columns of each table. Lists and objects are JSON; `email` is the first of `emails`, for convenience. */
export const columns: Readonly<Record<Table, readonly string[]>> = {
  users: [keys.users, ...Object.keys(cellsOf("users", blanks.users))],
  groups: [keys.groups, ...Object.keys(cellsOf("groups", blanks.groups))],
  memberships: ["userId", "groupId", "role"],
  locations: [keys.locations, ...Object.keys(cellsOf("locations", blanks.locations))],
};

/** Says what the columns are: another one means that a copy has to begin anew. */
export const layout = JSON.stringify(columns);

/**
 * The columns of some properties of a document.
 * @param values as the API shows them; null where there is none. What is not copied is left out
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

/** All columns of a document but its key: what `values` does not say is blank. */
export const completeCells = (list: List, values: Readonly<Record<string, unknown>>): Record<string, Cell> =>
  cellsOf(list, { ...blanks[list], ...values });
