import { z } from "zod";
import { feedEnd } from "../../changes/feed.ts";
import type { FeedPosition } from "../../changes/feed-request.ts";
import type { Database } from "../../store/database.ts";
import { cutPage, decodeCursor, pageSchema } from "../contract/paging.ts";
import { positionShape, toChangesCursor } from "./cursor.ts";

/** Returns the schema of a list's answer that also has the place in the change feed from which clients can follow the list. */
export function followablePageSchema<Item extends z.ZodType>(item: Item) {
  return pageSchema(item).extend({
    changesCursor: z
      .string()
      .describe("The `cursor` for /v1/changes once all pages are read: what changed since the first one began."),
  });
}

/** The start of a page of such a list. */
export interface FollowablePage<Key> {
  /** Sort key of the last item before it; undefined: none. */
  readonly after: Key | undefined;
  /** The end of the log before the first page was read; the cursors carry it through the pages. */
  readonly position: FeedPosition;
}

/**
 * Reads the cursor of a list that can be followed. Call it before the list is read: then no change falls between the two.
 * @throws MusterError request_invalid when this list did not issue the cursor
 */
export async function startPage<Key>(
  database: Database,
  organizationId: number,
  cursor: string | undefined,
  key: z.ZodType<Key>,
): Promise<FollowablePage<Key>> {
  const held = decodeCursor(cursor, z.tuple([key, ...positionShape.def.items]));
  if (held === undefined) return { after: undefined, position: await feedEnd(database, organizationId) };
  const [after, sequence, at] = held as [Key, number, string];
  return { after, position: { sequence, at } };
}

/** Cuts a page of such a list; see `cutPage`. */
export function cutFollowablePage<Row>(
  rows: readonly Row[],
  limit: number,
  { sequence, at }: FeedPosition,
  key: (row: Row) => string | number,
): { readonly items: readonly Row[]; readonly nextCursor: string | null; readonly changesCursor: string } {
  const page = cutPage(rows, limit, (row) => [key(row), sequence, at]);
  return { ...page, changesCursor: toChangesCursor({ sequence, at }) };
}
