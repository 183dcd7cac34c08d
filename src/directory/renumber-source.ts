import { createHash } from "node:crypto";
import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type AppendedEntries, appendChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared, selectRow, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** A databaseId and the one that replaces it. */
export interface Renumbering {
  readonly from: string;
  readonly to: string;
}

/** One change of a plan. */
const planItemSchema = z.object({ userId: z.string(), from: z.string(), to: z.string() });

const exampleItem = { userId: "17", from: "900123456", to: "A00123456" };

/** The outcome of a renumbering, or of its dry run. */
export const renumberedSchema = z
  .object({
    dryRun: z.boolean(),
    planHash: z.string().describe("The same plan has the same hash."),
    changed: z.int().describe("People whose databaseId changes."),
    unknown: z.int().describe("Pairs whose old databaseId the source does not know."),
    items: z.array(planItemSchema).describe("The changes, in the order of the users' ids."),
  })
  .meta({
    id: "Renumbered",
    examples: [{ dryRun: true, planHash: "7c1e".padEnd(64, "0"), changed: 1, unknown: 0, items: [exampleItem] }],
  });
export type Renumbered = z.infer<typeof renumberedSchema>;

/** A wish to renumber. */
export interface RenumberRequest {
  readonly pairs: readonly Renumbering[];
  /** True if nothing is to be applied. */
  readonly dryRun: boolean;
  /** The hash of the plan that the sender read; absent: whatever the plan is now. */
  readonly planHash?: string | undefined;
}

/**
 * Replaces databaseIds of a source, all at once: databaseIds may swap. The next import of the source knows the people by the
 * new ones. People who were deleted and may return are renumbered, too.
 * @throws MusterError not_found when there is no such source; request_invalid when a databaseId appears twice; conflict when
 *   a new databaseId belongs to another person who keeps it; plan_changed; organization_busy
 */
export function renumberSource(
  { database, queue, organizationId, actor, clock }: ChangeContext,
  name: string,
  { pairs, dryRun, planHash }: RenumberRequest,
): Promise<Renumbered> {
  requireDistinct(pairs);
  return asWriter(database, queue, organizationId, async (transaction) => {
    const source = await readSourceNumber(transaction, organizationId, name);
    const taken = await selectRows(transaction, takenRow, takenIds(organizationId, source, pairs));
    if (taken.length > 0) throw takenBy(pairs, taken);
    const items = await selectRows(transaction, planItemSchema, plannedItems(organizationId, source, pairs));
    const hash = hashOf(name, items);
    if (planHash !== undefined && planHash !== hash) throw planChanged(hash);
    const known = new Set(items.map(({ from }) => from));
    const unknown = pairs.filter(({ from, to }) => from !== to && !known.has(from)).length;
    if (dryRun) return { dryRun, planHash: hash, changed: items.length, unknown, items };
    const at = clock();
    await appendChanges(transaction, organizationId, { actor }, renumberedEntries(organizationId, source, items));
    for (const statement of renumberStatements(organizationId, source, items, pairs, at)) {
      await transaction.query(statement);
    }
    const details = { changed: items.length };
    await recordAudit(transaction, organizationId, { at, action: "source.renumbered", actor, subject: name, details });
    return { dryRun, planHash: hash, changed: items.length, unknown, items };
  });
}

function requireDistinct(pairs: readonly Renumbering[]): void {
  for (const side of ["from", "to"] as const) {
    const seen = new Map<string, number>();
    for (const [index, pair] of pairs.entries()) {
      const first = seen.get(pair[side]);
      if (first !== undefined) throw invalid(`pairs.${index}.${side}`, `is the ${side} of pairs.${first}, too`);
      seen.set(pair[side], index);
    }
  }
}

const numberRow = z.object({ number: z.int() });

async function readSourceNumber(executor: Executor, organizationId: number, name: string): Promise<number> {
  const statement = sql`
    select number from sources where organization_id = ${organizationId} and name = ${name} and retired_at is null`;
  const row = await selectRow(executor, numberRow, prepared(statement));
  if (!row) throw new MusterError("not_found", "There is no such source.");
  return row.number;
}

const pairsOf = (pairs: readonly Renumbering[]): Sql =>
  sql`unnest(${pairs.map(({ from }) => from)}::text[], ${pairs.map(({ to }) => to)}::text[]) pair (old, new)`;

/** The statement that lists the changes of a plan: a row for each person whom the source knows by an old databaseId. */
export const plannedItems = (organizationId: number, source: number, pairs: readonly Renumbering[]): Sql => sql`
  select us.user_id::text as "userId", pair.old as "from", pair.new as "to"
  from ${pairsOf(pairs)}
  join user_sources us on us.organization_id = ${organizationId} and us.source = ${source}
    and us.database_id = pair.old collate "C"
  where pair.old <> pair.new order by us.user_id`;

const takenRow = z.object({ databaseId: z.string(), userId: z.string() });

/** The statement that finds new databaseIds of people who keep them. */
export const takenIds = (organizationId: number, source: number, pairs: readonly Renumbering[]): Sql => sql`
  select us.database_id as "databaseId", us.user_id::text as "userId"
  from ${pairsOf(pairs)}
  join user_sources us on us.organization_id = ${organizationId} and us.source = ${source}
    and us.database_id = pair.new collate "C"
  where us.database_id <> all (${pairs.map(({ from }) => from)}::text[])
    and exists (select from user_sources known where known.organization_id = ${organizationId}
      and known.source = ${source} and known.database_id = pair.old collate "C")
  order by us.user_id limit 20`;

/** The entries of the change log, made before anything is applied. */
export const renumberedEntries = (
  organizationId: number,
  source: number,
  items: Renumbered["items"],
): Omit<AppendedEntries, "returning"> => ({
  with: [
    sql`person as materialized (
      select user_id, new, row_number() over (order by user_id) as number
      from unnest(${items.map(({ userId }) => Number(userId))}::bigint[], ${items.map(({ to }) => to)}::text[])
        item (user_id, new)
    )`,
    sql`link as materialized (
      select person.user_id, sources.name, sources.rank, sources.number, us.database_id as before,
        case when us.source = ${source} then person.new else us.database_id end as after
      from person join user_sources us on us.organization_id = ${organizationId} and us.user_id = person.user_id
      join sources on sources.organization_id = ${organizationId} and sources.number = us.source
    )`,
    sql`links as materialized (
      select user_id, json_agg(json_build_object('source', name, 'databaseId', before) order by name) as before,
        json_agg(json_build_object('source', name, 'databaseId', after) order by name) as after,
        (array_agg(after order by rank, number) filter (where after is not null))[1] as database_id
      from link group by user_id
    )`,
  ],
  entries: sql`
    select person.number, 'user' as type, 'updated' as action, person.user_id::text as id, links.database_id,
      users.username,
      json_build_object('sources', json_build_object('from', links.before, 'to', links.after)) as changed,
      '[]'::json as memberships
    from person join links on links.user_id = person.user_id
    join users on users.organization_id = ${organizationId} and users.id = person.user_id`,
  count: sql`select count(*) as count from person`,
});

/**
 * The statements that renumber. Old databaseIds are let go before the new ones are set, so that they stay unique. Digests go:
 * imports look at these rows again.
 */
export function renumberStatements(
  organizationId: number,
  source: number,
  items: Renumbered["items"],
  pairs: readonly Renumbering[],
  at: Date,
): readonly Sql[] {
  const ids = items.map(({ userId }) => Number(userId));
  const numbers = items.map(({ to }) => to);
  return [
    sql`update user_sources set database_id = null, digest = null, byte_digest = null
      where organization_id = ${organizationId} and source = ${source} and user_id = any(${ids}::bigint[])`,
    sql`update user_sources us set database_id = item.new
      from unnest(${ids}::bigint[], ${numbers}::text[]) item (user_id, new)
      where us.organization_id = ${organizationId} and us.source = ${source} and us.user_id = item.user_id`,
    sql`update users set version = version + 1, updated_at = ${at}
      where organization_id = ${organizationId} and id = any(${ids}::bigint[])`,
    sql`update user_tombstone_sources deleted set database_id = pair.new
      from ${pairsOf(pairs)}
      where deleted.organization_id = ${organizationId} and deleted.source = ${source}
        and deleted.database_id = pair.old collate "C"`,
  ];
}

const hashOf = (name: string, items: Renumbered["items"]): string =>
  createHash("sha256")
    .update(JSON.stringify([name, items]))
    .digest("hex");

const invalid = (field: string, message: string) =>
  new MusterError("request_invalid", `Nothing was changed: ${field} ${message}.`, {
    field,
    errors: [{ field, message }],
  });

function takenBy(pairs: readonly Renumbering[], taken: readonly z.infer<typeof takenRow>[]): MusterError {
  const errors = taken.map(({ databaseId, userId }) => ({
    field: `pairs.${pairs.findIndex(({ to }) => to === databaseId)}.to`,
    message: `belongs to user ${userId}`,
  }));
  const [{ field, message } = { field: "pairs", message: "" }] = errors;
  return new MusterError(
    "conflict",
    `Nothing was changed: ${field} ${message}, who keeps it. Renumber that user as well, or merge the two.`,
    { field, errors },
  );
}

const planChanged = (hash: string) =>
  new MusterError(
    "plan_changed",
    `Nothing was changed: the plan is another one by now, with the hash ${hash}. Read it with dryRun, then send its hash.`,
    { planHash: hash },
  );
