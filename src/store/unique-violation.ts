import { asOfDriver } from "./unavailable.ts";

/**
 * Tells whether PostgreSQL refused a row because a unique index has its values already (its manual, appendix A: 23505).
 * @param indexes only one of these counts; absent: any
 */
export function isUniqueViolation(error: unknown, indexes?: readonly string[]): boolean {
  const { code, constraint } = asOfDriver(error);
  return code === "23505" && (indexes === undefined || (constraint !== undefined && indexes.includes(constraint)));
}
