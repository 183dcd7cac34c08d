import { z } from "zod";

/** A processing style (file formats, section 5). */
export const styles = ["normal", "active-roster", "purge"] as const;
export type Style = (typeof styles)[number];

/** Roles of a membership (file formats, section 3); the index is the number a feed writes. */
export const roles = [
  "member",
  "full-administrator",
  "network-administrator",
  "limited-administrator",
  "authorized-sender",
] as const;

const groupPattern = z.string().regex(/^[^|;\s]{1,100}$/, "a group pattern has no space, | or ; in it");

/**
 * The settings of an organization. They are stored as JSON; absent ones have these defaults.
 */
export const settingsSchema = z.strictObject({
  /** Style of imports that name none. */
  style: z.enum(styles).default("normal"),
  /** Calling code of phones that name none, e.g. "1". */
  countryCode: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, "a calling code has one to three digits")
    .default("1"),
  /** IANA time zone in which plain dates are read. */
  timeZone: z.string().max(64).default("UTC"),
  /** Names of the custom fields, in the order in which feeds send them. */
  customFields: z.array(z.string().trim().min(1).max(100)).max(100).default([]),
  /** Groups that imports create when they name them: exact names or patterns with *. */
  createGroups: z.array(groupPattern).max(100).default([]),
  /** True if imports create the locations that they name. */
  createLocations: z.boolean().default(false),
  /** True if a new person needs an e-mail. */
  requireEmail: z.boolean().default(true),
  /** True if a new person needs a group. */
  requireGroup: z.boolean().default(true),
  /** True if rosters leave people alone who were entered by hand; `false`: rosters of `default` count them as their own. */
  protectManual: z.boolean().default(true),
  /** Like `protectManual`, for people who registered themselves and whom no feed has claimed yet. */
  protectSelfRegistered: z.boolean().default(true),
  /** Days for which the files of imports are kept, for their response files; 0: not at all. */
  keepFilesDays: z.int().min(0).max(3650).default(30),
  /** Days for which the notes on rows of imports are kept. Their counts stay. */
  keepNotesDays: z.int().min(1).max(3650).default(365),
  /** Days for which people who were deleted can return under their id, with what was entered by hand. */
  keepDeletedDays: z.int().min(0).max(3650).default(30),
  /** Days for which changes are kept for those who follow them. */
  keepChangesDays: z.int().min(1).max(3650).default(90),
  /** Days for which the audit log is kept. */
  keepAuditDays: z.int().min(1).max(3650).default(730),
  /** Days for which topics and requests to join are kept once they are decided; what waits is kept. */
  keepDecidedDays: z.int().min(1).max(3650).default(730),
  /** E-mail addresses that receive notices of held and refused imports, first rosters and overdue sources. */
  announceTo: z.array(z.email().max(254)).max(20).default([]),
  /** Minutes between two mails to somebody who decides about pending topics and requests; 0: none are sent. */
  pendingMailMinutes: z.int().min(0).max(1440).default(15),
  /** Hours after which they are reminded of what waits still, once a day; 0: never. */
  remindAfterHours: z.int().min(0).max(8760).default(24),
  /** The claim of a token that names the person. */
  signInClaim: z
    .string()
    .regex(/^[A-Za-z0-9_.:/-]{1,200}$/, "a claim's name has letters, digits and _ . : / -")
    .default("preferred_username"),
  /** With what of a person the claim is compared. */
  signInMatches: z.enum(["username", "email", "databaseId"]).default("username"),
  /** Roles that imports may grant beside member. */
  grantableRoles: z.array(z.int().min(1).max(4)).max(4).default([1, 3, 4]),
});

/**
 * Settings that no known person's row depends on, so that imports go on passing over unchanged rows after a change of them.
 * The style is not in the rows' epoch, because each digest has its own style. New people have no digest yet.
 */
export const settingsOfNoRow: ReadonlySet<string> = new Set<keyof Settings>([
  "style",
  "timeZone",
  "customFields",
  "requireEmail",
  "requireGroup",
  "keepFilesDays",
  "keepNotesDays",
  "keepDeletedDays",
  "keepChangesDays",
  "keepAuditDays",
  "keepDecidedDays",
  "announceTo",
  "pendingMailMinutes",
  "remindAfterHours",
  "signInClaim",
  "signInMatches",
]);

/** Settings of an organization, every one present. */
export type Settings = z.infer<typeof settingsSchema>;
