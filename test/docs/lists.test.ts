/** Compares the lists in the documents with the code. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { environmentSchema } from "../../src/config.ts";
import { groupCategories } from "../../src/directory/group-codes.ts";
import { problems, rowIssues } from "../../src/errors.ts";
import { access, accessRule, operatorAddresses } from "../../src/http/contract/access.ts";
import { httpLimits } from "../../src/http/contract/limits.ts";
import { attributeNames, labelledNames } from "../../src/intake/column-words.ts";
import { limits } from "../../src/intake/limits.ts";
import { auditActions } from "../../src/organizations/audit-log.ts";
import { guardLimitsSchema } from "../../src/organizations/guard-limits.ts";
import { settingsSchema } from "../../src/organizations/settings.ts";
import { personFields, scalarFields } from "../../src/person/fields.ts";
import { holdCodes } from "../../src/reconcile/guard/hold.ts";
import { type Document, filesBelow, proseOf, readDocument, tableRows } from "./markdown.ts";

const fileFormats = readDocument("docs/file-formats.md");
const operating = readDocument("docs/operating.md");

/** The first column of the tables, as `code`, with the rest of each row. */
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
    const codes = (section: string) =>
      [...section.split(/^#+ /m)[0]!.matchAll(/^\| `(\w+)` +\|/gm)].map(([, code]) => code!);
    const issues = Object.entries(rowIssues);
    const ofSeverity = (wanted: string) =>
      issues.filter(([, { severity }]) => severity === wanted).map(([code]) => code);
    assert.deepEqual(codes(failures).sort(), ofSeverity("failure").sort());
    assert.deepEqual(codes(warnings).sort(), ofSeverity("warning").sort());
  });

  test("the file formats list every name of a column", () => {
    const names = (first: string) =>
      tableRows(fileFormats)
        .find(([column, ...rest]) => column === first && rest.length === 1)?.[1]
        ?.split(", ");
    for (const { feed, names: known } of personFields) assert.deepEqual(names(`\`${feed}\``), known, feed);
    for (const [label, known] of Object.entries(labelledNames)) {
      assert.deepEqual(names(`\`phone\`, label \`${label}\``), known, label);
    }
    for (const [attribute, known] of Object.entries(attributeNames)) {
      assert.deepEqual(names(`\`${attribute}\` of the phone`), known, attribute);
    }
  });

  test("the reference lists every problem with its status, and no other", () => {
    const rows = [...listed(readDocument("docs/reference/problems.md"))].filter(([, [status = ""]]) =>
      /^[45]\d\d$/.test(status),
    );
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

  test("the reference lists every limit of files and rows", () => {
    const shown = tableRows(readDocument("docs/reference/limits.md")).flatMap(([, limit, name = ""]) => {
      const key = /^`((?:xml|csv|json|user|person)\.[\w.]+)`$/.exec(name)?.[1];
      return key === undefined ? [] : [`${key} ${limit}`];
    });
    const shownAs = (limit: number) => limit.toLocaleString("en-US");
    const known = Object.entries(limits).flatMap(([part, values]) =>
      Object.entries(values).map(([name, limit]) => `${part}.${name} ${shownAs(Number(limit))}`),
    );
    for (const { feed, kind, limit, most } of scalarFields) {
      if (kind !== "flag") known.push(`person.${feed}.limit ${shownAs(limit)}`);
      if (most !== undefined) known.push(`person.${feed}.most ${shownAs(most)}`);
    }
    assert.deepEqual(shown.sort(), known.sort());
  });

  test("the reference lists every published address, with the services that open it", async () => {
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
    const shown = [...listed(readDocument("docs/reference/addresses.md"))]
      .filter(([address]) => /^[A-Z]+ \/v1\//.test(address))
      .map(
        ([address, [services = ""]]) => `${address}: ${services.replaceAll(/[`–]/g, "").split(", ").sort().join(", ")}`,
      );
    assert.deepEqual(shown.sort(), known.sort());
  });

  test("the reference lists the addresses for people, and what they need there", () => {
    const words: Readonly<Record<string, string>> = {
      nothing: "anyone",
      "to be the user": "self",
      "`see` in the group": "see",
      "`decide` in the group": "decide",
      "`administer` the group": "administer",
    };
    const shown = tableRows(readDocument("docs/reference/signing-in.md")).flatMap(([address = "", people = ""]) =>
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
    const { IMPORT_MAX_BYTES, IMPORT_MAX_ROWS, RATE_LIMIT_PER_MINUTE, FAILURE_LIMIT_PER_MINUTE } =
      environmentSchema.parse({});
    const times = /^(headersWhole|connectionIdle|bodyPause|bodyWhole|bodyRest|answerPause|answerWhole)$/;
    const known = Object.entries({
      ...httpLimits,
      IMPORT_MAX_BYTES,
      IMPORT_MAX_ROWS,
      RATE_LIMIT_PER_MINUTE,
      FAILURE_LIMIT_PER_MINUTE,
    });
    const text = (value: number) => value.toLocaleString("en-US");
    assert.deepEqual(
      rows.sort(),
      known.map(([key, value]) => `${key} ${times.test(key) ? `${text(value / 1000)} s` : text(value)}`).sort(),
    );
  });

  test("the reference lists every action of the audit log", () => {
    const shown = tableRows(readDocument("docs/reference/audit-log.md")).flatMap(([first = ""]) => [
      ...first.matchAll(/`(\w+\.\w+|sign_out)`/g),
    ]);
    const names = shown
      .map(([, name]) => name!)
      .filter((name) => !/^(xml|csv|json|person)\.|^user\.(?!merged)/.test(name));
    assert.deepEqual(names.sort(), [...auditActions].sort());
  });

  test("the reference explains every setting", () => {
    const names = [
      ...listed(readDocument("docs/reference/organization.md")).keys(),
      ...tableRows(readDocument("docs/reference/organization.md")).map(([first = ""]) => first),
    ].join(" ");
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

  test("operating quotes messages as the service writes them", () => {
    const sources = filesBelow("src")
      .filter((path) => path.endsWith(".ts"))
      .map((path) => readDocument(path).text.replaceAll(/["`] \+\s*["`]/g, ""));
    const quotes = [...operating.text.matchAll(/^\*\*[^*"\n]*"([^"\n]+)"[^*"\n]*\*\*/gm)].map(([, quote]) => quote!);
    assert(quotes.length > 5, "there are quotes");
    for (const quote of quotes) {
      // Short pieces are values, or words between them.
      const pieces = quote
        .split(/…|[()]|\d[\d.]*/)
        .map((piece) => piece.trim())
        .filter((piece) => piece.length > 8);
      const isWritten = (text: string) => pieces.every((piece) => text.includes(piece));
      assert(sources.some(isWritten), `no file writes "${quote}"`);
    }
  });
});
