/**
 * Samples of requests: the parts that identify things of an organization, and the kinds of these things. **A new route
 * is added here**; the walk says what is missing.
 */

import { scalarFields } from "../../src/person/fields.ts";

/** A kind of identifier. `cursor` and `new…` have values of their own (see `world.ts`). */
export type Kind =
  | "apiKey"
  | "club"
  | "cursor"
  | "databaseId"
  | "email"
  | "group"
  | "idempotencyKey"
  | "import"
  | "keyName"
  | "location"
  | "membershipRequest"
  | "optOut"
  | "otherUser"
  | "parentGroup"
  | "phone"
  | "planHash"
  | "sftpAccount"
  | "source"
  | "topic"
  | "user"
  | "username"
  | "visitor";

/** Marks the place of an identifier in a sample. */
export interface Place {
  readonly kind: Kind;
  /** True if the request makes a thing that must not exist yet. */
  readonly isNew?: boolean;
}

const place = (kind: Kind): Place => ({ kind });
const newPlace = (kind: Kind): Place => ({ kind, isNew: true });

/** Parameters of addresses: the part before, and the parameter. */
export const pathParameters: Readonly<Record<string, Place>> = {
  "api-keys/{id}": place("apiKey"),
  "groups/{groupId}": place("group"),
  "imports/{id}": place("import"),
  "locations/{name}": place("location"),
  "membership-requests/{id}": place("membershipRequest"),
  "members/{userId}": place("user"),
  "opt-outs/{id}": place("optOut"),
  "pending/{id}": place("topic"),
  "sftp-accounts/{id}": place("sftpAccount"),
  "sources/{name}": place("source"),
  "topics/{id}": place("topic"),
  "users/{id}": place("user"),
};

/** Parameters of queries and headers that identify something; null: they do not. */
export const parameters: Readonly<Record<string, Place | null>> = {
  absent: null,
  action: null,
  actor: null,
  api_key: null,
  category: null,
  code: null,
  cursor: place("cursor"),
  databaseId: place("databaseId"),
  decidedBy: null,
  dryRun: null,
  email: place("email"),
  excludeActor: null,
  excludeSource: place("source"),
  importId: place("import"),
  expectedMembers: null,
  groupID: place("group"),
  groupId: place("group"),
  "idempotency-key": newPlace("idempotencyKey"),
  "if-match": null,
  "if-none-match": null,
  latest: null,
  limit: null,
  location: place("location"),
  origin: null,
  outcome: null,
  parentGroupId: place("group"),
  phone: place("phone"),
  prefer: null,
  "content-digest": null,
  privacy: null,
  query: place("username"),
  reason: null,
  role: null,
  since: null,
  source: place("source"),
  status: null,
  style: null,
  type: null,
  until: null,
  username: place("username"),
  wait: null,
};

/** A request that succeeds when all of its places hold what the organization has. */
export interface Sample {
  /** JSON, with places. */
  readonly body?: object;
  /** Parameters of the address that are others here than `pathParameters` says. */
  readonly path?: Readonly<Record<string, Place>>;
  /** Query parameters that it always needs, without places. */
  readonly query?: Readonly<Record<string, string>>;
  /** The expected status with the organization's own identifiers, if it is not a success. */
  readonly status?: number;
  /** True if it needs the key for approvals. */
  readonly isApproval?: boolean;
}

const person = {
  firstName: "Ann",
  databaseID: place("databaseId"),
  userID: place("username"),
  email: place("email"),
  groupID: place("group"),
  location: place("location"),
  mobilePhone: place("phone"),
};
const groupRow = { groupID: place("group"), name: "Renamed", parentGroupID: place("parentGroup") };

const decision = { version: 1, decidedBy: "Kim Park", reason: "why not" };
const importDecision = { planHash: place("planHash"), decidedBy: "Kim Park", reason: "why not" };
const decisions: readonly Sample[] = [
  { body: decision, isApproval: true },
  { body: importDecision, path: { id: place("import") }, isApproval: true },
];
const ofClub = { path: { groupId: place("club") } };

/** By the operation's id: every operation with a body, and what else needs more than its address. Each in one way or more. */
export const samples: Readonly<Record<string, Sample | readonly Sample[]>> = {
  announceChange: {
    body: { percent: 40, from: "2026-12-18T00:00:00Z", until: "2026-12-21T00:00:00Z", announcedBy: "Kim Park" },
    isApproval: true,
  },
  approvePending: decisions,
  approvePendingV2: { query: { decidedBy: "Kim Park" }, isApproval: true },
  approveImport: { body: { planHash: place("planHash"), decidedBy: "Kim Park" }, isApproval: true },
  createApiKey: { body: { name: newPlace("keyName"), services: ["import"], source: place("source") } },
  createSftpAccount: {
    body: {
      name: newPlace("keyName"),
      password: "twelve letters",
      folders: [{ folder: "Staff", source: place("source") }],
      source: place("source"),
    },
  },
  createGroup: { body: { groupId: newPlace("group"), name: newPlace("group"), parentGroupId: place("group") } },
  createLocation: { body: { name: newPlace("location"), groups: [place("group")] } },
  createOptOut: [{ body: { email: newPlace("email") } }, { body: { phone: newPlace("phone") } }],
  createSignInLink: [{ body: { userId: place("user") } }, { body: { username: place("username") } }],
  createUser: {
    body: {
      firstName: "Ann",
      username: newPlace("username"),
      emails: [newPlace("email")],
      phones: [{ number: place("phone") }],
      memberships: [{ groupId: place("group") }],
      location: place("location"),
    },
  },
  decidePending: {
    body: {
      items: [
        { id: place("topic"), action: "approve", ...decision },
        { id: place("import"), action: "reject", ...importDecision },
      ],
    },
    isApproval: true,
  },
  discardImport: { body: { decidedBy: "Kim Park" }, isApproval: true },
  editMembers: [
    { body: { add: [{ userId: place("user") }], remove: [place("otherUser")] } },
    {
      body: {
        add: [{ databaseId: place("databaseId"), source: place("source") }],
        remove: [{ username: place("username") }],
      },
    },
  ],
  // For people alone.
  getMe: { status: 403 },
  importGroups: { body: { groups: [groupRow] } },
  importGroupsV2: { body: { groups: [groupRow] } },
  importLocations: { body: { locations: [{ name: place("location"), groupID: place("group") }] } },
  importLocationsV2: { body: { locations: [{ name: place("location"), groupID: place("group") }] } },
  importUsers: { body: { users: [person] } },
  importUsersV2: { body: { users: [person] } },
  listMembershipRequests: ofClub,
  listTopics: ofClub,
  patchSftpAccount: { body: { source: place("source"), folders: [{ folder: "Staff", source: place("source") }] } },
  patchApiKey: { body: { name: newPlace("keyName") } },
  patchOrganization: { body: { settings: { createGroups: [place("group")] } } },
  previewSource: { body: { users: [person] } },
  mergeUsers: { body: { userId: place("otherUser") } },
  purgeGroup: { body: {} },
  putMember: { body: { role: 4 } },
  putSource: { body: { rank: 1 } },
  rejectPending: decisions,
  rejectPendingV2: { query: { decidedBy: "Kim Park", reason: "why not" }, isApproval: true },
  rotateApiKey: { body: { overlapSeconds: 60 } },
  renumberSource: [
    { body: { pairs: [{ from: place("databaseId"), to: "RENUMBERED" }], dryRun: false } },
    { body: { pairs: [{ from: place("databaseId"), to: "OTHER" }], planHash: place("planHash") }, status: 409 },
  ],
  retireSource: { query: { dryRun: "true" } },
  requestMembership: { ...ofClub, body: { userId: place("visitor"), message: "Please" } },
  signOut: { status: 403 },
  submitTopic: { body: { author: place("user"), subject: "News", body: "All well.", channels: ["email"] } },
  updateGroup: { body: { description: "x", name: place("group"), parentGroupId: place("parentGroup") } },
  updateLocation: [{ body: { groups: [place("group")] } }, { body: { name: newPlace("location") } }],
  updateUser: {
    body: {
      lastName: "Roe",
      username: newPlace("username"),
      emails: [newPlace("email")],
      phones: [{ number: place("phone") }],
      location: place("location"),
    },
  },
  withdrawAnnouncedChange: { isApproval: true },
  withdrawMembershipRequest: { body: { version: 1, reason: "no more" } },
  withdrawTopic: { body: { version: 1, reason: "no more" } },
};

const identifyingScalars: readonly string[] = ["username", "location"];

/** Properties of bodies that identify nothing of an organization. */
export const plainProperties: readonly string[] = [
  ...scalarFields.map(({ property }) => property).filter((property) => !identifyingScalars.includes(property)),
  ..."action allowedAddresses announcedBy announceTo body capabilities channels carrier category city country countryCode createGroups createLocations".split(
    " ",
  ),
  ..."decidedBy default description dryRun expectedBy expectedMembers expiresAt extension firstAdministrator folder from".split(
    " ",
  ),
  ..."grantableRoles guard guardPercent keepAuditDays keepChangesDays keepDecidedDays keepDeletedDays keepFilesDays keepNotesDays label legacyAlgorithms mapping message".split(
    " ",
  ),
  ..."messageType origin pendingMailMinutes overlapSeconds password percent postApproval primaryEmail privacy protectManual protectSelfRegistered protected publicKeys publishBefore rank reason remindAfterHours".split(
    " ",
  ),
  ..."requireEmail requireGroup role services signInClaim signInMatches state street style subject text timeZone to type until version zip".split(
    " ",
  ),
];
