import type { UserRow } from "../../src/intake/records.ts";
import type { User } from "./state.ts";

/** The rows of a file that are one person. */
export interface Person {
  /** In the order of the file. */
  readonly rows: UserRow[];
  /** The stored user; null for somebody new. */
  user: User | null;
  /** Nothing but the primary e-mail led to the stored user. */
  linkedByEmail: boolean;
}

/** Number of a person's first row in the file. */
export function firstRow(person: Person): number {
  return Math.min(...person.rows.map((row) => row.row));
}
