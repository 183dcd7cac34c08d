/** Control characters, line separators and characters that turn the writing direction: they would steer a terminal. */
const steering = /\r\n|[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;
/** Characters that nobody sees, e.g. zero-width spaces. */
const invisible = /\p{Cf}/gu;

/** Makes text of others safe for a terminal: a line break becomes ⏎, another control character its name, e.g. [U+001B]. */
export const printable = (text: string): string => text.replace(steering, nameOf);

/** `printable`, in quotation marks, shortened, and with invisible characters shown, e.g. "A[U+200B]B". */
export function quoted(text: string, longest = 100): string {
  const characters = [...text];
  const shown = characters.length > longest ? `${characters.slice(0, longest).join("")}…` : text;
  return `"${printable(shown).replace(invisible, nameOf)}"`;
}

/** Paths are quoted whole: their end says most. */
export const quotedPath = (path: string): string => quoted(path, 4096);

function nameOf(character: string): string {
  if (/^\r?\n$/.test(character)) return "⏎";
  return `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** 1234567 as `1,234,567`. */
export const count = (number: number): string => number.toLocaleString("en-US");

/** `1 row`, `2 rows`. */
export const countOf = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

const units = ["bytes", "kB", "MB", "GB"];

/** A size for people: `4,174 bytes`, `12.3 MB`. */
export function size(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return power === 0 ? countOf(bytes, "byte") : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** A span of time for people: `0.4 s`, `12 s`, `3 min 5 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** Breaks text between words into lines of at most `width` characters; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
