import { isDeepStrictEqual } from "node:util";
import type { ChangeEntry } from "../changes/record.ts";

/**
 * Compares a thing before and after a change, property by property, as the change log tells it. null means a thing that
 * did not exist, or does not any more. Of such a thing only properties that are not blank (null, "", false, []) are told:
 * readers of the log begin with blank ones.
 */
export function changedProperties<Document extends object>(
  before: Document | null,
  after: Document | null,
  properties: readonly (keyof Document & string)[],
): ChangeEntry["changed"] {
  const changed = properties.flatMap((property) => {
    const from: unknown = before?.[property] ?? null;
    const to: unknown = after?.[property] ?? null;
    const isTold = before && after ? !isDeepStrictEqual(from, to) : !isBlank(from) || !isBlank(to);
    return isTold ? [[property, { from, to }] as const] : [];
  });
  return Object.fromEntries(changed);
}

function isBlank(value: unknown): boolean {
  return value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
}
