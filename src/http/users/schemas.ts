import { z } from "zod";
import { origins } from "../../directory/claims.ts";
import { groupIdPattern } from "../../directory/group-codes.ts";
import { line } from "../../directory/text.ts";
import type { UserDocument } from "../../directory/user-document.ts";
import { limits } from "../../intake/limits.ts";
import { roles } from "../../organizations/settings.ts";
import { pageQuery } from "../contract/paging.ts";

const { user: most } = limits;
const labels = ["home", "work", "cell", "other"] as const;
export const roleNames = `Role: ${roles.map((role, number) => `${number} ${role}`).join(", ")}.`;

const exampleUser: UserDocument = {
  id: "17",
  version: 3,
  firstName: "Jane",
  lastName: "Doe",
  username: "jdoe",
  emails: ["jdoe@campus.edu", "jane@example.org"],
  phones: [{ number: "+12125550123", extension: "", messageType: 3, label: "cell", carrier: "" }],
  memberships: [{ groupId: "CRS-0001", role: 0 }],
  address: { street: "1 Main St", city: "Springfield", state: "IL", country: "US", zip: "62701" },
  customFields: ["Junior"],
  location: "Main",
  showAllGroups: false,
  sources: [{ source: "students", databaseId: "900123456" }],
  origins: [],
  createdAt: "2026-11-22T02:00:03.123456Z",
  updatedAt: "2026-11-23T02:00:01.654321Z",
};

const partsSchema = z.object({
  street: z.string(),
  city: z.string(),
  state: z.string(),
  country: z.string(),
  zip: z.string(),
});

/** A person as the API shows them. */
export const userSchema = z
  .object({
    id: z.string().describe("A number, as a string."),
    version: z.int().describe("Counts the changes; it is the ETag."),
    firstName: z.string(),
    lastName: z.string(),
    username: z.string().nullable().describe("Unique, without regard to case."),
    emails: z.array(z.string()).describe("The first is the primary address. Several people may share one."),
    phones: z.array(
      z.object({
        number: z.string().describe("E.164."),
        extension: z.string(),
        messageType: z.int().describe("1 text, 2 voice, 3 both."),
        label: z.enum(labels),
        carrier: z.string(),
      }),
    ),
    memberships: z.array(z.object({ groupId: z.string(), role: z.int().describe(roleNames) })),
    address: z.union([partsSchema, z.object({ text: z.string() })]).nullable(),
    customFields: z.array(z.string()).describe("By position."),
    location: z.string().nullable(),
    showAllGroups: z.boolean(),
    sources: z
      .array(z.object({ source: z.string(), databaseId: z.string().nullable() }))
      .describe("Who knows the person, and by which databaseID."),
    origins: z.array(z.enum(origins)).describe("How the person came in beside sources."),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: "User", examples: [exampleUser] });

const phoneInput = z.strictObject({
  number: line(100).describe("In any notation; without a country it is the organization's."),
  extension: z
    .string()
    .regex(/^[0-9]{0,20}$/, "has up to 20 digits")
    .optional(),
  messageType: z
    .literal([1, 2, 3])
    .optional()
    .describe("1 text, 2 voice, 3 both (the default). With an extension it is always 2."),
  label: z.enum(labels).optional().describe("`cell` when absent."),
  carrier: line(most.phoneCarrierLength).optional(),
});

const part = line(200).nullable().optional();
const addressInput = z.union([
  line(most.addressLength).describe("As feeds write it: five parts joined by `|`, or free text."),
  z
    .strictObject({
      street: part,
      city: part,
      state: part,
      country: part,
      zip: part,
      text: line(most.addressLength).nullable().optional(),
    })
    .describe("Parts, or `text`."),
]);

const scalars = {
  firstName: line(most.firstNameLength).nullable().optional(),
  lastName: line(most.lastNameLength).nullable().optional().describe("A person has at least one of the two names."),
  username: line(most.usernameLength).nullable().optional().describe("Unique, without regard to case."),
  emails: z
    .array(line(1000))
    .max(most.emails)
    .nullable()
    .optional()
    .describe("The whole list. The first becomes the primary address."),
  phones: z.array(phoneInput).max(most.phones).nullable().optional().describe("The whole list."),
  address: addressInput.nullable().optional(),
  customFields: z
    .array(line(most.customFieldLength))
    .max(most.customFields)
    .nullable()
    .optional()
    .describe("By position; the whole list."),
  location: line(most.locationLength).nullable().optional().describe("Name of a location, without regard to case."),
  showAllGroups: z.boolean().nullable().optional(),
};

/** Body of POST /users. */
export const newUserSchema = z
  .strictObject({
    ...scalars,
    origin: z
      .enum(origins)
      .optional()
      .describe("`self-registered` when the person did it; otherwise somebody entered them by hand (`manual`)."),
    memberships: z
      .array(
        z.strictObject({
          groupId: z.string().normalize("NFC").regex(groupIdPattern, "can be no group's id"),
          role: z.int().min(0).max(4).default(0).describe(roleNames),
        }),
      )
      .max(most.groups)
      .optional()
      .describe("Groups to join beside those that everybody joins."),
  })
  .meta({
    id: "NewUser",
    examples: [
      {
        firstName: "Jane",
        lastName: "Doe",
        username: "jdoe",
        emails: ["jdoe@campus.edu", "jane@example.org"],
        phones: [{ number: "(212) 555-0123", label: "cell" }],
        memberships: [{ groupId: "CRS-0001", role: 0 }],
      },
    ],
  });

/** Body of PATCH /users/{id}. */
export const userPatchSchema = z.strictObject(scalars).meta({
  id: "UserPatch",
  examples: [{ lastName: "Roe", address: { city: "Chicago" }, location: null }],
});

export const userParams = z.strictObject({ id: z.string().max(1000).describe("The user's id.") });

const begins = (limit: number) => z.string().trim().min(1).max(limit).optional();

/** Query of GET /users. */
export const userFilter = z.strictObject({
  ...pageQuery,
  email: begins(320).describe("Any address of the person, without regard to case."),
  username: begins(most.usernameLength).describe("Without regard to case."),
  databaseId: begins(most.databaseIdLength).describe("What a source calls the person, exactly."),
  source: begins(100).describe("Name of a source that knows the person; together with `databaseId`: by that."),
  groupId: begins(most.groupIdLength).describe("A group to which the person belongs."),
  location: begins(most.locationLength).describe("Name of a location, without regard to case."),
  query: begins(100).describe("How a name, the username or an address begins, without regard to case."),
});
