import type { Settings } from "../../api/organization.ts";

type NameOf<Value> = { [Name in keyof Settings]: Settings[Name] extends Value ? Name : never }[keyof Settings];

/** A field of the settings form. */
export type SettingField =
  | { readonly kind: "switch"; readonly name: NameOf<boolean>; readonly label: string; readonly description?: string }
  | { readonly kind: "number"; readonly name: NameOf<number>; readonly label: string; readonly description?: string }
  | { readonly kind: "list"; readonly name: NameOf<string[]>; readonly label: string; readonly description?: string }
  | {
      readonly kind: "text";
      readonly name: "countryCode" | "timeZone" | "signInClaim";
      readonly label: string;
      readonly description?: string;
    }
  | {
      readonly kind: "choice";
      readonly name: "style" | "signInMatches";
      readonly label: string;
      readonly description?: string;
      readonly choices: Readonly<Record<string, string>>;
    };

/** The settings form: titled sections of fields. */
export const settingSections: readonly { readonly title: string; readonly fields: readonly SettingField[] }[] = [
  {
    title: "Imports",
    fields: [
      {
        kind: "choice",
        name: "style",
        label: "Style of imports",
        description: "It counts for sources that have no style of their own.",
        choices: {
          normal: "Normal: add and change, remove nobody",
          "active-roster": "Active roster: remove people who are missing",
          purge: "Purge: remove people and memberships that are missing",
        },
      },
      { kind: "text", name: "countryCode", label: "Calling code", description: "Of phones without one, such as 1." },
      {
        kind: "list",
        name: "createGroups",
        label: "Groups that imports may create",
        description: "Ids, or patterns with *.",
      },
      { kind: "switch", name: "createLocations", label: "Imports create the locations that they name" },
      { kind: "switch", name: "requireEmail", label: "New people need an e-mail" },
      { kind: "switch", name: "requireGroup", label: "New people need a group" },
      { kind: "switch", name: "protectManual", label: "Rosters do not delete people who were entered by hand" },
      {
        kind: "switch",
        name: "protectSelfRegistered",
        label: "Rosters do not delete people who registered themselves",
      },
    ],
  },
  {
    title: "Mail",
    fields: [
      {
        kind: "list",
        name: "announceTo",
        label: "Addresses for announcements",
        description: "They hear of held and refused imports and of overdue sources.",
      },
      {
        kind: "number",
        name: "pendingMailMinutes",
        label: "Minutes between two mails about waiting items",
        description: "0: no mails.",
      },
      { kind: "number", name: "remindAfterHours", label: "Hours until a reminder", description: "0: no reminders." },
      { kind: "text", name: "timeZone", label: "Time zone", description: "Such as America/New_York." },
    ],
  },
  {
    title: "Retention, in days",
    fields: [
      { kind: "number", name: "keepFilesDays", label: "Files of imports", description: "0: files are not kept." },
      { kind: "number", name: "keepNotesDays", label: "Notes on rows" },
      {
        kind: "number",
        name: "keepDeletedDays",
        label: "Deleted people",
        description: "Until then, they can return under their id.",
      },
      { kind: "number", name: "keepChangesDays", label: "Changes" },
      { kind: "number", name: "keepAuditDays", label: "Audit log" },
      { kind: "number", name: "keepDecidedDays", label: "Decided topics and requests" },
    ],
  },
  {
    title: "Sign-in",
    fields: [
      { kind: "text", name: "signInClaim", label: "Claim of the token that identifies the person" },
      {
        kind: "choice",
        name: "signInMatches",
        label: "Value that the claim is compared with",
        choices: { username: "Username", email: "Primary e-mail", databaseId: "databaseID" },
      },
    ],
  },
];
