import type { Phone } from "./records.ts";

/** Words for the labels of phones, in lower case. */
const labels = new Map<string, Phone["label"]>([
  ["home", "home"],
  ["work", "work"],
  ["office", "work"],
  ["business", "work"],
  ["cell", "cell"],
  ["cellular", "cell"],
  ["cell phone", "cell"],
  ["mobile", "cell"],
  ["mobile phone", "cell"],
  ["other", "other"],
]);

/** Short words that tell a label beside a number, as in `(c) 212-555-0101`. */
const shortLabels = new Map<string, Phone["label"]>([...labels, ["c", "cell"], ["m", "cell"], ["mob", "cell"]]);
for (const [word, label] of [
  ["h", "home"],
  ["w", "work"],
  ["o", "work"],
] as const)
  shortLabels.set(word, label);

/** Words for the types of messages, in lower case. */
const messageTypes = new Map<string, Phone["messageType"]>([
  ["1", 1],
  ["text", 1],
  ["texts", 1],
  ["sms", 1],
  ["2", 2],
  ["voice", 2],
  ["call", 2],
  ["calls", 2],
  ["3", 3],
  ["both", 3],
  ["all", 3],
  ["text and voice", 3],
  ["voice and text", 3],
]);

const lookUp = <Value>(words: ReadonlyMap<string, Value>, text: string): Value | undefined =>
  words.get(text) ?? words.get(text.toLowerCase());

/** Returns the label that a word means; undefined if it means none. */
export const labelOf = (text: string): Phone["label"] | undefined => lookUp(labels, text);

/** Returns the type of messages that a word or a number means; undefined if it means none. */
export const messageTypeOf = (text: string): Phone["messageType"] | undefined => lookUp(messageTypes, text);

const wordOf = (text: string): string => text.toLowerCase().replace(/ phone$/, "");

/** A number as it was written, without the words around it. */
export interface WrittenNumber {
  readonly number: string;
  readonly label?: Phone["label"] | undefined;
  readonly messageType?: Phone["messageType"] | undefined;
}

const longest = 100;
const dialable = String.raw`[\d(+]`;
const prefix = new RegExp(String.raw`^\(?([a-z]{1,9}(?: phone)?)\)?\s*[.:#]?\s*(?=${dialable})`, "i");
const suffix = /^([^a-z]*\d)(?:\s*[([]\s*|\s+|\s*-\s+)([a-z]{1,9}(?: phone)?)[)\]]?$/i;
const neutralWords = new Set(["tel", "telephone", "phone", "ph", "call", "callto", "sms", "number"]);
const messageTypeAfter = /(?:\s*[([]\s*|\s+|\s+-\s+)(texts?|sms|voice|both)(?: only)?\s*[)\]]?$/i;
const labelInParentheses = /\s*[([]\s*([a-z]{1,9}(?: phone)?)\s*[)\]]$/i;
const extensionInParentheses = /\(\s*(?:x|ext\.?)\s*(\d{1,9})\s*\)$/i;
const bareExtension = /\s*(?:\bx|\bext\.?)$/i;

/**
 * Reads what people write around a number: `tel:`, a label as in `(cell)` or `home:`, and an extension in parentheses
 * (file formats, section 2). Text that is understood is left out of the number; any other stays, and makes it impossible.
 */
export function readWrittenNumber(text: string): WrittenNumber {
  if (text.length > longest || !/[a-z]/i.test(text)) return { number: text };
  let label: Phone["label"] | undefined;
  let number = text.replace(/;phone-context=[^;]*/i, "");
  const type = messageTypeAfter.exec(number);
  if (type) number = number.slice(0, type.index);
  const messageType = type ? messageTypeOf(type[1]!) : undefined;
  const before = prefix.exec(number);
  const word = wordOf(before?.[1] ?? "");
  if (before && (neutralWords.has(word) || shortLabels.has(word))) {
    label = shortLabels.get(word);
    number = number.slice(before[0].length);
  }
  const aside = labelInParentheses.exec(number);
  const labelAside = aside ? shortLabels.get(wordOf(aside[1]!)) : undefined;
  if (aside && labelAside) {
    label ??= labelAside;
    number = number.slice(0, aside.index);
  }
  number = number.replace(extensionInParentheses, " x$1").replace(bareExtension, "");
  const after = suffix.exec(number);
  const labelAfter = after ? shortLabels.get(wordOf(after[2]!)) : undefined;
  if (after && labelAfter) {
    label ??= labelAfter;
    number = after[1]!;
  }
  return { number, label, messageType };
}
