import { isAscii } from "node:buffer";
import { cutCharacterLength, highCharacters, type SingleByteEncoding, utf8Length } from "./conversions.ts";
import type { Encoding } from "./reading.ts";

/** The evidence of the bytes beyond ASCII about the encoding of a file. */
export interface Evidence {
  /** Characters of UTF-8 that text of another encoding hardly ever contains by chance. */
  readonly characters: number;
  /** Bytes that are not UTF-8. */
  readonly strangers: number;
}

/** Looks at all bytes beyond ASCII. The last bytes may belong to a character that goes on. */
export function utf8Evidence(bytes: Uint8Array): Evidence {
  const end = bytes.length - cutCharacterLength(bytes, "utf-8");
  let characters = 0;
  let strangers = 0;
  /** A character of two bytes that nothing but a neighbour of its kind makes likely: Greek, Cyrillic, Arabic. */
  let isPending = false;
  for (let at = 0; at < end; ) {
    const length = bytes[at]! < 0x80 ? 1 : utf8Length(bytes, at);
    const isTwoBytes = length === 2 && !isLatin(bytes, at);
    if (isTwoBytes && isPending) characters += 1;
    if (length > 2 || (length === 2 && !isTwoBytes)) characters += 1;
    if (length === 0) strangers += 1;
    isPending = isTwoBytes;
    at += Math.max(1, length);
  }
  return { characters, strangers };
}

/** A letter or sign from U+00A0 to U+02FF. */
const isLatin = (bytes: Uint8Array, at: number) => bytes[at]! <= 0xcb && (bytes[at] !== 0xc2 || bytes[at + 1]! >= 0xa0);

/** Tells whether a file is not UTF-8, by its bytes beyond ASCII: ten invalid bytes outweigh each valid character. */
export const looksForeign = ({ characters, strangers }: Evidence): boolean => characters * 10 <= strangers;

/** Words that are looked at, at most: a few thousand names tell an encoding as well as a million. */
const mostWords = 5_000;

/** How an encoding reads the words that have bytes beyond ASCII. */
interface Candidate {
  readonly encoding: SingleByteEncoding;
  /** The part of the words that look like words, from 0 to 1; 1 if nothing speaks against the encoding. */
  readonly likely: number;
  /** The logarithm of how usual its letters are in names. */
  readonly usual: number;
  readonly text: string;
}

/** The encodings that are looked for when a file names none. */
const candidates: readonly SingleByteEncoding[] = [
  "windows-1252",
  "macintosh",
  "ibm850",
  "windows-1250",
  "iso-8859-15",
  "iso-8859-2",
];

/**
 * Tells the encoding of a file that is not UTF-8 and names no encoding (file formats, section 1.5). It is Windows-1252 if
 * nine words in ten look like words then. Otherwise it is the encoding in which nearly all do, if only one is.
 * @returns undefined if the words are likely in no encoding, or in several
 */
export function guessEncoding(bytes: Uint8Array): Encoding | undefined {
  const words = strangeWords(bytes);
  const hungarian = hungarianEvidence(words);
  if (hungarian !== "none") return hungarian === "clear" ? "windows-1250" : undefined;
  const judged = candidates.map((encoding) => judge(words, encoding));
  const [windows, ...others] = judged as [Candidate, ...Candidate[]];
  const mac = others[0]!;
  // Only classic Mac programs end lines with CR.
  const isOfMac = bytes.includes(0x0d) && !bytes.includes(0x0a);
  if (isOfMac && mac.likely >= 0.9 && mac.usual >= windows.usual) return "macintosh";
  if (windows.likely >= 0.9) return "windows-1252";
  const likely = others.filter((one) => one.likely >= 0.95).sort((one, other) => other.usual - one.usual);
  const [best, second] = likely.filter((one, index) => likely.findIndex(({ text }) => text === one.text) === index);
  if (best && (second === undefined || best.usual - second.usual >= clearly)) return best.encoding;
  return windows.likely >= 0.8 ? "windows-1252" : undefined;
}

/** Tells whether the words beyond ASCII are, for the most part, no words in an encoding. */
export const looksGarbled = (bytes: Uint8Array, encoding: SingleByteEncoding): boolean =>
  judge(strangeWords(bytes), encoding).likely < 0.5;

/** Letters of Hungarian in Windows-1250, as Windows-1252 reads them: ő and ű become õ and û. */
const hungarianWord = /^[a-z'áéíóöúüõû]+$/i;
/** So few words of many are rather Estonian or French. */
const rare = 0.1;

/**
 * The evidence that words are Hungarian in Windows-1250. They look like words in Windows-1252, too, but there õ and û
 * occur in languages that also have other letters, and õ before e in Portuguese.
 */
function hungarianEvidence(words: readonly string[]): "clear" | "possible" | "none" {
  const texts = words.map((word) => readWord(word, highCharacters("windows-1252")));
  const isHungarian = (text: string) => hungarianWord.test(text) && !/õe/i.test(text);
  const suspects = texts.filter((text) => /[õû]/i.test(text) && isHungarian(text)).length;
  const others = texts.filter((text) => !isHungarian(text)).length;
  if (suspects === 0 || others * 4 >= suspects || suspects < texts.length * rare) return "none";
  return others === 0 && suspects >= 2 && texts.length >= 4 ? "clear" : "possible";
}

const readWord = (word: string, table: string): string =>
  word.replace(/[\u0080-\u00ff]/g, (character) => table[character.charCodeAt(0) - 0x80]!);

/** Ten times as likely. */
const clearly = Math.log(10);

/** Each different word that has a byte beyond ASCII, one byte a character. */
function strangeWords(bytes: Uint8Array): string[] {
  const words = new Set<string>();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  for (const [word] of text.matchAll(/[A-Za-z'\u0080-\u00ff]+/g)) {
    if (!/[\u0080-\u00ff]/.test(word)) continue;
    words.add(word.slice(0, 100));
    if (words.size === mostWords) break;
  }
  return [...words];
}

function judge(words: readonly string[], encoding: SingleByteEncoding): Candidate {
  const table = highCharacters(encoding);
  let good = 0;
  let bad = 0;
  let usual = 0;
  const read: string[] = [];
  for (const word of words) {
    const text = readWord(word, table);
    read.push(text);
    const verdict = looksLikeWord(text);
    if (verdict === true) good += 1;
    else if (verdict === false) bad += 1;
    for (const letter of text.toLowerCase()) if (letter > "\u007f") usual += Math.log(frequency(letter));
  }
  return { encoding, likely: good + bad === 0 ? 1 : good / (good + bad), usual, text: read.join(" ") };
}

/** Letters that occur in names, the most usual first. Letters of one row are about equally frequent. */
const frequencies: readonly (readonly [letters: string, frequency: number])[] = [
  ["éáíóñüöä", 8],
  ["çèëãúåøß", 3],
  ["êïæœłąęśćżźńčšžřěů’", 1],
  ["îôàâòìõûùýÿðþőűťďňľ", 0.3],
];

const frequency = (letter: string): number => frequencies.find(([letters]) => letters.includes(letter))?.[1] ?? 0.03;

/**
 * Tells whether a run of letters and characters beyond ASCII looks like a word of a name: no sign inside, no capital letter
 * after a small one, no small letter among capitals.
 * @returns undefined for what says nothing: signs alone
 */
function looksLikeWord(text: string): boolean | undefined {
  if (text.includes("\ufffd")) return false;
  const inside = text.replace(/^[“‘„«‹¿¡'\u00a0]+/u, "").replace(/[”’»›…™®©ªº°'\u00a0]+$/u, "");
  if (!/\p{L}/u.test(inside) || isAscii(Buffer.from(inside))) return undefined;
  const parts = inside.split(/['’·\u00a0\u00ad]|[–—](?=\p{Lu})/u);
  // Cyrillic and Greek have no letter of ASCII.
  if (isMixed(inside) || /^[^\p{ASCII}]{4,}$/u.test(inside)) return false;
  return parts.every((part) => part === "" || /^[\p{Lu}\p{Ll}\p{M}]+$/u.test(part)) && !signs.test(inside)
    ? parts.every(hasUsualCase)
    : false;
}

/**
 * True for letters that no language has in one word: Czech, Slovak, Croatian and Romanian in Windows-1250 look so in
 * Windows-1252, as in `Dvoøák`, `Krejèí`, `Juriæ` and `Bãlan`, and Turkish does in `Çaðlayanoðlu`.
 */
const isMixed = (word: string): boolean =>
  (/ø/i.test(word) && /[áíýúìèòùšž]/i.test(word)) ||
  (/[èìòù]/i.test(word) && /[ýšž]/i.test(word)) ||
  /è.*[íú]|[íú].*è|[aiu]è$|iæ|[aou]æ$|ã[^oesi]|þ$|þ[bcdfgklmnpqstz]|o[ðđ]lu|[âçò].*[ðđň]|ňđ|ý.*ţ|ţ.*ý/i.test(word);

/** Letters to Unicode, but not of any name in these encodings. */
const signs = /[ƒµﬁﬂıΩπ]/u;

function hasUsualCase(part: string): boolean {
  for (let index = 0; index < part.length; index += 1) {
    if (part[index]! <= "\u007f") continue;
    const [before, letter, after] = [part[index - 1], part[index]!, part[index + 1]];
    if (isCapital(letter)) {
      if (isSmall(before) || (isCapital(before) && isSmall(after))) return false;
    } else if (isSmall(letter) && isCapital(after)) return false;
    else if (isSmall(letter) && letter !== "ß" && isCapital(before) && isCapital(part[index - 2])) return false;
  }
  return true;
}

const isCapital = (letter: string | undefined) => letter !== undefined && /\p{Lu}/u.test(letter);
const isSmall = (letter: string | undefined) => letter !== undefined && /\p{Ll}/u.test(letter);
