import { z } from "zod";
import { type AddressPart, addressParts } from "../person/address.ts";
import { exampleScalars } from "../person/document.ts";
import { personFields, type Scalar, type ScalarsOf, scalarFields } from "../person/fields.ts";
import { origins } from "./claims.ts";
import { roleNames } from "./roles.ts";

export const phoneLabels = ["home", "work", "cell", "other"] as const;

/** The properties of single values and lists, in the order of the table of fields. */
export function inOrder<Scalars extends object, Lists extends object>(scalars: Scalars, lists: Lists): Scalars & Lists {
  const all = { ...scalars, ...lists } as Readonly<Record<string, unknown>>;
  const known = personFields.filter(({ property }) => property in all);
  return Object.fromEntries(known.map(({ property }) => [property, all[property]])) as Scalars & Lists;
}

const exampleUser = {
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

const partsSchema = z.object(
  Object.fromEntries(addressParts.map((part) => [part, z.string()])) as Record<AddressPart, z.ZodString>,
);
const addressSchema = z.union([partsSchema, z.object({ text: z.string() })]).nullable();

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

export const described = (schema: z.ZodType, description: string | undefined): z.ZodType =>
  description === undefined ? schema : schema.describe(description);

type ShownScalars = ScalarsOf<{
  readonly text: z.ZodString;
  readonly identifier: z.ZodNullable<z.ZodString>;
  readonly address: typeof addressSchema;
  readonly texts: z.ZodArray<z.ZodString>;
  readonly location: z.ZodNullable<z.ZodString>;
  readonly flag: z.ZodBoolean;
}>;

const shownScalars = Object.fromEntries(
  scalarFields.map((field) => [field.property, described(shownSchema(field), field.description)]),
) as unknown as ShownScalars;

/**
 * A person as the API shows them. The properties are in the table's order, after `id` and `version`. Lists are sorted: further
 * e-mails by their normalised form, phones by number and extension, memberships by the group's id, sources by their name.
 * Times are RFC 3339, UTC, microseconds.
 */
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
          label: z.enum(phoneLabels),
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
  .meta({ id: "User", examples: [exampleUser as never] });

export type UserDocument = z.infer<typeof userSchema>;
