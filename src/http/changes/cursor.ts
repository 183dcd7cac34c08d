import { z } from "zod";
import type { FeedPosition } from "../../changes/feed-request.ts";
import { decodeCursor, encodeCursor } from "../contract/paging.ts";

const exactTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

/** The content of a cursor of the feed. */
export const positionShape = z.tuple([z.int().nonnegative(), exactTime]);

/** The opaque cursor of a place in the log. */
export const toChangesCursor = ({ sequence, at }: FeedPosition): string => encodeCursor([sequence, at]);

/**
 * Returns the place that a cursor of the feed means; undefined stays undefined.
 * @throws MusterError request_invalid when the feed did not issue the cursor
 */
export function fromChangesCursor(cursor: string | undefined): FeedPosition | undefined {
  const position = decodeCursor(cursor, positionShape);
  return position && { sequence: position[0], at: position[1] };
}
