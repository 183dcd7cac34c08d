import { z } from "zod";
import { longestOverlap, mostAddresses } from "../../organizations/api-keys.ts";
import { apiKeySchema, exampleKey } from "../../organizations/read-api-keys.ts";
import { services } from "../../organizations/services.ts";

/** A new key, which is shown once. */
export const createdKeySchema = apiKeySchema
  .extend({ key: z.string().describe("The key itself. It is shown now and never again.") })
  .meta({
    id: "CreatedApiKey",
    examples: [{ ...exampleKey, lastUsedAt: null, key: "muster_n6mYcP2vR0xk3bWqTfJ8hLsE1dZaUo4iGy7VwC9XtKe" }],
  });

const keyMembers = {
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^[^\p{Cc}]*$/u, "has a control character")
    .describe("Appears in the change log as `api-key:` and the name. No two valid keys have the same."),
  services: z
    .array(z.enum(services))
    .min(1)
    .max(services.length)
    .describe("What the key may be used for; `admin` opens everything."),
  expiresAt: z.iso.datetime({ offset: true }).nullable().describe("When it stops working; null: never."),
  allowedAddresses: z
    .array(z.string().max(100))
    .max(mostAddresses)
    .describe("IP addresses and networks (CIDR) from which it may be used; empty: from everywhere."),
};
/** Body of POST /api-keys. */
export const newKeySchema = z
  .strictObject({
    name: keyMembers.name,
    services: keyMembers.services,
    source: z.string().min(1).max(100).nullable().default(null).describe("The only source that the key may import."),
    expiresAt: keyMembers.expiresAt.default(null),
    allowedAddresses: keyMembers.allowedAddresses.default([]),
  })
  .meta({ id: "NewApiKey", examples: [{ name: "nightly", services: ["import"], source: "students" }] });
/** Body of PATCH /api-keys/{id}. */
export const keyPatchSchema = z
  .strictObject({
    name: keyMembers.name.optional(),
    services: keyMembers.services.optional(),
    expiresAt: keyMembers.expiresAt.optional(),
    allowedAddresses: keyMembers.allowedAddresses.optional(),
  })
  .meta({ id: "ApiKeyPatch", examples: [{ allowedAddresses: ["192.0.2.17", "2001:db8::/32"] }] });
/** Body of POST /api-keys/{id}/rotate. */
export const rotationSchema = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(longestOverlap)
      .default(24 * 60 * 60)
      .describe("For how long the key before goes on working; 0: it ends at once."),
  })
  .meta({ id: "ApiKeyRotation", examples: [{ overlapSeconds: 3600 }] });
/** The id in the address of a key. */
export const keyParams = z.strictObject({ id: z.uuid().describe("Id of the key.") });
