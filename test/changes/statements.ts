import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sql } from "sql-template-tag";
import { endOfFeed, stretchBetween, unknownSources } from "../../src/changes/feed.ts";
import { changeOrigins, changeTypes, type FeedFilter, type FeedRequest } from "../../src/changes/feed-request.ts";
import { entriesStatement, findingsStatement } from "../../src/changes/feed-statement.ts";
import { pruneStatement } from "../../src/changes/prune.ts";
import { recordStatement } from "../../src/changes/record.ts";
import { statementDatabase } from "../support/statement-database.ts";
import { refusedStatements } from "../support/statements.ts";

const { owner } = statementDatabase;

const time = "2026-01-01T00:00:00.000001Z";

test("PostgreSQL accepts every statement of the change log", async () => {
  const entries = [{ type: "user", action: "created", id: "1", changed: {} }] as const;
  const refused = await refusedStatements(owner, {
    "record by hand": recordStatement(1, { actor: "test" }, entries),
    "record of an import": recordStatement(1, { actor: "test", importId: crypto.randomUUID(), source: 3 }, entries),
    prune: pruneStatement(1, new Date(time)),
    "unknown sources": unknownSources(1, ["students"]),
    end: endOfFeed(1),
    "stretch to the end": stretchBetween(1, "2026-01-01", undefined),
    "stretch between times": stretchBetween(1, time, time),
    "entries of a stretch": entriesStatement(1, { after: 0, sequence: 2, numbers: null }, false),
    "entries by number, latest": entriesStatement(1, { after: 0, sequence: 2, numbers: "1,2" }, true),
  });
  assert.deepEqual(refused, []);
});

test("PostgreSQL accepts a page from every place under every filter", async () => {
  const filters: FeedFilter[] = [
    {},
    { types: ["user"] },
    { types: changeTypes },
    { groupId: "1" },
    { excludeSources: ["a"] },
    { excludeActors: ["b"] },
    { origins: changeOrigins },
    { importId: crypto.randomUUID() },
    { types: ["user"], groupId: "1", excludeSources: ["a"], excludeActors: ["b"], origins: ["manual"] },
  ];
  const places: Partial<FeedRequest>[] = [{}, { after: { sequence: 1, at: time } }, { since: time }];
  const request = { latest: false, limit: 10, frame: { before: "", separator: "," } } as const;
  const statements: Record<string, Pick<Sql, "text">> = {};
  for (const filter of filters) {
    for (const place of places) {
      for (const until of [undefined, time]) {
        const wanted = { ...request, ...place, filter, until };
        statements[JSON.stringify(wanted)] = findingsStatement(1, wanted);
      }
    }
  }
  assert.deepEqual(await refusedStatements(owner, statements), []);
});
