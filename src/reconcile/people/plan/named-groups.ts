import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { foldCase } from "../../../directory/text.ts";
import { selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";
import { unknownGroups } from "./group-orders.ts";
import { createsGroup } from "./group-patterns.ts";

const unknownGroupRow = z.object({ groupId: z.string(), people: z.int() });

/**
 * Plans the groups that the file names and that the organization has imports create (file formats, section 5.8).
 * @returns true if there are any
 */
export async function planNamedGroups(executor: Executor, context: ImportContext): Promise<boolean> {
  const { createGroups } = context.settings;
  if (createGroups.length === 0) return false;
  const unknown = await selectRows(executor, unknownGroupRow, unknownGroups);
  const isCreated = createsGroup(createGroups);
  const wanted = unknown.filter(({ groupId }) => isCreated(groupId)).sort(byPeople);
  // Of several spellings of an id, the last one stays, which most people join.
  const byName = new Map(wanted.map(({ groupId }) => [foldCase(groupId), groupId]));
  const { rowCount: created } = await executor.query(planGroups(context, byName));
  return created !== 0;
}

type UnknownGroup = z.infer<typeof unknownGroupRow>;

/** Compares groups by the number of people who join them, then by their ids. */
const byPeople = (first: UnknownGroup, second: UnknownGroup): number =>
  first.people - second.people || (first.groupId < second.groupId ? -1 : 1);

/** @param byName ids of groups by their folded names */
export const planGroups = (c: ImportContext, byName: ReadonlyMap<string, string>): Sql => sql`
  insert into known_groups (group_id, style, joins_everybody, is_new, json)
  select group_id, null, false, true, to_json(group_id)::text
  from unnest(${[...byName.keys()]}::text[], ${[...byName.values()]}::text[]) as wanted (name_normalized, group_id)
  where not exists (
    select from groups g
    where g.organization_id = ${c.organization} and g.name_normalized = wanted.name_normalized collate "C")`;
