import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { prepared, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";

/** Returns the largest id that a user of the organization ever had; 0 if there was no user. */
export async function readLastUserId(executor: Executor, organizationId: number): Promise<number> {
  const row = await selectRow(
    executor,
    z.object({ lastUserId: z.int() }),
    prepared(lastUserIdStatement(organizationId)),
  );
  return row!.lastUserId;
}

export const lastUserIdStatement = (organizationId: number): Sql =>
  sql`select last_user_id as "lastUserId" from feed_heads where organization_id = ${organizationId}`;
