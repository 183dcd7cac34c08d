import type { RowIssue } from "../errors.ts";
import { printable } from "./printable.ts";
import type { Damage } from "./spreadsheet-damage.ts";

/** A value of the file as a row issue shows it: printable, and cut to 200 characters. */
export const quoted = (value: string): string => printable(value, 200);

/** A value that makes the row fail; `reason` completes "<field> was refused: …". */
export function valueInvalid(field: string, reason: string): RowIssue {
  return { code: "value_invalid", field, details: { field, reason } };
}

/** A value that a program spoilt: the row fails. */
export function damaged(field: string, value: string, { code, explanation, advice }: Damage): RowIssue {
  const details = { field, value: quoted(value), explanation };
  return { code, field, details: advice === undefined ? details : { ...details, advice } };
}
