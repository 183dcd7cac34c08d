/** Checks that every reference in the documents leads somewhere. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, test } from "node:test";
import { allDocuments, anchorsOf, linksOf, readDocument, repository } from "./markdown.ts";

const documents = allDocuments();

describe("the guide and the reference", () => {
  const pages = documents.filter(({ path }) => /^docs\/(?:guide|reference)\//.test(path));

  test("the README links every page by its title", () => {
    const readme = readDocument("README.md").text.replaceAll(/\s+/g, " ");
    for (const { path, text } of pages) {
      const title = /^# (.+)$/m.exec(text)?.[1];
      assert(readme.includes(`[${title}](${path})`), `README.md lacks [${title}](${path})`);
    }
  });

  test("a page has at most 400 lines", () => {
    const long = pages.filter(({ text }) => text.split("\n").length > 400).map(({ path }) => path);
    assert.deepEqual(long, []);
  });
});

describe("references", () => {
  for (const document of documents) {
    const folder = resolve(repository, document.path, "..");

    test(`${document.path}: every relative link leads somewhere`, () => {
      for (const link of linksOf(document).filter((target) => !/^[a-z]+:/.test(target))) {
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? join(repository, document.path) : resolve(folder, file);
        assert(!relative(repository, target).startsWith(".."), `${link} leaves the repository`);
        assert(existsSync(target), `${link} is not there`);
        if (anchor === undefined) continue;
        const anchors = anchorsOf(readDocument(relative(repository, target)));
        assert(anchors.includes(anchor), `${link}: there is no such heading`);
      }
    });

    test(`${document.path}: every path of the project that is mentioned exists`, () => {
      const mentioned = [
        ...document.text.matchAll(/(?<![\w./$-])(?:src|test|docs|prisma|openapi|bench|\.ci)\/[\w./-]*\w/g),
      ];
      for (const [path] of mentioned) assert(existsSync(join(repository, path)), `${path} is not there`);
    });

    test(`${document.path}: no path outside the repository is mentioned`, () => {
      const links = linksOf(document);
      const withoutLinks = links.reduce((text, link) => text.replaceAll(`](${link})`, "]"), document.text);
      assert.doesNotMatch(withoutLinks, /(?:^|[\s"'(`=])\.\.\//m);
      // Of absolute paths only the service's addresses, and what every system or container has.
      const known =
        /^\/(v\d|sign-in|docs|openapi\.json|healthz|readyz|metrics|api|problems|var\/lib\/(muster|postgresql)|data|app|dev\/null|bin\/sh|usr\/bin\/env)\b/;
      const absolute = [...withoutLinks.matchAll(/(?<![\w>}*)"'./:<-])\/[a-z][\w.-]*(?:\/[\w.{}:%-]*)*/g)];
      const unknown = absolute.map(([path]) => path).filter((path) => !known.test(path));
      assert.deepEqual(unknown, []);
    });
  }
});
