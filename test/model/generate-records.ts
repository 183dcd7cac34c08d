/** Random organizations whose groups and locations differ, and random files of groups and of locations. */
import fc from "fast-check";
import { organizations } from "./generate.ts";
import type { GroupValues } from "./import-groups.ts";
import type { LocationValues } from "./import-locations.ts";
import { type Group, locationKey, type Organization, plainGroup } from "./state.ts";

const ids = ["G1", "G2", "STATIC", "ALL", "TEAM", "team", "1001", "1003", "NEW", "CRS-1", "NOPE"];
const names = [
  "First group",
  "FIRST GROUP",
  "Second group",
  "Chess",
  "CHESS",
  "Team",
  "NEW",
  "new",
  "Études",
  "ÉTUDES",
];
const places = ["Main", "MAIN", "North", "north", "South 2", "Été", "ÉTÉ"];

const parent = fc.option(fc.constantFrom(...ids));
const dress = fc.record({
  category: fc.constantFrom(1, 9, 12),
  type: fc.constantFrom(1, 2),
  privacy: fc.constantFrom(1, 2, 3),
  postApproval: fc.boolean(),
  description: fc.constantFrom("", "Two\nlines"),
  isProtected: fc.boolean(),
  guardPercent: fc.constantFrom(null, 100),
  parent,
});

/** Organizations with up to seven groups, some below others, and locations that have groups. */
export const richOrganizations: fc.Arbitrary<Organization> = fc
  .record({
    organization: organizations,
    dresses: fc.array(dress, { minLength: 7, maxLength: 7 }),
    more: fc.subarray(["TEAM", "1001", "CHESS"]),
    places: fc.dictionary(
      fc.constantFrom("Main", "North"),
      fc.array(fc.constantFrom(...ids.slice(0, 5)), { maxLength: 4 }),
    ),
  })
  .map(({ organization, dresses, more, places }) => {
    const groups = new Map<string, Group>(organization.groups);
    for (const id of more) groups.set(id, plainGroup(id === "1001" ? "Chess" : id === "CHESS" ? "Checkers" : "Team"));
    const placed = new Map<string, Group>();
    for (const [index, [id, group]] of [...groups].entries()) {
      const { parent, ...values } = dresses[index]!;
      // The first one is above, so that none is below itself.
      placed.set(id, { ...group, ...values, parent: parent !== null && placed.has(parent) ? parent : null });
    }
    const locations = new Map(organization.locations);
    for (const [name, chosen] of Object.entries(places)) {
      locations.set(locationKey(name), { name, groups: new Set(chosen.filter((id) => groups.has(id))) });
    }
    return { ...organization, groups: placed, locations };
  });

/** A column is filled in so many of ten rows, and blank in one. */
const column = (filled: number, arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 9 - filled, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant("") },
    { weight: filled, arbitrary },
  );

const present = (drawn: object) => Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined));

const groupRow: fc.Arbitrary<GroupValues> = fc
  .record({
    action: column(4, fc.constantFrom("delete", "purge", "Delete", "PURGE", "delete", "purge", "delete")),
    groupID: column(7, fc.constantFrom(...ids, ...ids, ...ids, "A;B", "00001")),
    name: column(3, fc.constantFrom(...names, "N".repeat(50))),
    category: column(2, fc.constantFrom("9", "12", "Course", "emergency alerts", "12", "9", "99")),
    type: column(1, fc.constantFrom("2", "Announcement only", "1", "2", "3")),
    privacy: column(1, fc.constantFrom("3", "secret", "Public", "2", "4")),
    postApproval: column(1, fc.constantFrom("1", "0", "1", "0", "yes")),
    description: column(2, fc.constantFrom("Fall term", "Two\nlines")),
    style: column(2, fc.constantFrom("static", "Purge", "active-roster", "normal", "static", "roster")),
    default: column(1, fc.constantFrom("1", "0")),
    protected: column(1, fc.constantFrom("1", "0")),
    guardPercent: column(1, fc.constantFrom("100", "100", "100", "101")),
    parentGroupID: column(3, fc.constantFrom(...ids)),
  })
  .map(present);

/** Files of one to six rows, most of which could be applied. */
export const groupFiles: fc.Arbitrary<GroupValues[]> = fc.array(groupRow, { minLength: 1, maxLength: 6 });

const locationRow: fc.Arbitrary<LocationValues> = fc
  .record({
    action: column(5, fc.constantFrom("delete", "modify", "MODIFY", "Delete", "remove")),
    name: column(8, fc.constantFrom(...places, ...places, "North-West")),
    groupID: column(5, fc.constantFrom("G1", "G1;G2", "G2; ;G1;G2", "STATIC", "TEAM", "NOPE", "00001")),
  })
  .map(present);

/** Files of one to four rows. */
export const locationFiles: fc.Arbitrary<LocationValues[]> = fc.array(locationRow, { minLength: 1, maxLength: 4 });
