import type { RowIssue } from "../errors.ts";

const quotedLength = 200;

/** What no text of the database can hold, and no message should. */
const unfit = /(?![\t\n\r])[\p{Cc}\p{Cs}]/u;
const allUnfit = new RegExp(unfit, "gu");

/** Text of a sender as it may be stored and shown: control characters and halves of characters become U+FFFD. */
export const presentable = (text: string): string => text.replace(allUnfit, "\ufffd");

/**
 * A value of the file as an issue shows it: cut to 200 characters, and a copy, so that an issue doesn't keep the piece
 * of the file in memory of which the value is a slice.
 */
export function quoted(value: string): string {
  return shortened(unfit.test(value) ? presentable(value) : value);
}

function shortened(value: string): string {
  // V8 copies anything shorter by itself
  if (value.length < 13) return value;
  const shown = value.length > quotedLength ? `${value.slice(0, quotedLength).toWellFormed()}…` : value;
  return Buffer.from(shown).toString();
}

/** A value that makes the row fail; `reason` completes "<field> cannot be taken: …". */
export function valueInvalid(field: string, reason: string): RowIssue {
  return { code: "value_invalid", field, details: { field, reason } };
}
