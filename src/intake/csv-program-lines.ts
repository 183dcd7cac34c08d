import type { CsvRow } from "./csv-findings.ts";

/** Things that programs count, and their words for it. */
const counted = "(?:rows?|row\\(s\\)|records?|record\\(s\\)|lines?|users?|people|students?|employees?|entries|items)";
const done =
  "(?:affected|selected|returned|exported|extracted|found|fetched|read|written|unloaded|copied|processed|listed|in set|in total|total)";
const seconds = "(?:,? ?\\d+ warnings?)? ?(?:\\(\\d+(?:[.:]\\d+)* ?(?:sec|secs|s|ms|min)?\\))?";
const number = "\\d[\\d,. ]*";

/** Lines that programs write between and after rows, without a value in another column. */
const lines: readonly RegExp[] = [
  new RegExp(`^\\(?(?:query ok, )?${number} ${counted}(?: (?:were |was )?${done})?\\.?\\)?\\.?${seconds}\\.?$`, "i"),
  new RegExp(
    `^(?:query ok, |fetched |exported |selected |returned |wrote |copy )${number}(?: ${counted})?\\.?${seconds}$`,
    "i",
  ),
  new RegExp(`^(?:no ${counted} (?:selected|found|returned)|empty set)\\.?${seconds}$`, "i"),
  new RegExp(`^(?:(?:number|count) of )?(?:${counted}|row ?count|record count)(?: ${done})? ?[:=] ?${number}$`, "i"),
  /^(?:completion time|elapsed(?: time)?|query time|time|duration): ?\d/i,
  /^pl\/sql procedure successfully completed\.?$/i,
  /^sql> ?(?:spool off|exit|quit)?;?$/i,
  /^warning: null value is eliminated by an aggregate/i,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Ctrl-Z ends files of DOS
  /^[\u0000\u001a]+$/,
  /^[-*=#<>\s]*(?:eof|end|end of (?:file|report|data|list|extract|export|output|roster|job|records|transmission))[-*=#<>\s]*\.?$/i,
  /^[-*=#|\s]*page[:# ]*\d{1,6}(?: ?(?:of|\/) ?\d{1,6})?[-*=#|\s]*$/i,
  /^[-=*_#~]{3,}$/,
  /^[-*=#\s]*(?:\(c\)(?= )|©(?= ?\d)|copyright|confidential|strictly confidential|internal use only|for internal use|ferpa)\b[^@]*$/i,
  /^(?:trl|trailer|footer|tr),? ?\d[\d ,]*$/i,
];

/** A time at which a program wrote its report: these words, and a date. */
const written =
  /^[-*=#\s]*(?:(?:report|file|list|data|extract|export|roster) )?(?:generated|created|printed|produced|exported|extracted|prepared|downloaded|run|ran|last updated|as of|date|time(?:stamp)?)(?: (?:on|at|by|from|date|time|of))?\b[^@]*$/i;
const moment = /\d[/:.-]\d|\b(?:19|20)\d\d\b/;

/**
 * True for a line that a program wrote. A person's row has an identifier beside its name, or an address.
 * @param columns columns of the file
 */
export function isProgramLine(cells: readonly string[], columns: number): boolean {
  const values = cells.map((cell) => cell.trim()).filter((cell) => cell !== "");
  // A comma may belong to the line, as in 1,234 rows.
  const text = values.length < 3 ? values.join(", ") : undefined;
  if (text !== undefined && lines.some((pattern) => pattern.test(text))) return true;
  const isShort = values.length === 1 || (values.length < 4 && values.length < columns);
  return isShort && written.test(values.join(" ")) && moment.test(values.slice(-2).join(" ")) && isLabelled(values);
}

/** Of several values, the first is more than one word or ends in a colon: `Date` alone is also a name. */
const isLabelled = ([first = "", ...others]: readonly string[]) =>
  others.length === 0 || /[:\s]/.test(first) || /^(?:generated|printed|exported|extracted|downloaded)$/i.test(first);

const total = /^(?:(?:grand |sub)?totals?|count|records?|rows?|number of (?:rows|records|users|people))\b[^@]*$/i;

/** A row that begins with the word for a total, and has nothing else but a number. */
export function isTotal({ cells }: CsvRow, first: CsvRow): boolean {
  const begin = cells[0]!;
  if (begin.length > 60 || first.cells.length < 3 || !total.test(begin.trim())) return false;
  const others = cells.slice(1).filter((cell) => cell.trim() !== "");
  return others.length < 2 && others.every((cell) => /^\s*\d[\d,. ]*\s*$/.test(cell));
}
