import { z } from "zod";
import { longestOverlap, mostAddresses } from "../../organizations/api-keys.ts";
import { services } from "../../organizations/services.ts";

const exampleKey = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  name: "nightly",
  services: ["import" as const],
  source: "students",
  createdAt: "2026-11-22T09:30:00.123456Z",
  expiresAt: null,
  lastUsedAt: "2026-11-22T10:00:00.000000Z",
  revokedAt: null,
  allowedAddresses: ["192.0.2.0/24"],
  rotation: null,
};

/** An API key, without the key itself. */
export const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    services: z.array(z.enum(services)),
    source: z.string().nullable().describe("The only source that the key may import; null: any."),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe("To the minute."),
    revokedAt: z.string().nullable(),
    allowedAddresses: z
      .array(z.string())
      .describe("IP addresses and networks (CIDR) from which the key may be used; empty: from everywhere."),
    rotation: z
      .object({
        rotatedAt: z.string(),
        previousUntil: z.string().nullable().describe("Until when the key before works; null: it does not."),
        previousLastUsedAt: z.string().nullable().describe("When that was used last since then, to the minute."),
      })
      .nullable()
      .describe("When the key was replaced last; null: never."),
  })
  .meta({ id: "ApiKey", examples: [exampleKey] });

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
    .describe("Stands in the change log as `api-key:` and the name. No two valid keys have the same."),
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
