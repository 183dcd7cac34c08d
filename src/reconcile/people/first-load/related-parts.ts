import sql, { join, type Sql } from "sql-template-tag";
import { z } from "zod";
import { foldCase } from "../../../directory/text.ts";
import { identifier, literal, selectRow, selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";
import { manyPeople } from "../match/shared-emails.ts";
import { networkAdministrator } from "../plan/protection.ts";

/** Is thrown when parts of a file may concern each other, so that the file has to be planned as a whole. */
export class RelatedParts extends Error {}

/** Facts about earlier parts that later ones need. Names of groups are folded. */
export interface EarlierParts {
  /** Groups that they created. */
  readonly createdGroups: Set<string>;
  /** Groups that they named and that did not exist. */
  readonly missingGroups: Set<string>;
  /** They left rows in `loose_rows`. */
  hasLooseRows: boolean;
}

/** The state before the first part. */
export const noEarlierParts = (): EarlierParts => ({
  createdGroups: new Set(),
  missingGroups: new Set(),
  hasLooseRows: false,
});

/**
 * Notes the groups that a part creates. Of several spellings of a group, one is chosen for the whole file. A group that the
 * file creates exists for all of its rows.
 * @param names folded
 * @throws RelatedParts when another part names one of them, or when two are spellings of one group
 */
export function noteCreatedGroups({ createdGroups, missingGroups }: EarlierParts, names: readonly string[]): void {
  const isNamedEarlier = names.some((name) => createdGroups.has(name) || missingGroups.has(name));
  if (isNamedEarlier || new Set(names).size < names.length) throw new RelatedParts();
  for (const name of names) createdGroups.add(name);
}

/**
 * Notes the groups that the plan of a part creates, and those that it misses.
 * @throws RelatedParts when an earlier part created or missed one of them
 */
export async function notePlannedGroups(executor: Executor, earlier: EarlierParts): Promise<void> {
  const missing = await readFoldedNames(executor, missingGroups);
  if (missing.some((name) => earlier.createdGroups.has(name))) throw new RelatedParts();
  noteCreatedGroups(earlier, await readFoldedNames(executor, plannedGroups));
  for (const name of missing) earlier.missingGroups.add(name);
}

/** Selects the groups that the part names and that do not exist. */
export const missingGroups = sql`
  select distinct details ->> 'groupId' as name from row_issues where code = 'group_unknown'`;

/** Selects the groups that the part creates. */
export const plannedGroups = sql`select group_id as name from known_groups where is_new`;

async function readFoldedNames(executor: Executor, statement: Sql): Promise<string[]> {
  const rows = await selectRows(executor, z.object({ name: z.string() }), statement);
  return rows.map(({ name }) => foldCase(name));
}

/**
 * Keeps the rows of a part that may mean somebody of another part:
 * - rows of nobody who is added, because they failed or only remove,
 * - rows of people who have nothing but an e-mail to be known by,
 * - rows whose userID or e-mail their person does not get, because another row has another one.
 */
export async function keepLooseRows(executor: Executor, part: number, earlier: EarlierParts): Promise<void> {
  const { rowCount } = await executor.query(looseRows(part));
  if (rowCount) earlier.hasLooseRows = true;
}

export const looseRows = (part: number): Sql => sql`
  insert into loose_rows (part, person, database_id, username_normalized, email_normalized)
  select ${literal(part)}, p.person, s.database_id, s.username_normalized, s.email_normalized
  from staged_rows s left join row_persons r on r.row = s.row left join people p on p.person = r.person
  where not s.plain and (p.person is null or (s.database_id is null and s.username_normalized is null)
    or s.username_normalized <> p.username_normalized or s.email_normalized <> p.email_normalized)`;

/** If there are more loose rows, the file is planned as a whole: they are looked through after each part. */
const mostLooseRows = 1_000;

/**
 * Looks for rows that may mean somebody of another part: then it matters that both are in one file. Two parts that share a
 * databaseID or a userID of people who are added need no look, because unique indexes refuse the second one.
 * @throws RelatedParts when there is such a row
 */
export async function refuseRelatedRows(executor: Executor, context: ImportContext): Promise<void> {
  const row = await selectRow(executor, z.object({ related: z.boolean() }), relatedRows(context));
  if (row!.related) throw new RelatedParts();
}

export const relatedRows = (c: ImportContext): Sql => sql`
  select (select count(*) from loose_rows) > ${literal(mostLooseRows)}
    or ${join(["database_id", "username_normalized", "email_normalized"].map(areShared), " or ")}
    or exists (
      select from loose_rows l join user_sources us
        on us.organization_id = ${c.organization} and us.source = ${c.source} and us.database_id = l.database_id
      where us.user_id is distinct from l.person)
    or ${isStored(c, "username_normalized")} or ${isStored(c, "email_normalized")} as related`;

/** SQL condition: loose rows of two parts have the same identifier. */
const areShared = (column: string) => sql`exists (
  select from loose_rows one join loose_rows other using (${identifier(column)}) where one.part <> other.part)`;

/** SQL condition: somebody else already has the identifier of a loose row. */
const isStored = ({ organization }: ImportContext, column: string) => sql`exists (
  select from loose_rows l
  join users u on u.organization_id = ${organization} and u.${identifier(column)} = l.${identifier(column)}
  where u.id is distinct from l.person)`;

/**
 * Looks for addresses of many people: the whole file decides about them.
 * @throws RelatedParts when there is one
 */
export async function refuseEmailsOfMany(executor: Executor, organizationId: number): Promise<void> {
  const { rowCount } = await executor.query(anyEmailOfMany(organizationId));
  if (rowCount) throw new RelatedParts();
}

export const anyEmailOfMany = (organizationId: number): Sql => sql`
  select from users where organization_id = ${organizationId} and email_normalized is not null
  group by email_normalized having count(*) > ${manyPeople} limit 1`;

/**
 * Looks for network administrators: they join all groups that a file creates, whichever part creates them.
 * @throws RelatedParts when there is one
 */
export async function refuseAdministrators(executor: Executor, context: ImportContext): Promise<void> {
  const { rowCount } = await executor.query(anyAdministrator(context));
  if (rowCount) throw new RelatedParts();
}

/** The first condition on the role lets PostgreSQL use the index of roles above member. */
export const anyAdministrator = ({ organization }: ImportContext): Sql => sql`
  select from memberships
  where organization_id = ${organization} and role > 0 and role = ${literal(networkAdministrator)} limit 1`;
