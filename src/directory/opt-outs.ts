import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { parseEmail } from "../intake/emails.ts";
import { readPhoneNumber } from "../intake/phone-numbers.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, withOrganization } from "../store/database.ts";
import type { OptOut } from "../store/generated/client.ts";
import { asWriter } from "../store/organization-lock.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { foldCase, timeText } from "./text.ts";
import { readSettings } from "./user-edit.ts";

/** Reasons to send nothing any more. */
export const optOutReasons = ["unsubscribed", "bounced"] as const;
type OptOutReason = (typeof optOutReasons)[number];

/**
 * A number or an address to which nothing is to be sent. It belongs to the organization, not to a person. Imports, removals
 * and returns leave it alone. It also holds for the next person with this number or address (file formats, section 2).
 */
export const optOutSchema = z
  .object({
    id: z.uuid(),
    email: z.string().nullable().describe("The address in lower case; null: it is a number."),
    phone: z.string().nullable().describe("The number in E.164; null: it is an address."),
    reason: z.enum(optOutReasons),
    actor: z.string().describe("Who said so."),
    createdAt: z.string(),
  })
  .meta({
    id: "OptOut",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
        email: null,
        phone: "+12125550123",
        reason: "unsubscribed",
        actor: "api-key:messenger",
        createdAt: "2026-11-22T09:30:00.123000Z",
      },
    ],
  });

export type OptOutDocument = z.infer<typeof optOutSchema>;

/** A new opt-out: exactly one of e-mail and phone, in any notation. */
export interface NewOptOut {
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly reason: OptOutReason;
}

/**
 * Opt-outs in the order of their ids.
 * @param filter the address, without regard to case, or the number in E.164
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 */
export async function listOptOuts(
  database: Database,
  organizationId: number,
  filter: { readonly email?: string | undefined; readonly phone?: string | undefined },
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<OptOutDocument[]> {
  const { email, phone } = filter;
  const wanted = [
    ...(email === undefined ? [] : [{ kind: "email", address: foldCase(email.normalize("NFC")) }]),
    ...(phone === undefined ? [] : [{ kind: "phone", address: phone }]),
  ];
  const found = await withOrganization(database, organizationId, async (transaction) =>
    (await transaction.records()).optOut.findMany({
      where: { organizationId, AND: wanted, ...(page.after === undefined ? {} : { id: { gt: page.after } }) },
      orderBy: { id: "asc" },
      take: page.limit + 1,
    }),
  );
  return found.map(optOutDocument);
}

/**
 * One opt-out.
 * @throws MusterError not_found
 */
export async function getOptOut(database: Database, organizationId: number, id: string): Promise<OptOutDocument> {
  const found = await withOrganization(database, organizationId, async (transaction) =>
    (await transaction.records()).optOut.findUnique({ where: { organizationId_id: { organizationId, id } } }),
  );
  if (!found) throw unknown();
  return optOutDocument(found);
}

/**
 * Notes that nothing is to be sent to a number or an address. Repeating it changes nothing, the first reason stays.
 * @returns the opt-out, and whether it is new
 * @throws MusterError request_invalid when it is not a number or an address
 */
export function createOptOut(
  context: ChangeContext,
  wanted: NewOptOut,
  id: string,
): Promise<{ readonly optOut: OptOutDocument; readonly isNew: boolean }> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const { countryCode } = await readSettings(transaction, organizationId);
    const [kind, address] = readAddress(wanted, countryCode);
    const records = await transaction.records();
    const known = await records.optOut.findUnique({
      where: { organizationId_kind_address: { organizationId, kind, address } },
    });
    if (known) return { optOut: optOutDocument(known), isNew: false };
    const stored = await records.optOut.create({
      data: { organizationId, id, kind, address, reason: wanted.reason, actor, createdAt: clock() },
    });
    const optOut = optOutDocument(stored);
    await record(transaction, context, "created", optOut);
    return { optOut, isNew: true };
  });
}

/**
 * Takes an opt-out back: somebody opted in again, or an address works again.
 * @throws MusterError not_found
 */
export function deleteOptOut(context: ChangeContext, id: string): Promise<void> {
  const { database, queue, organizationId } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const { optOut } = await transaction.records();
    const where = { organizationId_id: { organizationId, id } };
    const known = await optOut.findUnique({ where });
    if (!known) throw unknown();
    await optOut.delete({ where });
    await record(transaction, context, "deleted", optOutDocument(known));
  });
}

async function record(
  executor: Executor,
  { organizationId, actor }: ChangeContext,
  action: "created" | "deleted",
  optOut: OptOutDocument,
): Promise<void> {
  const changed = changedProperties(action === "created" ? null : optOut, action === "created" ? optOut : null, [
    "email",
    "phone",
    "reason",
  ]);
  await recordChanges(executor, organizationId, { actor }, [{ type: "optOut", action, id: optOut.id, changed }]);
}

function readAddress({ email, phone }: NewOptOut, countryCode: string): [kind: "email" | "phone", address: string] {
  if (email !== undefined && phone === undefined) {
    const address = parseEmail(email);
    if (!address) throw invalid("email", "is not an e-mail address");
    return ["email", address.normalized];
  }
  if (phone === undefined || email !== undefined) throw invalid("email", "or phone is needed, one of them");
  const reading = readPhoneNumber(phone, countryCode);
  if (reading.kind !== "number") throw invalid("phone", "is not a possible phone number");
  return ["phone", reading.number];
}

const unknown = () => new MusterError("not_found", "There is no such opt-out.");

const invalid = (field: string, message: string) =>
  new MusterError("request_invalid", `Nothing was changed: ${field} ${message}.`, {
    field,
    errors: [{ field, message }],
  });

function optOutDocument({ id, kind, address, reason, actor, createdAt }: OptOut): OptOutDocument {
  return {
    id,
    email: kind === "email" ? address : null,
    phone: kind === "phone" ? address : null,
    reason: reason as OptOutReason,
    actor,
    createdAt: timeText(createdAt),
  };
}
