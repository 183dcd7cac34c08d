/** Runs the examples of the documents and compares the answers with those that the documents show. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { text as textOf } from "node:stream/consumers";
import { describe, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { allDocuments, type Block, blocksOf, type Document, readDocument, repository } from "./markdown.ts";

/** A command of a document, and the answer after it, if the document shows one. */
interface Example {
  readonly path: string;
  readonly command: Block;
  readonly answer: Block | undefined;
}

function examplesOf(document: Document): Example[] {
  const blocks = blocksOf(document);
  return blocks.flatMap((command, index) => {
    if (!command.isRun) return [];
    const next = blocks[index + 1];
    return [{ path: document.path, command, answer: next && next.language !== "sh" ? next : undefined }];
  });
}

/** The page whose examples run before this page's examples: `<!-- after: PATH -->`. */
function prerequisiteOf({ text }: Document): Document | undefined {
  const path = /^<!-- after: (\S+) -->$/m.exec(text)?.[1];
  return path === undefined ? undefined : readDocument(path);
}

/** Marks the end of a command's output. */
const separator = "\u001e";

/** Runs the commands one after the other in one shell; returns the output of each. */
async function runExamples(
  examples: readonly Example[],
  { url, key, operatorKey }: { readonly url: string; readonly key: string; readonly operatorKey: string },
): Promise<string[]> {
  const commands = examples.map(
    ({ command }) => `${command.text.replaceAll("http://127.0.0.1:8080", url)}\nprintf '\\036'\n`,
  );
  const command = `muster() { '${process.execPath}' src/cli/main.ts "$@"; }\n`;
  const shell = spawn("bash", ["-euo", "pipefail", "-c", command + commands.join("")], {
    cwd: repository,
    env: {
      PATH: process.env.PATH,
      TMPDIR: tmpdir(),
      LC_ALL: "C.UTF-8",
      MUSTER_URL: url,
      MUSTER_KEY: key,
      MUSTER_OPERATOR_KEY: operatorKey,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, complaints] = await Promise.all([textOf(shell.stdout), textOf(shell.stderr)]);
  const printed = output.split(separator);
  const failed = examples[printed.length - 1];
  assert(!failed, `${failed?.path}:${failed?.command.line}: the command failed.\n${printed.at(-1)}\n${complaints}`);
  return printed.slice(0, -1);
}

/** Replaces everything that differs from run to run: ids, times, keys, cursors, and the name of the organization. */
const mask = (text: string) =>
  text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "(id)")
    .replaceAll(/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z/g, "(time)")
    .replaceAll(/muster_[A-Za-z0-9_-]{43}/g, "(key)")
    .replaceAll(/("\w*[cC]ursor": ?)"[A-Za-z0-9_-]+"/g, '$1"(cursor)"')
    .replaceAll('"Test University"', '"University"')
    .replaceAll("\r\n", "\n")
    .trim();

function assertShown(printed: string, { path, command, answer }: Example): void {
  if (!answer) return;
  const place = `the answer to ${path}:${command.line}`;
  if (answer.language !== "json") assert.equal(mask(printed), mask(answer.text), place);
  else assert.deepEqual(JSON.parse(mask(printed)), JSON.parse(mask(answer.text)), place);
}

const pages = allDocuments().filter((document) => examplesOf(document).length > 0);

test("the README, the guide, the reference and the command line have examples", () => {
  const folders = new Set(pages.map(({ path }) => path.replace(/[\w-]+\.md$/, "")));
  assert.deepEqual([...folders].sort(), ["", "docs/", "docs/guide/", "docs/reference/"]);
});

describe("examples", () => {
  for (const page of pages) {
    test(`${page.path} shows what the service answers`, async (t) => {
      const prerequisite = prerequisiteOf(page);
      const examples = [...(prerequisite ? examplesOf(prerequisite) : []), ...examplesOf(page)];
      const app = await startTestApp(await createTestDatabase(t), {}, { requireGroup: true });
      const printed = await runExamples(examples, app);
      for (const [index, example] of examples.entries()) {
        if (example.path !== page.path) continue;
        await t.test(`line ${example.command.line}`, () => assertShown(printed[index]!, example));
      }
    });
  }
});
