import type { Item } from "./copy.ts";
import { writeRow } from "./csv-text.ts";
import { columns, completeCells, keys, type List } from "./tables.ts";

export function itemRow(list: List, item: Item): string {
  const cells = { [keys[list]]: String(item[keys[list]]), ...completeCells(list, item) };
  return writeRow(columns[list].map((name) => cells[name]!));
}

export const rolesOf = ({ memberships }: Item) =>
  new Map((memberships as { groupId: string; role: number }[]).map(({ groupId, role }) => [groupId, role]));

export const membershipRows = (userId: string, roles: ReadonlyMap<string, number>): string[] =>
  [...roles]
    .sort(([one], [other]) => compareBytes(one, other))
    .map(([groupId, role]) => writeRow([userId, groupId, role]));

export const compareBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
/** As the API orders its lists. */
export const compareOf = {
  users: (one: string, other: string) => Number(one) - Number(other),
  groups: compareBytes,
} as const;
