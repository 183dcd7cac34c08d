import sql from "sql-template-tag";
import { z } from "zod";
import { foldCase } from "../../../directory/text.ts";
import { identifier, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { Wanted } from "../stage/plain-entry.ts";
import type { PlainRules } from "./plain-rows.ts";

/** Numbers of a part's rows. */
export interface RowsOfPart {
  readonly plain: number;
  readonly others: number;
  /** The number of its first row in the file. */
  readonly firstRow: number;
}

/**
 * Finds the staged rows that are plain also beside the other rows of their part, and counts them. All rows of a part that
 * creates groups or locations for its plain rows have to stay plain, or none does. If a location has several spellings, the
 * first one in the file counts, whether its row is plain or not.
 * @param wanted groups and locations that the plain rows name and that did not exist when the rows were read
 * @param rules as they are now
 */
export async function sortOutRows(
  executor: Executor,
  { groups, locations }: Wanted,
  { createsLocation }: PlainRules,
): Promise<RowsOfPart> {
  const counted = await countRows(executor);
  const isRelated = counted.mayBeRelated && (await executor.query(dismissRelatedRows)).rowCount !== 0;
  const losesWanted = isRelated && groups.length + locations.length > 0;
  const isSpelledTwice = new Set(locations.map(foldCase)).size < locations.length || !locations.every(createsLocation);
  const mixesLocations = counted.others > 0 && locations.length > 0;
  if (losesWanted || isSpelledTwice || mixesLocations) await executor.query(dismissAllRows);
  else if (!isRelated) return counted;
  return countRows(executor);
}

const countedRows = z.object({
  plain: z.int(),
  others: z.int(),
  firstRow: z.int(),
  /** Two rows may mean the same person. */
  mayBeRelated: z.boolean(),
});

async function countRows(executor: Executor): Promise<z.output<typeof countedRows>> {
  return (await selectRow(executor, countedRows, countPlainRows))!;
}

/** SQL condition: a row has nothing but an e-mail to be known by. */
const hasOnlyEmail = sql`database_id is null and username_normalized is null and email_normalized is not null`;

/** Hashes are enough: rows that collide are merely planned like all others. */
const areRepeated = (column: string) =>
  sql`count(${identifier(column)}) > count(distinct hashtext(${identifier(column)}))`;

export const countPlainRows = sql`
  select (count(*) filter (where plain))::integer as plain, (count(*) filter (where not plain))::integer as others,
    min(row) as "firstRow",
    ${areRepeated("database_id")} or ${areRepeated("username_normalized")}
      or coalesce(bool_or(${hasOnlyEmail}), false) as "mayBeRelated"
  from staged_rows`;

/** Ends the plainness of rows if another row of the part may mean the same person: then they have to be matched. */
export const dismissRelatedRows = sql`
  update staged_rows set plain = false
  where plain and (
    database_id in (
      select database_id from staged_rows where database_id is not null group by database_id having count(*) > 1)
    or username_normalized in (
      select username_normalized from staged_rows where username_normalized is not null
      group by username_normalized having count(*) > 1)
    or email_normalized in (select email_normalized from staged_rows where ${hasOnlyEmail}))`;

export const dismissAllRows = sql`update staged_rows set plain = false where plain`;
