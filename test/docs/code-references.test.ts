/** Checks that references from code and documents to sections, decisions and pages lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { anchorsOf, filesBelow, proseOf, readDocument, repository } from "./markdown.ts";

const fileFormats = readDocument("docs/file-formats.md");
/** The numbers of the sections and subsections, such as `5` and `5.2`. */
const sections = new Set(
  [...proseOf(fileFormats).matchAll(/^#{2,3} (\d+)\.(\d+)? /gm)].map(([, section, part]) =>
    part === undefined ? section! : `${section}.${part}`,
  ),
);
/** The numbers of the decisions, such as `017`. */
const decisions = new Set(readdirSync(join(repository, "docs/decisions")).map((name) => name.slice(0, 3)));

const texts = ["src", "test", "bench", "docs", "openapi", "prisma"]
  .flatMap((folder) => filesBelow(folder))
  .concat("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", ".env.example")
  .filter((path) => /\.(?:ts|md|sql|json|prisma|example)$/.test(path) && path !== "test/docs/code-references.test.ts")
  // A reference can continue on the next line of a comment.
  .map((path) => ({ path, text: readDocument(path).text.replaceAll(/\n[ \t]*(?:\*|\/\/|--)?[ \t]*/g, " ") }));

/** Every match of the pattern in the code and the documents, with its file. */
const matchesOf = (pattern: RegExp) =>
  texts.flatMap(({ path, text }) => [...text.matchAll(pattern)].map((match) => ({ path, match })));

describe("references from code and documents", () => {
  test("a section of the file formats exists, and the page has one name", () => {
    const list = /\bfile formats, sections? (\d[\d.]*(?:(?:, (?:and )?| and | to |–)\d[\d.]*)*)/gi;
    const references = matchesOf(list);
    assert(references.length > 100, "there are references");
    for (const { path, match } of references) {
      for (const number of match[1]!.match(/\d+(?:\.\d+)?/g)!) {
        assert(sections.has(number), `${path}: "${match[0]}": the file formats have no section ${number}`);
      }
    }
    const misnamed = matchesOf(/\bfeed formats\b|\bfile formats[,:]? \(?(?:sections? )?\d/gi).filter(
      ({ match }) => !/^file formats, section/i.test(match[0]),
    );
    assert.deepEqual(
      misnamed.map(({ path, match }) => `${path}: "${match[0]}": write "file formats, section N"`),
      [],
    );
  });

  test("a section of the file formats exists that they mention themselves", () => {
    for (const [text, number] of proseOf(fileFormats).matchAll(/\bsections?\s+(\d+(?:\.\d+)?)/g)) {
      assert(sections.has(number!), text);
    }
  });

  test("a decision exists", () => {
    const references = matchesOf(/\bdecisions?[/ ](\d{3})\b/g);
    assert(references.length > 10, "there are references");
    for (const { path, match } of references) assert(decisions.has(match[1]!), `${path}: ${match[0]}`);
  });

  test("a page and its heading exist", () => {
    for (const { path, match } of matchesOf(/(?<![\w./-])(docs\/[\w./-]+\.md)(?:#([\w-]+))?/g)) {
      const [reference, page = "", anchor] = match;
      assert(existsSync(join(repository, page)), `${path}: ${reference} is not there`);
      if (anchor !== undefined) assert(anchorsOf(readDocument(page)).includes(anchor), `${path}: ${reference}`);
    }
  });
});
