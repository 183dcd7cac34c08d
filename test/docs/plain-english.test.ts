/** Counts constructions that CONTRIBUTING asks to avoid, in code and documents. Their number may only fall. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Document, filesBelow, proseOf, readDocument } from "./markdown.ts";

/** A construction, the rule that it breaks, and how often it may occur: lower the ceiling whenever you can. */
interface Construction {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly ceiling: number;
}

/** Rules (a) to (g) of CONTRIBUTING, "Plain English". */
const constructions: readonly Construction[] = [
  {
    rule: "(a) name the actor: a comment begins with What, Who, Whose, Whom, Whether or Where",
    pattern: /^[ \t]*(?:\/\*\*|\*|\/\/)[ \t]*(?:What|Who|Whose|Whom|Whoever|Whether|Where)\b/gm,
    ceiling: 0,
  },
  { rule: "(a) name the actor: whoever", pattern: /\bwho(?:so)?m?ever\b/gi, ceiling: 0 },
  { rule: '(b) "is not a", never "is none"', pattern: /\b(?:is|are|was|were|be) none\b/gi, ceiling: 0 },
  { rule: "(c) things are, appear or contain", pattern: /\b(?:stands?|stood)\b(?! ?alone|-in)/gi, ceiling: 0 },
  {
    rule: "(d) the trade's words: give way, for want of, be it",
    pattern: /\bg[ia]ves? way\b|\bfor want of\b|\bbe it\b/gi,
    ceiling: 0,
  },
  { rule: "(d) the trade's words: anew", pattern: /\banew\b/gi, ceiling: 0 },
  {
    rule: "(g) name the thing: the same of, that of, those of",
    pattern: /\b(?:the same|that|those) of\b/gi,
    ceiling: 0,
  },
  {
    rule: "(g) name the thing: say, tell or know of",
    pattern: /\b(?:says?|said|tells?|told|knows?|known) of\b/gi,
    ceiling: 0,
  },
];

/** The most words of a sentence in a document. The rule says 25; lists of names need some more. */
const longSentence = 32;
/** The README lists the pages of the reference in one paragraph, which counts as a sentence. */
const longSentenceCeiling = 1;

const isCounted = (path: string) => /\.(?:ts|md)$/.test(path) && path !== "test/docs/plain-english.test.ts";

/** CONTRIBUTING shows the constructions in order to forbid them. */
const withoutExamples = ({ path, text }: Document): Document =>
  path === "CONTRIBUTING.md" ? { path, text: text.replace(/^## Plain English$.*?(?=^## )/ms, "") } : { path, text };

const texts = filesBelow("").filter(isCounted).map(readDocument).map(withoutExamples);

/** The sentences of a document, without its tables, headings and code. */
function sentencesOf(document: Document): string[] {
  return proseOf(document)
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/)
    .filter((paragraph) => !/^[|#>]/.test(paragraph.trim()))
    .flatMap((paragraph) => paragraph.replaceAll(/\]\([^)]*\)/g, "]").split(/(?<=[.!?:;)"*_])\s+(?=[A-Z"`*_[(])/));
}

const wordsOf = (sentence: string) => sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;

describe("plain English", () => {
  for (const { rule, pattern, ceiling } of constructions) {
    test(rule, (t) => {
      const found = texts.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(() => path));
      if (found.length < ceiling) t.diagnostic(`${found.length} instead of ${ceiling}: lower the ceiling`);
      assert(
        found.length <= ceiling,
        `${found.length} occurrences, at most ${ceiling} may be:\n${mostFrequent(found)}`,
      );
    });
  }

  test(`(e) one idea per sentence: more than ${longSentence} words in a document`, (t) => {
    const found = texts
      .filter(({ path }) => path.endsWith(".md"))
      .flatMap((document) =>
        sentencesOf(document)
          .filter((sentence) => wordsOf(sentence) > longSentence)
          .map(() => document.path),
      );
    if (found.length < longSentenceCeiling) t.diagnostic(`${found.length} instead of ${longSentenceCeiling}`);
    assert(found.length <= longSentenceCeiling, `${found.length} long sentences:\n${mostFrequent(found)}`);
  });
});

/** The files with the most occurrences, one a line. */
function mostFrequent(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1);
  const sorted = [...counts].sort(([, one], [, other]) => other - one).slice(0, 30);
  return sorted.map(([path, count]) => `${count} ${path}`).join("\n");
}
