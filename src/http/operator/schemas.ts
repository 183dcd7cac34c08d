import { z } from "zod";
import { isAudience, isIssuer, issuerRule } from "../../organizations/issuer.ts";
import { exampleOrganization, summarySchema } from "../../organizations/operator.ts";
import { pageQuery } from "../contract/paging.ts";

const exampleProvider = { issuer: "https://login.example.edu/realms/campus", audience: "muster" };

const exampleKey = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  name: "admin",
  key: "muster_n6mYcP2vR0xk3bWqTfJ8hLsE1dZaUo4iGy7VwC9XtKe",
  createdAt: "2026-11-22T09:30:00.123456Z",
};

const adminKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    key: z.string().describe("The key itself. It is shown now and never again."),
    createdAt: z.string(),
  })
  .meta({ id: "AdminKey", examples: [exampleKey] });

/** Answer of POST /organizations. */
export const createdOrganizationSchema = summarySchema
  .extend({ adminKey: adminKeySchema.describe("Its first key, which may do everything in it.") })
  .meta({ id: "CreatedOrganization", examples: [{ ...exampleOrganization, adminKey: exampleKey }] });

/** Answer of POST /organizations/{id}/admin-key. */
export const issuedAdminKeySchema = adminKeySchema
  .extend({ revoked: z.int().describe("How many other keys were revoked.") })
  .meta({ id: "IssuedAdminKey", examples: [{ ...exampleKey, name: "admin 2", revoked: 0 }] });

const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, "has a control character")
  .describe("Unique among the organizations.");

/** Body of POST /organizations. */
export const newOrganizationSchema = z
  .strictObject({ name })
  .meta({ id: "NewOrganization", examples: [{ name: "Northern Campus" }] });

/** Body of PATCH /organizations/{id}. */
export const summaryPatchSchema = z
  .strictObject({ name: name.optional() })
  .meta({ id: "OrganizationSummaryPatch", examples: [{ name: "Northern Campus" }] });

/** Body of PUT /organizations/{id}/identity-provider. */
export const identityProviderSchema = z
  .strictObject({
    issuer: z
      .string()
      .refine(isIssuer, issuerRule)
      .describe("The exact value of `iss` in its tokens. The service fetches the provider's documents below it."),
    audience: z
      .string()
      .refine(isAudience, "has 1 to 500 characters, and no control characters")
      .describe("What its tokens have in `aud` for this organization."),
  })
  .meta({ id: "IdentityProvider", examples: [exampleProvider] });

/** Body of POST /organizations/{id}/admin-key. */
export const adminKeyOrderSchema = z
  .strictObject({
    revokeOthers: z
      .boolean()
      .default(false)
      .describe("True to revoke all other keys with the service `admin`. Keys of jobs stay."),
  })
  .meta({ id: "AdminKeyOrder", examples: [{ revokeOthers: true }] });

const largestId = 2_147_483_647;
/** Ids are PostgreSQL's integers; whatever else is asked for does not exist, and is answered like that. */
const unusedId = 0;

/** Path parameters. */
export const summaryParams = z.strictObject({
  id: z
    .string()
    .max(1000)
    .transform((text) => (/^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= largestId ? Number(text) : unusedId))
    .describe("The organization's id."),
});

/** Query of GET /organizations. */
export const summaryPage = z.strictObject(pageQuery);
/** The id after which a page begins. */
export const summaryCursor = z.tuple([z.int().min(0).max(largestId)]);

/** Query of DELETE /organizations/{id}. */
export const summaryDeletion = z.strictObject({
  expectedUsers: z
    .string()
    .regex(/^[0-9]{1,9}$/, "is a number of people")
    .transform(Number)
    .describe("How many users it has; nothing is deleted otherwise."),
});
