import sql, { type Sql } from "sql-template-tag";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** The statement that makes imports look at unchanged rows again: their digests count for another epoch of the rules. */
export const nextRulesEpoch = (organizationId: number): Sql =>
  sql`update organizations set rules_epoch = rules_epoch + 1 where id = ${organizationId}`;

/** Makes imports look at unchanged rows again: one may name a group or a location that was created or deleted. */
export async function expireDigests(executor: Executor, organizationId: number): Promise<void> {
  await executor.query(prepared(nextRulesEpoch(organizationId)));
}
