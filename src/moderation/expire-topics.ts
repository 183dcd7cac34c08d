import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { lockOrganization, type WriterQueue, withWriter, writerPatience } from "../store/organization-lock.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import type { Moderation } from "./context.ts";
import { conclude, topicKind } from "./items.ts";

/** With what topics are expired. */
export interface ExpiryDependencies {
  readonly database: Database;
  readonly queue: WriterQueue;
  /** The current time. */
  readonly clock: () => Date;
}

/** The actor that expires topics, in the change log. */
const service = "muster";

/** Topics that expire at once. */
const atOnce = 1000;

/** True if the time to publish a topic has passed. */
export const isOverdue = ({ publishBefore }: { readonly publishBefore: string | null }, at: Date): boolean =>
  publishBefore !== null && Date.parse(publishBefore) <= at.getTime();

/**
 * Marks the pending topics of an organization whose `publishBefore` has passed as expired, and tells it in the change log.
 * @param patience how long it waits for other writers, in milliseconds
 * @returns how many expired
 * @throws MusterError organization_busy
 */
export async function expireTopics(
  { database, queue, clock }: ExpiryDependencies,
  organizationId: number,
  patience: number = writerPatience,
): Promise<number> {
  const at = clock();
  if (
    !(await withOrganization(database, organizationId, (transaction) => findOverdue(transaction, organizationId, at)))
      .length
  ) {
    return 0;
  }
  return queue.run(organizationId, patience, () =>
    withWriter(database, organizationId, async (transaction) => {
      await lockOrganization(transaction, organizationId, patience);
      const ids = await findOverdue(transaction, organizationId, at);
      if (ids.length > 0) await expire(transaction, organizationId, ids, at);
      return ids.length;
    }),
  );
}

/** Marks pending topics as expired; the caller holds the lock. */
export async function expire(
  executor: Executor,
  organizationId: number,
  ids: readonly string[],
  at: Date,
): Promise<void> {
  const why = { outcome: "expired", decidedBy: null, reason: null, cause: "publish_before_passed" } as const;
  await conclude(executor, organizationId, topicKind, ids, "expired", { ...why, actor: service }, at);
}

async function findOverdue(executor: Executor, organizationId: number, at: Date): Promise<string[]> {
  const { rows } = await executor.query<{ id: string }>(
    prepared(sql`select id from topics
     where organization_id = ${organizationId} and status = 'pending' and publish_before <= ${at}
     order by created_at, id limit ${atOnce}`),
  );
  return rows.map(({ id }) => id);
}

/** How long somebody who reads waits for other writers, in milliseconds. */
const readersPatience = 200;

/**
 * The same before topics are read, so that nobody is shown as pending what cannot be published any more. While another
 * writer is at work it is left to the next round.
 */
export async function expireOnReading({ database, queue, clock, actor }: Moderation): Promise<void> {
  try {
    await expireTopics({ database, queue, clock }, actor.organizationId, readersPatience);
  } catch (error) {
    if (!(error instanceof MusterError && error.code === "organization_busy")) throw error;
  }
}

/**
 * The same for all organizations.
 * @param dependencies.owner a connection of the user that owns the tables: it knows which have overdue topics
 */
export async function expireEverywhere({
  owner,
  ...dependencies
}: ExpiryDependencies & { readonly owner: Executor }): Promise<void> {
  const { rows } = await owner.query<{ organizationId: number }>(
    prepared(sql`select distinct organization_id as "organizationId" from topics
     where status = 'pending' and publish_before <= ${dependencies.clock()} order by 1`),
  );
  for (const { organizationId } of rows) await expireTopics(dependencies, organizationId);
}
