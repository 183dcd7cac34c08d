import sql, { empty, type Sql } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { type Database, type Transaction, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { ImportStatus } from "./import-resource.ts";
import type { Page } from "./pages.ts";

/** The types of things that a plan changes. */
export const planItemTypes = ["user", "group", "location"] as const;
/** The things that a plan does. */
export const planActions = ["add", "update", "remove"] as const;

/** One item of a plan. */
export const planItemSchema = z
  .object({
    number: z.int().describe("In the order of the plan, from 1."),
    type: z.enum(planItemTypes),
    action: z.enum(planActions),
    id: z.string().nullable().describe("Its id; null for a person who would be added."),
    databaseId: z.string().nullable(),
    username: z.string().nullable(),
    row: z.int().nullable().describe("Row of the file that says so."),
    changed: z
      .record(z.string(), z.object({ from: z.unknown(), to: z.unknown() }))
      .describe("Each property, from what to what."),
    memberships: z.array(
      z.object({ groupId: z.string(), role: z.object({ from: z.int().nullable(), to: z.int().nullable() }) }),
    ),
  })
  .meta({
    id: "PlanItem",
    examples: [
      {
        number: 1,
        type: "user",
        action: "update",
        id: "4711",
        databaseId: "900123456",
        username: "jdoe",
        row: 12,
        changed: { lastName: { from: "Doe", to: "Roe" } },
        memberships: [{ groupId: "CRS-0001", role: { from: null, to: 0 } }],
      },
    ],
  });
export type PlanItem = z.infer<typeof planItemSchema>;

/** A page of a plan. */
export interface PlanPage extends Page<PlanItem, number> {
  /** The same plan has the same hash. */
  readonly hash: string;
}

/** A filter for the items of a plan. */
export type PlanFilter = {
  readonly [Name in "type" | "action" | "databaseId" | "username"]?: string | undefined;
};

interface StoredItem extends PlanItem {
  [column: string]: unknown;
}

/** SQL condition: the plan of the import in `imports` is kept, or has no item. */
export const isPlanKept = (organizationId: number, importId: string): Sql => sql`(
  exists (select from plan_items where organization_id = ${organizationId} and import_id = ${importId}::uuid)
    or coalesce((counts ->> 'added')::integer + (counts ->> 'updated')::integer + (counts ->> 'removed')::integer
      + coalesce((counts ->> 'withdrawn')::integer, 0)
      + (counts ->> 'groupsCreated')::integer + (counts ->> 'locationsCreated')::integer, 0) = 0)`;

/**
 * Reads the planned changes of an import, item by item.
 * @param after number of the item before the page; 0 for the first one
 * @throws MusterError not_found; conflict when the import was no dry run and never held; gone when its plan is not kept any more
 */
export function listPlan(
  database: Database,
  organizationId: number,
  importId: string,
  { type, action, databaseId, username }: PlanFilter,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<PlanPage> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows: imports } = await client.query<{ status: ImportStatus; hash: string | null; isKept: boolean }>(
      prepared(sql`select status, plan_hash as hash,
         ${isPlanKept(organizationId, importId)} as "isKept"
       from imports where organization_id = ${organizationId} and id = ${importId}`),
    );
    const [stored] = imports;
    if (!stored) throw new MusterError("not_found", "There is no such import.");
    if (stored.hash === null) {
      throw new MusterError(
        "conflict",
        "Only a dry run and what is held have a plan. Read the report of the import instead.",
      );
    }
    if (!stored.isKept) throw new MusterError("gone", "This plan is not kept any more.");
    const { rows } = await client.query<StoredItem>(
      prepared(sql`select number, type, action, id, database_id as "databaseId", username, row, changed, memberships
       from plan_items
       where organization_id = ${organizationId} and import_id = ${importId} and number > ${after}
         ${type === undefined ? empty : sql`and type = ${type}`} ${action === undefined ? empty : sql`and action = ${action}`}
         ${databaseId === undefined ? empty : sql`and database_id = ${databaseId}`}
         ${username === undefined ? empty : sql`and username = ${username}`}
       order by number limit ${limit + 1}`),
    );
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { hash: stored.hash, items, ...(rows.length > limit && last ? { next: last.number } : {}) };
  });
}

/**
 * The hash of a kept plan: SHA-256 over its sorted items, without the ids that are made when it is applied. The same file
 * against the same state has the same hash.
 * @returns 64 hexadecimal digits
 */
export async function hashPlan(executor: Executor, organizationId: number, importId: string): Promise<string> {
  const { rows } = await executor.query<{ hash: string }>(
    prepared(sql`select encode(sha256(convert_to(coalesce(string_agg(digest, '' order by digest collate "C"), ''), 'UTF8')), 'hex') as hash
     from (
       select encode(sha256(convert_to(
         concat_ws(chr(31), type, action, coalesce(id, ''), coalesce(database_id, ''), coalesce(username, ''), changed, memberships),
         'UTF8')), 'hex') as digest
       from plan_items where organization_id = ${organizationId} and import_id = ${importId}
     ) item`),
  );
  return rows[0]!.hash;
}

/** Deletes a kept plan. */
export async function dropPlan(transaction: Transaction, organizationId: number, importId: string): Promise<void> {
  await (await transaction.records()).planItem.deleteMany({ where: { organizationId, importId } });
}
