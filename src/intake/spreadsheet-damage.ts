/** Values that spreadsheets write where they cannot show or calculate one. */
const errorValue = /^(?:#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|SPILL!)|#{3,})$/i;
/** 9.00E+08, with a comma in some countries, and 9.0E8 as programs write it. */
const shortenedNumber = /^-?\d(?:[.,]\d+)?E[+-]\d{1,3}$|^-?\d[.,]\d+E\d{1,3}$/i;
/** 1,000, which spreadsheets show for 1000. */
const thousandsNumber = /^-?\d{1,3}(?:[.,]\d{3})*[.,]000$/;
/** 900123456.0: pandas and spreadsheets write numbers this way if some cells of the column are blank. */
const decimalNumber = /^-?\d+[.,]0+$/;
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
/** Dates as spreadsheets write them: with slashes, dots, ISO 8601, or an abbreviated month as in 2-Jan and Jan-26. */
const date = new RegExp(
  `^(?:\\d{1,2}/\\d{1,2}/(?:\\d{2}|\\d{4})|\\d{1,2}\\.\\d{1,2}\\.\\d{4}|\\d{4}-\\d{2}-\\d{2})(?:[ T]\\d{1,2}:\\d{2}.*)?$|^\\d{1,2}-${month}(?:-\\d{2}(?:\\d{2})?)?$|^${month}-\\d{2}$`,
);
/** Names that programs write instead of a list's or an object's values. */
const objectName =
  /^(?:System\.[\w.`]+(?:\[[\w.,]*\])?|Microsoft\.[\w.]+|\[object \w+\]|Array|\[L[\w.]+;?(?:@[0-9a-f]+)?|[a-z]+(?:\.\w+){2,}@[0-9a-f]{4,8}|<[\w. ]{1,80} object at 0x[0-9a-f]+>|@\{.*\}|\{\}|\[\]|\(\))$/s;
/** A list in the notation of a programming language. */
const listNotation = /^(?:\[.*\]|\{.*\}|\(\s*["'].*["']\s*,?\s*\)|\([^()]*[,;][^()]*\))$/s;
/** A character as HTML and XML escape it. Its ; looks like a separator of feeds. */
const escapedCharacter = /&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-f]{1,5});/i;

/** A tag of HTML, as forms and reports put between and around values. */
const htmlTag = /<\/?(?:a|b|br|div|font|i|li|ol|p|span|td|tr|u|ul)(?: [^<>]*)?\/?>/i;

const plain = /^[A-Za-z0-9]*$/;
const quotationMarks = /^[“”„«»].*[“”„«»]$/s;

const errorExplanation = "a spreadsheet writes that when it cannot show or calculate a value";
const numberExplanation = "a spreadsheet shortened a long number, and its last digits are lost";
const decimalExplanation = "a program read the column as numbers, added .0, and dropped zeros at the beginning";
const thousandsExplanation = "a spreadsheet wrote the number with separators of thousands";
const dateExplanation = "a spreadsheet turned it into a date";

/** A value that a program spoilt: the code of the issue, what happened, and what to do where that is not usual. */
export interface Damage {
  readonly code: "spreadsheet_damage" | "export_damage";
  /** Completes "<field> is <value>: …". */
  readonly explanation: string;
  readonly advice?: string;
}

const bySpreadsheet = (explanation: string): Damage => ({ code: "spreadsheet_damage", explanation });

const objectDamage: Damage = {
  code: "export_damage",
  explanation: "the export wrote the name of a list or an object instead of its values",
  advice: "Have the export join the values with ; (in PowerShell: -join ';').",
};
const listDamage: Damage = {
  code: "export_damage",
  explanation: "the export wrote a list in the notation of a programming language",
  advice: "Have the export join the values with ;.",
};
const escapeDamage: Damage = {
  code: "export_damage",
  explanation: "the export escaped it for HTML or XML once too often",
  advice: "Have the export write the character itself.",
};

const htmlDamage: Damage = {
  code: "export_damage",
  explanation: "the export wrote HTML",
  advice: "Have the export write text alone, with ; between values.",
};

const encodingDamage: Damage = {
  code: "export_damage",
  explanation: "the export read it in another encoding, and letters are lost",
  advice: "Export the file as UTF-8.",
};

/**
 * Tells what a program did to an identifier; undefined when nothing shows. Lost leading zeros don't show in the value
 * alone: a field mapping's `pattern` finds them.
 */
export function identifierDamage(value: string): Damage | undefined {
  if (plain.test(value)) return value === "Array" ? objectDamage : undefined;
  if (quotationMarks.test(value)) {
    return bySpreadsheet("it is in typographic quotation marks, as a word processor puts them");
  }
  return tokenDamage(value);
}

/** Tells if a program replaced a letter of an identifier, so that nobody can tell which one it was. */
export const lettersDamage = (value: string): Damage | undefined =>
  value.includes("\ufffd") ? encodingDamage : undefined;

function tokenDamage(value: string): Damage | undefined {
  const number = numberDamage(value);
  if (number !== undefined) return bySpreadsheet(number);
  if (date.test(value)) return bySpreadsheet(dateExplanation);
  return programDamage(value);
}

/** Tells what a program did to a value that is no spreadsheet's fault. */
function programDamage(value: string): Damage | undefined {
  if (objectName.test(value)) return objectDamage;
  if (listNotation.test(value)) return listDamage;
  if (htmlTag.test(value)) return htmlDamage;
  return escapedCharacter.test(value) ? escapeDamage : undefined;
}

function numberDamage(value: string): string | undefined {
  if (shortenedNumber.test(value)) return numberExplanation;
  if (thousandsNumber.test(value)) return thousandsExplanation;
  if (decimalNumber.test(value)) return decimalExplanation;
  return errorValue.test(value) ? errorExplanation : undefined;
}

/** Tells if a spreadsheet put separators into a number. In a list of groups a comma may separate. */
export const separatorDamage = (value: string): Damage | undefined =>
  /^\d{1,3}(?:,\d{3})+$/.test(value) ? bySpreadsheet(thousandsExplanation) : undefined;

/** Tells what a program did to the number of a phone, completing "…was left out: …". */
export const phoneDamage = (text: string): string | undefined =>
  numberDamage(text) ?? (objectName.test(text) ? objectDamage.explanation : undefined);

/** True for a cell that is a list in the notation of a programming language, whatever separates its items. */
export const isListNotation = (cell: string): boolean => /^[[({]/.test(cell) && listNotation.test(cell);

/** True for a cell in which `;` may belong to an escaped character, as in `R&amp;D`. */
export const hasEscapes = (cell: string): boolean => cell.includes("&") && escapedCharacter.test(cell);

/** Tells what a spreadsheet did to a name, an address or a location. */
export const textDamage = (value: string): Damage | undefined =>
  value.startsWith("#") && errorValue.test(value) ? bySpreadsheet(errorExplanation) : undefined;

/** Tells what a program did to the name of a location. */
export const locationDamage = (value: string): Damage | undefined =>
  textDamage(value) ?? (objectName.test(value) ? objectDamage : undefined);

/** True for a text in typographic quotation marks. */
export const isInSmartQuotes = (value: string): boolean => quotationMarks.test(value);
