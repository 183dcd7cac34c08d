import { z } from "zod";
import { origins } from "../../directory/claims.ts";
import { groupIdPattern } from "../../directory/group-codes.ts";
import { roleNames } from "../../directory/roles.ts";
import { line } from "../../directory/text.ts";
import { described, inOrder, phoneLabels } from "../../directory/user-schema.ts";
import { limits } from "../../intake/limits.ts";
import { type Scalar, type ScalarsOf, scalarField, scalarFields } from "../../person/fields.ts";
import { pageQuery } from "../contract/paging.ts";

const { user: most } = limits;

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
  label: z.enum(phoneLabels).optional().describe("`cell` when absent."),
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
