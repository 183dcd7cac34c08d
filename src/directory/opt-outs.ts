import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { parseEmail } from "../intake/emails.ts";
import { readPhoneNumber } from "../intake/phone-numbers.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Settings, settingsSchema } from "../organizations/settings.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import type { OptOut } from "../store/generated/client.ts";
import { asWriter } from "../store/organization-lock.ts";
import { changedProperties } from "./changed-properties.ts";
import { foldCase, timeText } from "./text.ts";

/** Why nothing is to be sent any more. */
export const optOutReasons = ["unsubscribed", "bounced"] as const;
export type OptOutReason = (typeof optOutReasons)[number];

/**
 * A number or an address to which nothing is to be sent. It belongs to the organization, not to a person: imports,
 * removals and returns leave it alone, and whoever has the number or address next is not reached by it either (file
 * formats, section 2).
 */
export interface OptOutDocument {
  readonly id: string;
  /** In lower case; null: it is a number. */
  readonly email: string | null;
  /** E.164, without an extension; null: it is an address. */
  readonly phone: string | null;
  readonly reason: OptOutReason;
  /** Who said so: `api-key:<name>`. */
  readonly actor: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

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
 * @throws MusterError request_invalid when it is no number or address
 */
export function createOptOut(
  context: ChangeContext,
  wanted: NewOptOut,
  id: string,
): Promise<{ readonly optOut: OptOutDocument; readonly isNew: boolean }> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    const [kind, address] = readAddress(wanted, await readCountryCode(client, organizationId));
    const { rowCount } = await client.query(
      `insert into opt_outs (organization_id, id, kind, address, reason, actor, created_at)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (organization_id, kind, address) do nothing`,
      [organizationId, id, kind, address, wanted.reason, actor, clock()],
    );
    const { rows } = await client.query<OptOut>(
      `select organization_id as "organizationId", id, kind, address, reason, actor, created_at as "createdAt"
       from opt_outs where organization_id = $1 and kind = $2 and address = $3`,
      [organizationId, kind, address],
    );
    const optOut = optOutDocument(rows[0]!);
    if (rowCount === 0) return { optOut, isNew: false };
    await record(client, context, "created", optOut);
    return { optOut, isNew: true };
  });
}

/**
 * Takes an opt-out back: somebody opted in again, or an address works again.
 * @throws MusterError not_found
 */
export function deleteOptOut(context: ChangeContext, id: string): Promise<void> {
  const { database, queue, organizationId } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    const { rows } = await client.query<OptOut>(
      `delete from opt_outs where organization_id = $1 and id = $2
       returning organization_id as "organizationId", id, kind, address, reason, actor, created_at as "createdAt"`,
      [organizationId, id],
    );
    if (!rows[0]) throw unknown();
    await record(client, context, "deleted", optOutDocument(rows[0]));
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

async function readCountryCode(executor: Executor, organizationId: number): Promise<Settings["countryCode"]> {
  const { rows } = await executor.query<{ settings: unknown }>("select settings from organizations where id = $1", [
    organizationId,
  ]);
  return settingsSchema.parse(rows[0]?.settings ?? {}).countryCode;
}

function readAddress({ email, phone }: NewOptOut, countryCode: string): [kind: "email" | "phone", address: string] {
  if (email !== undefined && phone === undefined) {
    const address = parseEmail(email);
    if (!address) throw invalid("email", "is not an e-mail address");
    return ["email", address.normalized];
  }
  if (phone === undefined || email !== undefined) throw invalid("email", "or phone is needed, one of them");
  const reading = readPhoneNumber(phone, countryCode);
  if (reading.kind !== "number") throw invalid("phone", "is no possible phone number");
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
