import { raw } from "sql-template-tag";
import { appendChanges, type Recorded } from "../../../changes/record.ts";
import { locationNamePattern } from "../../../directory/locations.ts";
import { foldCase } from "../../../directory/text.ts";
import type { Executor, Transaction } from "../../../store/database.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import type { Setup } from "../../setup/setup.ts";
import { createsGroup } from "../plan/group-patterns.ts";
import { storedGroups } from "../plan/group-styles.ts";
import { runStatements } from "../run-statements.ts";
import type { Wanted } from "../stage/plain-entry.ts";
import { nothingDone, type Part } from "./parts.ts";
import {
  addPlainPeople,
  countPlainRows,
  dismissAllRows,
  dismissRelatedRows,
  joinPlainPeople,
  joinPlainPeopleByDefault,
  plainEntries,
  plainRanges,
} from "./plain-row-statements.ts";
import type { PlainRules } from "./plain-rows.ts";

/** Rows of a part. */
export interface RowsOfPart {
  readonly plain: number;
  readonly others: number;
  /** The number of the first one. */
  readonly firstRow: number;
}

/** Reads what rows are held to, as it is now. */
export async function readPlainRules(executor: Executor, organizationId: number, setup: Setup): Promise<PlainRules> {
  const { rows: groups } = await executor.query<{ groupId: string; name: string; joinsEverybody: boolean }>(
    storedGroups(organizationId),
  );
  const { rows: locations } = await executor.query<{ name: string }>(
    "select name from locations where organization_id = $1",
    [organizationId],
  );
  const names = new Set(groups.map(({ name }) => name));
  const places = new Set(locations.map(({ name }) => foldCase(name)));
  const isCreated = createsGroup(setup.settings.createGroups);
  return {
    sourceName: setup.source.name,
    settings: setup.settings,
    groups: new Set(groups.map(({ groupId }) => groupId)),
    createsGroup: (groupId) => isCreated(groupId) && !names.has(foldCase(groupId)),
    joinedByEverybody: groups.filter(({ joinsEverybody }) => joinsEverybody).map(({ groupId }) => groupId),
    locations: new Set(locations.map(({ name }) => name)),
    createsLocation: (name) =>
      setup.settings.createLocations && locationNamePattern.test(name) && !places.has(foldCase(name)),
  };
}

/**
 * Finds out which of the staged rows are plain beside each other; counts them. What they want created is known only as
 * long as all of them stay plain; and of several spellings of a location the first one in the file counts, whatever row it
 * stands in.
 * @param wanted what the plain ones name and is not there
 * @param rules as they are now: when the rows were read, less may have been there
 */
export async function sortOutRows(
  executor: Executor,
  { groups, locations }: Wanted,
  { createsLocation }: PlainRules,
): Promise<RowsOfPart> {
  const count = async () =>
    (await executor.query<{ plain: number; others: number; firstRow: number; mayBeRelated: boolean }>(countPlainRows))
      .rows[0]!;
  const counted = await count();
  const isRelated = counted.mayBeRelated && (await executor.query(dismissRelatedRows)).rowCount !== 0;
  const isPlainNoMore = isRelated && groups.length + locations.length > 0;
  const isSpelledTwice = !locations.every(createsLocation) || new Set(locations.map(foldCase)).size < locations.length;
  if (isPlainNoMore || isSpelledTwice || (counted.others > 0 && locations.length > 0))
    await executor.query(dismissAllRows);
  else if (!isRelated) return counted;
  return count();
}

/**
 * Adds the people of plain rows. The log does not tell of them yet.
 * @param offset what the number of a row is short of its person's id
 */
export async function addPlainRows(
  client: Transaction,
  context: ImportContext,
  { id, at }: ImportRun,
  { joinedByEverybody }: PlainRules,
  rows: RowsOfPart,
  offset: number,
): Promise<Part> {
  await runStatements(client, addPlainPeople(context, offset), [id, at]);
  const join = async (statement: string) => (await client.query(statement, [at, joinedByEverybody])).rowCount ?? 0;
  const named = await join(joinPlainPeople(context, offset));
  const byDefault = joinedByEverybody.length === 0 ? 0 : await join(joinPlainPeopleByDefault(context, offset));
  const { plain } = rows;
  return {
    ...nothingDone,
    counts: { ...nothingDone.counts, rows: plain, people: plain, added: plain, membershipsAdded: named + byDefault },
    outcomes: { added: await rangesOfPlainRows(client, rows) },
    groups: { added: named, unknown: 0 },
  };
}

async function rangesOfPlainRows(executor: Executor, { plain, others, firstRow }: RowsOfPart): Promise<string> {
  if (others === 0) return `{[${firstRow},${firstRow + plain})}`;
  return (await executor.query<{ ranges: string }>(plainRanges)).rows[0]!.ranges;
}

/** Appends the people of a part to the change log all rows of which are plain: they need no sorting. */
export async function appendPlainPeople(
  client: Transaction,
  { organizationId, sourceNumber: source }: ImportContext,
  { id, actor }: ImportRun,
  { plain, firstRow }: RowsOfPart,
  offset: number,
): Promise<Recorded> {
  return appendChanges(
    client,
    organizationId,
    { actor, importId: id, source },
    {
      entries: raw(`
      select first_row - ${firstRow - 1} as number, 'user' as type, action, person::text as id, database_id, username,
        changed, memberships
      from (${plainEntries(offset)}) plain`),
      count: raw(`select ${plain} as count`),
    },
  );
}
