import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { together } from "../../../changes/record.ts";
import { foldCase } from "../../../directory/text.ts";
import type { Transaction } from "../../../store/database.ts";
import { selectRow } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { importContext } from "../../setup/setup.ts";
import { appendPeople } from "../apply/append-people.ts";
import { applyPlan } from "../apply/apply-users.ts";
import { createWanted } from "../apply/created-groups.ts";
import { readLastUserId } from "../match/last-user-id.ts";
import { matchRows } from "../match/match-rows.ts";
import { planUsers } from "../plan/plan-users.ts";
import { describePlan } from "../report/describe-plan.ts";
import { insertImportRows } from "../report/report.ts";
import type { Wanted } from "../stage/plain-entry.ts";
import type { FileInParts } from "./file-in-parts.ts";
import { type GroupFigures, joinParts, nothingDone, type Part } from "./parts.ts";
import { addPlainPeople, appendPlainPeople, type PlainPeople, plainEntries } from "./plain-people.ts";
import type { PlainRules } from "./plain-rows.ts";
import {
  type EarlierParts,
  keepLooseRows,
  noteCreatedGroups,
  notePlannedGroups,
  refuseAdministrators,
  refuseRelatedRows,
} from "./related-parts.ts";
import { sortOutRows } from "./sort-out-rows.ts";

/** A part whose rows are staged. */
interface PartAtHand {
  /** Counted from 1. */
  readonly number: number;
  /** Groups and locations that its plain rows name and that do not exist. */
  readonly wanted: Wanted;
  readonly earlier: EarlierParts;
}

/**
 * Applies the staged rows of a part. Only those that are not plain have to be planned.
 * @param rules as they are now
 * @throws RelatedParts when the part may concern an earlier one
 */
export async function applyPart(
  transaction: Transaction,
  { organizationId, setup, run }: FileInParts,
  rules: PlainRules,
  { number, wanted, earlier }: PartAtHand,
): Promise<Part> {
  const rows = await sortOutRows(transaction, wanted, rules);
  const lastUserId = await readLastUserId(transaction, organizationId);
  const lastPlainId = rows.plain === 0 ? lastUserId : lastUserId + rows.plain + rows.others;
  const context = importContext(organizationId, setup, lastPlainId, true);
  const { joinedByEverybody } = rules;
  const people = { context, run, rows, offset: lastUserId - (rows.firstRow - 1), joinedByEverybody };
  let part = nothingDone;
  if (rows.plain > 0) {
    part = joinParts(part, await createForPlainRows(transaction, people, wanted, earlier));
    part = joinParts(part, await addPlainPeople(transaction, people));
  }
  if (rows.others > 0) part = joinParts(part, await applyOthers(transaction, people, number, earlier));
  else part = { ...part, recorded: together(part.recorded, await appendPlainPeople(transaction, people)) };
  if (earlier.hasLooseRows) await refuseRelatedRows(transaction, context);
  // A plan knows who else joins the groups that it creates; it does not know this about groups of other parts.
  const createsForPlainRows = rows.plain > 0 && wanted.groups.length > 0;
  if (earlier.createdGroups.size > 0 && (number > 1 || createsForPlainRows))
    await refuseAdministrators(transaction, context);
  return part;
}

async function createForPlainRows(
  transaction: Transaction,
  { context, run }: PlainPeople,
  wanted: Wanted,
  earlier: EarlierParts,
): Promise<Part> {
  noteCreatedGroups(earlier, wanted.groups.map(foldCase));
  const recorded = await createWanted(transaction, context, run, wanted);
  const { groups, locations } = wanted;
  const counts = { ...nothingDone.counts, groupsCreated: groups.length, locationsCreated: locations.length };
  return { ...nothingDone, recorded, counts };
}

/** Plans and applies the rows that are not plain. Writes these people and the plain ones to the log together. */
async function applyOthers(
  transaction: Transaction,
  people: PlainPeople,
  number: number,
  earlier: EarlierParts,
): Promise<Part> {
  const { context, run } = people;
  await matchRows(transaction, context);
  await planUsers(transaction, context);
  const description = await describePlan(transaction, context);
  const groups = await readGroupFigures(transaction, context);
  await transaction.query(insertImportRows(context, run.id));
  await keepLooseRows(transaction, number, earlier);
  if (context.settings.createGroups.length > 0) await notePlannedGroups(transaction, earlier);
  const created = await applyPlan(transaction, context, run);
  const recorded = together(created, await appendPeople(transaction, context, run, plainEntries(people)));
  return { ...description, recorded, groups };
}

const groupFiguresRow = z.object({ added: z.int(), unknown: z.int() });

async function readGroupFigures(transaction: Transaction, context: ImportContext): Promise<GroupFigures> {
  return (await selectRow(transaction, groupFiguresRow, groupFigures(context)))!;
}

/** Counts the memberships that the planned rows name: those that are added, and those in groups that do not exist. */
export const groupFigures = ({ claim }: ImportContext): Sql => sql`
  select (select count(*) from planned_memberships where claims & ${claim} <> 0)::integer as added,
    (select count(*) from row_issues where code = 'group_unknown')::integer as unknown`;
