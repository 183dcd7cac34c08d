/**
 * Random small organizations and files for property tests. Everything is drawn from small pools, so that people of a file
 * and of the store collide all the time. Files are made of the strings a sender writes: the same file can be normalised
 * for the model, or rendered as XML for the service.
 */
import fc from "fast-check";
import type { EmailAddress, Phone, SourceRecord } from "../../src/intake/records.ts";
import { settingsSchema, styles } from "../../src/organizations/settings.ts";

import {
  blankUser,
  byDefault,
  type ClaimNumber,
  type Group,
  locationKey,
  manual,
  type Organization,
  type Owned,
  phoneKey,
  plainGroup,
  plainLocation,
  selfRegistered,
  type User,
} from "./state.ts";
import { eachText, textProperties, texts } from "./texts.ts";

/** Sources of every generated organization, by name. */
export const sourceNumbers = { default: 3, employees: 4, affiliates: 5 } as const;

const databaseIds = ["1", "2", "00003", "A4", "B5"];
const usernames = ["ann", "bob", "cid", "dot", "eve"];
const emails = ["a@x.edu", "b@x.edu", "c@x.edu", "d@x.edu", "e@x.edu", "f@x.edu"];
const locations = ["Main", "North", "NORTH", "Dorm #4"];
const phones: readonly Phone[] = [
  { number: "+12025550123", extension: "", messageType: 3, label: "cell", carrier: "" },
  { number: "+12125550187", extension: "", messageType: 1, label: "home", carrier: "Télécom" },
  { number: "+12125550187", extension: "12", messageType: 2, label: "work", carrier: "" },
];

/** Groups that every generated organization has, and one that it may have; CRS-1 and NOPE are unknown. */
const alwaysThere = ["G1", "G2", "STATIC"];
const groupIds = [...alwaysThere, "ALL", "CRS-1", "NOPE"];

// ---------------------------------------------------------------------------------------------------- organizations

const settings = fc
  .record({
    createGroups: fc.constantFrom([], ["CRS-*"], ["*"]),
    createLocations: fc.boolean(),
    requireEmail: fc.boolean(),
    requireGroup: fc.boolean(),
    grantableRoles: fc.constantFrom([1, 3, 4], [1, 2, 3, 4], []),
    protectManual: fc.boolean(),
    protectSelfRegistered: fc.boolean(),
  })
  .map((chosen) => settingsSchema.parse({ ...chosen, customFields: ["Major", "Dormitory"] }));

const groups = fc
  .record({
    firstStyle: fc.constantFrom(null, null, "active-roster" as const, "purge" as const),
    secondStyle: fc.constantFrom("normal" as const, "active-roster" as const, "purge" as const),
    firstIsDefault: fc.boolean(),
    staticIsDefault: fc.boolean(),
    hasAll: fc.boolean(),
  })
  .map(({ firstStyle, secondStyle, firstIsDefault, staticIsDefault, hasAll }) => {
    const chosen: [string, Group][] = [
      ["G1", { ...plainGroup("First group"), style: firstStyle, isDefault: firstIsDefault }],
      ["G2", { ...plainGroup("Second group"), style: secondStyle }],
      ["STATIC", { ...plainGroup("Static group"), style: "static", isDefault: staticIsDefault }],
    ];
    if (hasAll) chosen.push(["ALL", plainGroup("Everybody")]);
    return new Map(chosen);
  });

/** A claimant is drawn as a number and becomes one of those whom the person has. */
const claimant = fc.nat(5);
const claimants = fc.uniqueArray(claimant, { minLength: 1, maxLength: 3 });
const role = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.constantFrom(1, 2, 4) });

const owned = <Value>(...values: readonly Value[]) => fc.record({ value: fc.constantFrom(...values), owner: claimant });

const userDraft = fc.record({
  origins: fc.subarray([manual, selfRegistered]),
  sources: fc.dictionary(
    fc.constantFrom(...Object.values(sourceNumbers).map(String)),
    fc.option(fc.constantFrom(...databaseIds), { freq: 3 }),
    { maxKeys: 3 },
  ),
  texts: fc.record(eachText((_, { values }) => owned("", ...values))),
  username: owned(null, ...usernames),
  customFields: owned<readonly string[]>([], ["Law"], ["", "West"], ["Art", "East"]),
  location: owned("", "Main"),
  showAllGroups: owned(false, true),
  email: owned(null, ...emails),
  emails: fc.array(fc.record({ email: fc.constantFrom(...emails), claims: claimants }), { maxLength: 2 }),
  phones: fc.array(
    fc.record({
      phone: fc.constantFrom(...phones),
      label: fc.constantFrom("home", "cell"),
      owner: claimant,
      claims: claimants,
    }),
    { maxLength: 2 },
  ),
  memberships: fc.array(
    fc.record({ groupId: fc.constantFrom(...alwaysThere), role, roleOwner: claimant, claims: claimants }),
    { maxLength: 3 },
  ),
});
type UserDraft = typeof userDraft extends fc.Arbitrary<infer Draft> ? Draft : never;

const address = (email: string): EmailAddress => ({ email, normalized: email.toLowerCase() });

/** Makes a user of a draft. Whatever would make a state that can't be is left out: so drafts shrink freely. */
function userOf(id: number, draft: UserDraft, others: readonly User[]): User {
  const user = blankUser(id);
  for (const [source, databaseId] of Object.entries(draft.sources)) {
    const isTaken = others.some((other) => databaseId !== null && other.sources.get(Number(source)) === databaseId);
    user.sources.set(Number(source), isTaken ? null : databaseId);
  }
  user.claims = new Set([...draft.origins, ...user.sources.keys()]);
  if (user.claims.size === 0) user.claims.add(manual);

  // somebody at the console may have edited anybody
  const claimantsOfUser = [...new Set([...user.claims, manual])];
  const pick = (drawn: number, from: readonly ClaimNumber[] = claimantsOfUser) => from[drawn % from.length] ?? manual;
  const pickAll = (drawn: readonly number[], from?: readonly ClaimNumber[]) =>
    new Set(drawn.map((one) => pick(one, from)));
  const scalar = <Value>(chosen: Owned<Value>): Owned<Value> => {
    const isBlank = Array.isArray(chosen.value) ? chosen.value.length === 0 : !chosen.value;
    return { value: chosen.value, owner: isBlank ? null : pick(chosen.owner ?? 0) };
  };

  for (const property of textProperties) user[property] = scalar(draft.texts[property]);
  user.customFields = scalar(draft.customFields);
  user.location = scalar(draft.location);
  user.showAllGroups = scalar(draft.showAllGroups);
  const username = draft.username.value;
  if (username && !others.some((other) => other.username.value?.normalized === username)) {
    user.username = scalar({ value: { username, normalized: username }, owner: draft.username.owner });
  }
  if (draft.email.value) user.email = scalar({ value: address(draft.email.value), owner: draft.email.owner });
  for (const { email, claims } of draft.emails) {
    const { normalized } = address(email);
    // a person with a further address has a primary one
    if (user.email.value && normalized !== user.email.value.normalized)
      user.emails.set(normalized, { email, claims: pickAll(claims) });
  }
  for (const { phone, label, owner, claims } of draft.phones) {
    user.phones.set(phoneKey(phone), { ...phone, label, owner: pick(owner), claims: pickAll(claims) });
  }
  for (const { groupId, role, roleOwner, claims } of draft.memberships) {
    const may = [...claimantsOfUser, byDefault];
    user.memberships.set(groupId, { role, roleOwner: pick(roleOwner, may), claims: pickAll(claims, may) });
  }
  return user;
}

/** Small organizations with three sources (`sourceNumbers`), a few groups and up to four people of any origin. */
export const organizations: fc.Arbitrary<Organization> = fc
  .record({
    settings,
    groups,
    ranks: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    owners: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    users: fc.array(userDraft, { maxLength: 4 }),
    optOuts: fc.subarray([...emails.map((email) => email.toLowerCase()), "+12025550123", "+12125550187"]),
  })
  .map(({ settings, groups, ranks, owners, users, optOuts }) => {
    const stored: User[] = [];
    for (const draft of users) stored.push(userOf(stored.length + 1, draft, stored));
    return {
      settings,
      sources: new Map(
        Object.entries(sourceNumbers).map(([name, number], index) => [
          name,
          { number, rank: ranks[index] ?? 1, ownsPrimaryEmail: owners[index] ?? false },
        ]),
      ),
      groups: structuredClone(groups),
      locations: new Map([[locationKey("Main"), plainLocation("Main")]]),
      users: new Map(stored.map((user) => [user.id, user])),
      tombstones: new Map(),
      optOuts: new Set(optOuts),
      lastUserId: stored.length,
      lastGroupNumber: 1000,
    };
  });

// -------------------------------------------------------------------------------------------------------------- files

const tokens = (arbitrary: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(arbitrary, { minLength: 1, maxLength }).map((list) => list.join(";"));
/** A field is filled or blank in so many files of ten, and absent from the others; it shrinks towards absent. */
const field = (arbitrary: fc.Arbitrary<string>, filled: number, blank: number): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 10 - filled - blank, arbitrary: fc.constant(undefined) },
    { weight: blank, arbitrary: fc.constant("") },
    { weight: filled, arbitrary },
  );

const groupId = fc.constantFrom(...groupIds);
const groupToken = fc.oneof(
  { weight: 4, arbitrary: groupId },
  { weight: 4, arbitrary: fc.tuple(groupId, fc.constantFrom("0", "1", "2", "4")).map((pair) => pair.join("|")) },
  { weight: 2, arbitrary: groupId.map((id) => `${id}|00002`) },
);
const groupColumn = fc.oneof(
  { weight: 12, arbitrary: tokens(groupToken, 3) },
  { weight: 3, arbitrary: tokens(groupId, 2).map((list) => `00002;${list}`) },
  { weight: 2, arbitrary: fc.constant("00001") },
  { weight: 2, arbitrary: tokens(groupToken, 2).map((list) => `00001;${list}`) },
  { weight: 3, arbitrary: fc.constant("00000") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "2",
      "00000;G1",
      "G1|7",
      "NULL",
      "'00001",
      "G1,G2",
      "12-Oct",
      "M?nster",
      "G2;M\ufffd",
      "00001;M?nster",
      "G2;Bio 1, Lab",
    ),
  },
);
const emailColumn = tokens(
  fc.oneof(
    { weight: 14, arbitrary: fc.constantFrom(...emails) },
    { weight: 1, arbitrary: fc.constantFrom("A@X.edu", "B@x.edu") },
    { weight: 1, arbitrary: fc.constantFrom("nobody at x.edu", "NULL", "00002;a@x.edu") },
    { weight: 2, arbitrary: fc.constantFrom(...emails).map((email) => `${email}|delete`) },
  ),
  3,
);
const phoneColumn = tokens(
  fc.constantFrom(
    "202-555-0123",
    "(202) 555-0123|AT&T|1||home",
    "2125550187",
    "2125550187|T?l?com|1||home",
    "+1 212 555 0187||2||work",
    "2125550187 x12",
    "2125550187x12|||1|other",
    "123",
    "5555555555",
    "2025550123|delete",
    "2125550187|||| 00002",
    "2125550187 x12|remove",
    "2125550187|del",
    "N/A",
  ),
  2,
);

/** Nearly every row has a first name, because a new person needs one. */
const sentTexts = Object.fromEntries(
  textProperties.map((property) => {
    const { feed, optional, values } = texts[property];
    return [feed, field(fc.constantFrom(...values), property === "firstName" ? 7 : optional ? 3 : 4, optional ? 2 : 1)];
  }),
);

const values: fc.Arbitrary<SourceRecord["values"]> = fc
  .record({
    databaseID: field(fc.constantFrom(...databaseIds, ...databaseIds, "NULL", `'${databaseIds[0]!}`), 5, 1),
    userID: field(fc.constantFrom(...usernames, "ANN"), 4, 1),
    email: field(emailColumn, 7, 1),
    groupID: field(groupColumn, 8, 1),
    phone: field(phoneColumn, 4, 2),
    ...sentTexts,
    customFields: field(fc.constantFrom("Law", "|West", "Art|East", "Art|", "Law|East|North"), 3, 2),
    campusName: field(fc.constantFrom(...locations, "MAIN"), 3, 2),
    showAllGroups: field(fc.constantFrom("0", "1", "1", "maybe"), 3, 2),
  })
  .map((drawn) => Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)));

/** Line of the first record in `renderXml`. */
const firstLine = 3;

/** Files: one to six records, numbered and placed as `renderXml` writes them. */
export const files: fc.Arbitrary<SourceRecord[]> = fc
  .array(values, { minLength: 1, maxLength: 6 })
  .map((records) => records.map((values, index) => ({ row: index + 1, line: firstLine + index, values })));

/** Files with the number of the source that sends them. */
export const imports = fc.record({
  source: fc.constantFrom(...Object.values(sourceNumbers)),
  style: fc.constantFrom(...styles),
  records: files,
});
