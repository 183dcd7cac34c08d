import sql from "sql-template-tag";
import { type ChangeEntry, type Recorded, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { Transaction } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import { type AuditEntry, recordAudit } from "./audit-log.ts";
import { entryOf, readSources } from "./sources.ts";

/** The import that retires a source. */
export interface Retirement {
  readonly importId: string;
  /** The sender, or the person who approved it: `api-key:<name>`, `user:<id>`. */
  readonly actor: string;
  readonly at: Date;
}

/**
 * Retires a source: its settings, its field mapping and its announced change end, and its API keys are revoked. The
 * sources below it move up. The caller holds the organization's lock, and has ended the source's claims.
 * @returns the numbers that the change log gave out
 * @throws MusterError source_unknown when there is no such source (any more)
 */
export async function retireSource(
  transaction: Transaction,
  organizationId: number,
  name: string,
  { importId, actor, at }: Retirement,
): Promise<Recorded> {
  const sources = await readSources(transaction, organizationId);
  const source = sources.find((one) => one.name === name);
  if (!source) throw new MusterError("source_unknown", "The source has been retired already. Nothing was changed.");
  await transaction.query(
    prepared(sql`update sources set retired_at = ${at}, style = null, settings = '{}', announced_change = null,
       last_import_id = null, version = version + 1, updated_at = ${at}
     where organization_id = ${organizationId} and number = ${source.number}`),
  );
  const below = sources.filter(({ rank }) => rank > source.rank);
  await transaction.query(
    prepared(sql`update sources set rank = rank - 1, version = version + 1, updated_at = ${at}
     where organization_id = ${organizationId} and rank > ${source.rank} and retired_at is null`),
  );
  const records = await transaction.records();
  await records.organization.update({
    where: { id: organizationId },
    data: { rulesEpoch: { increment: 1 }, rowsEpoch: { increment: 1 } },
  });
  const gone = entryOf(name, "deleted", source, nothingSet);
  const moved = below.map(
    (one): ChangeEntry => entryOf(one.name, "updated", { rank: one.rank }, { rank: one.rank - 1 }),
  );
  const revoked = await revokeKeysOf(transaction, organizationId, source.number, { actor, at });
  const details = { importId, keysRevoked: revoked.length };
  const audit: AuditEntry = { at, action: "source.retired", actor, subject: name, details };
  await recordAudit(transaction, organizationId, audit, ...revoked);
  return recordChanges(transaction, organizationId, { actor, importId, source: source.number }, [gone, ...moved]);
}

const nothingSet = {
  rank: null,
  style: null,
  mapping: null,
  primaryEmail: null,
  guard: null,
  announcedChange: null,
};

/** Revokes the API keys that are bound to a source. */
async function revokeKeysOf(
  transaction: Transaction,
  organizationId: number,
  source: number,
  { actor, at }: Pick<Retirement, "actor" | "at">,
): Promise<AuditEntry[]> {
  const { rows } = await transaction.query<{ id: string; name: string }>(
    prepared(sql`update api_keys set revoked_at = ${at}
     where organization_id = ${organizationId} and source = ${source} and revoked_at is null returning id, name`),
  );
  return rows.map(({ id, name }) => ({ at, action: "api_key.revoked", actor, subject: id, details: { name } }));
}
