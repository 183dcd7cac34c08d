import { z } from "zod";
import { origins } from "../../directory/claims.ts";
import { groupIdPattern } from "../../directory/group-codes.ts";
import { line } from "../../directory/text.ts";
import type { UserDocument } from "../../directory/user-document.ts";
import { limits } from "../../intake/limits.ts";
import { roles } from "../../organizations/settings.ts";
import { addressParts } from "../../person/address.ts";
import { exampleScalars } from "../../person/document.ts";
import { personFields, type Scalar, type ScalarsOf, scalarField, scalarFields } from "../../person/fields.ts";
import { pageQuery } from "../contract/paging.ts";

const { user: most } = limits;
const labels = ["home", "work", "cell", "other"] as const;
export const roleNames = `Role: ${roles.map((role, number) => `${number} ${role}`).join(", ")}.`;

/** The properties of single values and lists, in the order of the table of fields. */
function inOrder<Scalars extends object, Lists extends object>(scalars: Scalars, lists: Lists): Scalars & Lists {
  const all = { ...scalars, ...lists } as Readonly<Record<string, unknown>>;
  const known = personFields.filter(({ property }) => property in all);
  return Object.fromEntries(known.map(({ property }) => [property, all[property]])) as Scalars & Lists;
}

const exampleUser: UserDocument = {
  id: "17",
  version: 3,
  ...inOrder(exampleScalars, {
    emails: ["jdoe@campus.edu", "jane@example.org"],
    phones: [{ number: "+12125550123", extension: "", messageType: 3, label: "cell", carrier: "" }],
    memberships: [{ groupId: "CRS-0001", role: 0 }],
    sources: [{ source: "students", databaseId: "900123456" }],
  }),
  origins: [],
  createdAt: "2026-11-22T02:00:03.123456Z",
  updatedAt: "2026-11-23T02:00:01.654321Z",
};

const addressSchema = z
  .union([z.object(Object.fromEntries(addressParts.map((part) => [part, z.string()]))), z.object({ text: z.string() })])
  .nullable();

/** A single value as the API shows it. */
function shownSchema({ kind }: Scalar): z.ZodType {
  switch (kind) {
    case "text":
      return z.string();
    case "identifier":
    case "location":
      return z.string().nullable();
    case "address":
      return addressSchema;
    case "texts":
      return z.array(z.string());
    case "flag":
      return z.boolean();
  }
}

const described = (schema: z.ZodType, description: string | undefined): z.ZodType =>
  description === undefined ? schema : schema.describe(description);

const shownScalars = Object.fromEntries(
  scalarFields.map((field) => [field.property, described(shownSchema(field), field.description)]),
);

/** A person as the API shows them. */
export const userSchema = z
  .object({
    id: z.string().describe("A number, as a string."),
    version: z.int().describe("Counts the changes; it is the ETag."),
    ...inOrder(shownScalars, {
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
      sources: z
        .array(z.object({ source: z.string(), databaseId: z.string().nullable() }))
        .describe("The sources that know the person, each with its databaseID."),
    }),
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

const addressText = line(scalarField("address").limit);
const part = line(200).nullable().optional();
const addressInput = z.union([
  addressText.describe("As feeds write it: five parts joined by `|`, or free text."),
  z
    .strictObject({
      street: part,
      city: part,
      state: part,
      country: part,
      zip: part,
      text: addressText.nullable().optional(),
    })
    .describe("Parts, or `text`."),
]);

/** A single value as the API takes it. */
function inputSchema({ kind, limit, most = 0 }: Scalar): z.ZodType {
  switch (kind) {
    case "text":
    case "identifier":
    case "location":
      return line(limit);
    case "address":
      return addressInput;
    case "texts":
      return z.array(line(limit)).max(most);
    case "flag":
      return z.boolean();
  }
}

type InputSchema<Schema extends z.ZodType> = z.ZodOptional<z.ZodNullable<Schema>>;
type InputScalars = ScalarsOf<{
  readonly text: InputSchema<z.ZodString>;
  readonly identifier: InputSchema<z.ZodString>;
  readonly address: InputSchema<typeof addressInput>;
  readonly texts: InputSchema<z.ZodArray<z.ZodString>>;
  readonly location: InputSchema<z.ZodString>;
  readonly flag: InputSchema<z.ZodBoolean>;
}>;

const inputScalars = Object.fromEntries(
  scalarFields.map((field) => [
    field.property,
    described(inputSchema(field).nullable().optional(), field.inputDescription ?? field.description),
  ]),
) as unknown as InputScalars;

const input = inOrder(inputScalars, {
  emails: z
    .array(line(1000))
    .max(most.emails)
    .nullable()
    .optional()
    .describe("The whole list. The first becomes the primary address."),
  phones: z.array(phoneInput).max(most.phones).nullable().optional().describe("The whole list."),
});

/** Body of POST /users. */
export const newUserSchema = z
  .strictObject({
    ...input,
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
export const userPatchSchema = z.strictObject(input).meta({
  id: "UserPatch",
  examples: [{ lastName: "Roe", address: { city: "Chicago" }, location: null }],
});

export const userParams = z.strictObject({ id: z.string().max(1000).describe("The user's id.") });

const begins = (limit: number) => z.string().trim().min(1).max(limit).optional();

/** Query of GET /users. */
export const userFilter = z.strictObject({
  ...pageQuery,
  email: begins(320).describe("Any address of the person, without regard to case."),
  username: begins(scalarField("username").limit).describe("Without regard to case."),
  databaseId: begins(most.databaseIdLength).describe("What a source calls the person, exactly."),
  source: begins(100).describe("Name of a source that knows the person; together with `databaseId`: by that."),
  groupId: begins(most.groupIdLength).describe("A group to which the person belongs."),
  location: begins(scalarField("location").limit).describe("Name of a location, without regard to case."),
  query: begins(100).describe("How a name, the username or an address begins, without regard to case."),
});
