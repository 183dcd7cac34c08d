/** Holds the documents to the code: what they show is run, what they list is compared. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { describe, test } from "node:test";
import { environmentSchema } from "../../src/config.ts";
import { groupCategories } from "../../src/directory/group-codes.ts";
import { problems, rowIssues } from "../../src/errors.ts";
import { access, accessRule, operatorAddresses } from "../../src/http/callers/access.ts";
import { httpLimits } from "../../src/http/server/limits.ts";
import { limits } from "../../src/intake/limits.ts";
import { auditActions } from "../../src/organizations/audit-log.ts";
import { guardLimitsSchema } from "../../src/organizations/guard-limits.ts";
import { settingsSchema } from "../../src/organizations/settings.ts";
import { holdCodes } from "../../src/reconcile/guard/guard.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  allDocuments,
  anchorsOf,
  type Block,
  blocksOf,
  type Document,
  linksOf,
  proseOf,
  readDocument,
  repository,
  tableRows,
} from "./markdown.ts";

const apiGuide = readDocument("docs/api-guide.md");
const fileFormats = readDocument("docs/file-formats.md");
const operating = readDocument("docs/operating.md");
const documents = allDocuments();

/** A command that a document shows, and the answer that it shows; undefined where it shows none. */
interface Example {
  readonly command: Block;
  readonly answer: Block | undefined;
}

function examplesOf(document: Document): Example[] {
  const blocks = blocksOf(document);
  return blocks.flatMap((command, index) => {
    if (!command.isRun) return [];
    const next = blocks[index + 1];
    return [{ command, answer: next && next.language !== "sh" ? next : undefined }];
  });
}

/** Ends what a command prints. */
const separator = "\u001e";

/** Runs the commands of a document one after the other in one shell; returns what each printed. */
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
  assert(!failed, `line ${failed?.command.line}: the command failed.\n${printed.at(-1)}\n${complaints}`);
  return printed.slice(0, -1);
}

/** Without what is another one each time: ids, times, keys, cursors, and the name of the tests' organization. */
const mask = (text: string) =>
  text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "(id)")
    .replaceAll(/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z/g, "(time)")
    .replaceAll(/muster_[A-Za-z0-9_-]{43}/g, "(key)")
    .replaceAll(/("\w*[cC]ursor": ?)"[A-Za-z0-9_-]+"/g, '$1"(cursor)"')
    .replaceAll('"Test University"', '"University"')
    .replaceAll("\r\n", "\n")
    .trim();

function assertShown(printed: string, { command, answer }: Example): void {
  if (!answer) return;
  const where = `the answer to line ${command.line}`;
  if (answer.language !== "json") assert.equal(mask(printed), mask(answer.text), where);
  else assert.deepEqual(JSON.parse(mask(printed)), JSON.parse(mask(answer.text)), where);
}

describe("examples", () => {
  for (const path of ["README.md", "docs/api-guide.md", "docs/command-line.md"]) {
    test(`${path} shows what the service answers`, async (t) => {
      const examples = examplesOf(readDocument(path));
      assert(examples.length > 0, "there are examples");
      const app = await startTestApp(await createTestDatabase(t));
      const printed = await runExamples(examples, app);
      for (const [index, example] of examples.entries()) {
        await t.test(`line ${example.command.line}`, () => assertShown(printed[index]!, example));
      }
    });
  }
});

/** What a table lists in the first column, as `code`, with the rest of each row. */
const listed = (document: Document) =>
  new Map(
    tableRows(document).flatMap(([first = "", ...rest]) => {
      const name = /^`([^`]+)`$/.exec(first)?.[1];
      return name === undefined ? [] : [[name, rest] as const];
    }),
  );

describe("lists", () => {
  test("the file formats list every row issue as what it is, and no other", () => {
    const prose = proseOf(fileFormats);
    const [, failures = "", warnings = ""] = prose.split(/^\*\*(?:Failures|Warnings)\*\*/m);
    const codes = (section: string) => [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, code]) => code!);
    const issues = Object.entries(rowIssues);
    const ofSeverity = (wanted: string) =>
      issues.filter(([, { severity }]) => severity === wanted).map(([code]) => code);
    assert.deepEqual(codes(failures).sort(), ofSeverity("failure").sort());
    assert.deepEqual(codes(warnings).sort(), ofSeverity("warning").sort());
  });

  test("the API guide lists every problem with its status, and no other", () => {
    const rows = [...listed(apiGuide)].filter(([, [status = ""]]) => /^[45]\d\d$/.test(status));
    const shown = rows.map(([code, [status]]) => `${code} ${status}`);
    const known = Object.entries(problems).map(([code, { status }]) => `${code} ${status}`);
    assert.deepEqual(shown.sort(), known.sort());
  });

  test("the guard's document lists every limit with its default, and every reason", () => {
    const rows = tableRows(readDocument("docs/guard.md")).filter(([name = ""]) => /^`\w+`$/.test(name));
    const shown = rows.map(([name = "", standard = ""]) => [name.slice(1, -1), JSON.parse(standard.slice(1, -1))]);
    assert.deepEqual(Object.fromEntries(shown), guardLimitsSchema.parse({}));
    const reasons = new Set(rows.map(([, , reason = ""]) => reason.slice(1, -1)).filter((reason) => reason !== ""));
    assert.deepEqual([...reasons].sort(), [...holdCodes].sort());
  });

  test("the API guide lists every limit of what is read", () => {
    const shown = tableRows(apiGuide).flatMap(([, limit, name = ""]) => {
      const key = /^`((?:xml|csv|json|user)\.\w+)`$/.exec(name)?.[1];
      return key === undefined ? [] : [`${key} ${limit}`];
    });
    const known = Object.entries(limits).flatMap(([part, values]) =>
      Object.entries(values).map(([name, limit]) => `${part}.${name} ${Number(limit).toLocaleString("en-US")}`),
    );
    assert.deepEqual(shown.sort(), known.sort());
  });

  test("the API guide lists every address that is published, with the services that open it", async () => {
    const { default: contract } = await import("../../openapi/openapi.json", { with: { type: "json" } });
    const published = Object.entries(contract.paths)
      .filter(([path]) => path.startsWith("/v1/"))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const servicesOf = (address: string) => {
      const [method = "", path = ""] = address.split(" ");
      const route = path.replaceAll(/\{(\w+)\}/g, ":$1");
      if (operatorAddresses.includes(`${method} ${route}`)) return ["the operator's key"];
      return accessRule(method, route)?.services ?? [];
    };
    const known = published.map((address) => `${address}: ${[...servicesOf(address)].sort().join(", ")}`);
    const shown = [...listed(apiGuide)]
      .filter(([address]) => /^[A-Z]+ \/v1\//.test(address))
      .map(
        ([address, [services = ""]]) => `${address}: ${services.replaceAll(/[`–]/g, "").split(", ").sort().join(", ")}`,
      );
    assert.deepEqual(shown.sort(), known.sort());
  });

  test("the API guide lists what people need, where it is not to be network administrators", () => {
    const words: Readonly<Record<string, string>> = {
      nothing: "anyone",
      "to be the user": "self",
      "`see` in the group": "see",
      "`decide` in the group": "decide",
      "`administer` the group": "administer",
    };
    const shown = tableRows(apiGuide).flatMap(([address = "", people = ""]) =>
      Object.hasOwn(words, people) ? [`${address.replaceAll("`", "")}: ${words[people]}`] : [],
    );
    const known = Object.keys(access).flatMap((address) => {
      const [method = "", pattern = ""] = address.split(" ");
      const people = accessRule(method, pattern)?.people ?? "";
      const isUsual = ["network-administrators", "nobody"].includes(people);
      return isUsual ? [] : [`${method} ${pattern.replaceAll(/:(\w+)/g, "{$1}")}: ${people}`];
    });
    assert.deepEqual(shown.sort(), known.sort());
  });

  test("operating lists every limit of requests with its value", () => {
    const rows = tableRows(operating).flatMap(([, value = "", name = ""]) => {
      const key = /^`(\w+)`$/.exec(name)?.[1];
      return key !== undefined && /^[\d,]+( s)?$/.test(value) ? [`${key} ${value}`] : [];
    });
    const { IMPORT_MAX_BYTES, RATE_LIMIT_PER_MINUTE, FAILURE_LIMIT_PER_MINUTE } = environmentSchema.parse({});
    const times = /^(headersWhole|connectionIdle|bodyPause|bodyWhole|bodyRest|answerPause|answerWhole)$/;
    const known = Object.entries({ ...httpLimits, IMPORT_MAX_BYTES, RATE_LIMIT_PER_MINUTE, FAILURE_LIMIT_PER_MINUTE });
    const text = (value: number) => value.toLocaleString("en-US");
    assert.deepEqual(
      rows.sort(),
      known.map(([key, value]) => `${key} ${times.test(key) ? `${text(value / 1000)} s` : text(value)}`).sort(),
    );
  });

  test("the API guide lists every action of the audit log", () => {
    const shown = tableRows(apiGuide).flatMap(([first = ""]) => [...first.matchAll(/`(\w+\.\w+|sign_out)`/g)]);
    const names = shown.map(([, name]) => name!).filter((name) => !/^(xml|csv|json|user)\./.test(name));
    assert.deepEqual(names.sort(), [...auditActions].sort());
  });

  test("the API guide explains every setting", () => {
    const names = [...listed(apiGuide).keys(), ...tableRows(apiGuide).map(([first = ""]) => first)].join(" ");
    for (const name of Object.keys(settingsSchema.shape)) assert.match(names, new RegExp(`\\b${name}\\b`));
  });

  test("the file formats list every category of groups", () => {
    const shown = tableRows(fileFormats).flatMap((cells) =>
      cells.flatMap((cell, index) => (/^\d+$/.test(cell) ? [[Number(cell), cells[index + 1]] as const] : [])),
    );
    assert.deepEqual(Object.fromEntries(shown), groupCategories);
  });

  test("operating lists every variable of the environment with its default", () => {
    const shown = [...listed(operating)]
      .filter(([name]) => /^[A-Z_]+$/.test(name))
      .map(([name, [value = ""]]) => `${name} ${value.replaceAll("`", "")}`);
    const known = Object.entries(environmentSchema.parse({})).map(([name, value]) => `${name} ${value ?? "–"}`);
    const unset = Object.keys(environmentSchema.shape).filter(
      (name) => !known.some((line) => line.startsWith(`${name} `)),
    );
    assert.deepEqual(shown.sort(), [...known, ...unset.map((name) => `${name} –`)].sort());
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
