import sql, { type Sql } from "sql-template-tag";
import { hasLostLetters } from "../intake/lost-letters.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** A change, as far as unchanged rows of imports may mean something else afterwards. */
export interface Consequence {
  /** Any row may. Otherwise none does. */
  readonly affectsRows: boolean;
}

/**
 * The statement that counts up the epochs of an organization's rules. With another epoch of rows no digest is trusted.
 * The epoch of rules counts every change, since a repeated file is only a repeat if nothing changed at all.
 */
export const nextRulesEpoch = (organizationId: number, { affectsRows }: Consequence): Sql =>
  affectsRows
    ? sql`update organizations set rules_epoch = rules_epoch + 1, rows_epoch = rows_epoch + 1 where id = ${organizationId}`
    : sql`update organizations set rules_epoch = rules_epoch + 1 where id = ${organizationId}`;

/** Counts a change of settings, groups or locations. If it affects rows, imports look at unchanged rows again. */
export async function expireDigests(
  executor: Executor,
  organizationId: number,
  consequence: Consequence,
): Promise<void> {
  await executor.query(prepared(nextRulesEpoch(organizationId, consequence)));
}

/**
 * Tells if unchanged rows may mean something else because a group is there. Rows that named it before have a warning and
 * keep no digest. But intake reads an id with commas, or with signs of lost letters, differently once it exists.
 */
export const newGroupAffectsRows = (groupId: string): boolean => /[,，、]/.test(groupId) || hasLostLetters(groupId);

/** The properties of a group that known people's rows depend on. Its default membership is for new people. */
export const shapesRows = (changed: Readonly<Record<string, unknown>>): boolean => "style" in changed;
