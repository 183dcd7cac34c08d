import { z } from "zod";
import { MusterError } from "../../errors.ts";

/** Most items of a page. */
export const largestPage = 1000;

const wholeNumber = `is to be a whole number from 1 to ${largestPage}`;

/** The query parameters of every list; spread them into its strict object. */
export const pageQuery = {
  cursor: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe("Where to go on: `nextCursor` of the page before. Opaque: do not take it apart."),
  limit: z.coerce
    .number(wholeNumber)
    .int(wholeNumber)
    .min(1, wholeNumber)
    .max(largestPage, wholeNumber)
    .default(100)
    .describe("How many items a page has at most."),
};

/** A list's answer. `nextCursor` is null on the last page. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe("For the next page; null when this is the last one."),
  });
}

/** The content of a cursor: the sort key of the last item of a page, e.g. `["Doe", 17]`. */
export type CursorKey = readonly (string | number)[];

/** Makes the opaque cursor that continues after an item with this key. */
export function encodeCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key), "utf8").toString("base64url");
}

/**
 * Reads a cursor that `encodeCursor` made; undefined stays undefined (the first page).
 * @param shape what the key has to look like, e.g. `z.tuple([z.string(), z.int()])`
 * @throws MusterError request_invalid when this list did not issue the cursor
 */
export function decodeCursor<Key>(cursor: string | undefined, shape: z.ZodType<Key>): Key | undefined {
  if (cursor === undefined) return undefined;
  const result = shape.safeParse(parseJson(Buffer.from(cursor, "base64url").toString("utf8")));
  if (result.success && !cursor.includes("\0") && !hasNul(result.data)) return result.data;
  throw new MusterError(
    "request_invalid",
    "This cursor was not issued by this list. Read the list from its beginning.",
    {
      field: "cursor",
      errors: [{ field: "cursor", message: "was not issued by this list" }],
    },
  );
}

/**
 * Cuts a page from rows of which one more than `limit` was asked for.
 * @param rows at most `limit + 1`, in the list's order
 * @param key the sort key of a row
 */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => CursorKey,
): { readonly items: readonly Row[]; readonly nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(key(last)) : null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A NUL is no character for PostgreSQL. */
function hasNul(value: unknown): boolean {
  return Array.isArray(value) && value.some((part) => typeof part === "string" && part.includes("\0"));
}
