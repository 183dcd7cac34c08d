import sql, { raw } from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { writerPatience } from "../store/organization-lock.ts";
import { literal, prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { asOwningWriter, type OperatorContext, readSummary } from "./operator.ts";

/** The facts that the operator must name to delete an organization. */
export interface ErasureExpectation {
  /** The number of its users. */
  readonly expectedUsers: number;
  /** Throws when the stored version is not the one that the caller knows. */
  readonly checkVersion: (version: number) => void;
}

const lockNotAvailable = "55P03";

/**
 * Deletes an organization and everything of it, in every table there is, in one transaction: it is there whole, or not
 * at all. Concurrent writers wait, and then find that it is gone.
 * @throws MusterError not_found; conflict when it has another number of users; organization_busy when somebody else
 * changes it for longer than 10 seconds
 */
export function eraseOrganization(
  context: OperatorContext,
  organizationId: number,
  { expectedUsers, checkVersion }: ErasureExpectation,
): Promise<void> {
  return asOwningWriter(context, organizationId, async (transaction) => {
    const { users, version } = await readSummary(transaction, organizationId);
    checkVersion(version);
    if (users !== expectedUsers) {
      throw new MusterError(
        "conflict",
        `The organization has ${users} users, not ${expectedUsers}. Nothing was deleted; look whether it is the one that you mean.`,
        { field: "expectedUsers" },
      );
    }
    await shutOut(transaction, organizationId);
    await eraseRows(transaction, organizationId);
  });
}

/** Keeps out those who add something without the organization's lock, such as an API key. */
async function shutOut(transaction: Executor, organizationId: number): Promise<void> {
  await transaction.query(sql`set local lock_timeout = ${literal(writerPatience)}`);
  try {
    await transaction.query(prepared(sql`select from organizations where id = ${organizationId} for update`));
  } catch (error) {
    if ((error as { code?: string }).code !== lockNotAvailable) throw error;
    throw new MusterError("organization_busy", "The organization is being worked on. Nothing was deleted; try again.", {
      retryAfter: 10,
    });
  }
  await transaction.query(sql`set local lock_timeout = 0`);
}

/**
 * The tables are those that the catalogue has, so that none is forgotten. Those with a key to `organizations` follow it,
 * and the others, which have none so that large imports are fast, are emptied here.
 */
async function eraseRows(transaction: Executor, organizationId: number): Promise<void> {
  const { rows: tables } = await transaction.query<{ name: string; follows: boolean }>(
    prepared(sql`select pg_class.oid::regclass::text as name, exists (
       select from pg_constraint
       where conrelid = pg_class.oid and contype = 'f' and confrelid = 'organizations'::regclass and confdeltype = 'c'
     ) as follows
     from pg_class join pg_attribute on attrelid = pg_class.oid and attname = 'organization_id' and not attisdropped
     where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
     order by follows, name`),
  );
  for (const { name } of tables.filter(({ follows }) => !follows)) {
    await transaction.query(sql`delete from ${raw(name)} where organization_id = ${organizationId}`);
  }
  await transaction.query(sql`delete from organizations where id = ${organizationId}`);
  for (const { name } of tables) {
    const { rowCount } = await transaction.query(
      sql`select from ${raw(name)} where organization_id = ${organizationId} limit 1`,
    );
    if (rowCount !== 0) throw new Error(`The table ${name} holds data of a deleted organization.`);
  }
}
