import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createChangesText, createTimeText } from "../../src/changes/change-text.ts";
import type { ChangeRow } from "../../src/changes/feed-statement.ts";

const row = (values: { id?: string; username?: string | null; changed?: string; source?: string } = {}): ChangeRow => [
  ...([4711, 1_795_312_803_123_456, "user", "updated", values.id ?? "7", "900", values.username ?? null] as const),
  ...([values.source ?? "students", null, "api-key:nightly", `${values.changed ?? "{}"},"memberships":[]`] as const),
];

function textOf(rows: readonly ChangeRow[], separator: "," | "\n" = ","): string {
  const text = createChangesText(separator);
  for (const one of rows) text.add(one);
  return text.end().join("");
}

describe("the text of changes", () => {
  test("is JSON with the members of a change in their order", () => {
    assert.equal(
      textOf([row()]),
      '{"sequence":4711,"at":"2026-11-22T02:00:03.123456Z","type":"user","action":"updated","id":"7","databaseId":"900",' +
        '"username":null,"source":"students","importId":null,"actor":"api-key:nightly","changed":{},"memberships":[]}',
    );
  });

  test("joins any number of them, each with the source it came from", () => {
    assert.equal(textOf([]), "");
    for (const count of [1, 2, 63, 64, 65, 128, 1000]) {
      const rows = Array.from({ length: count }, (_, index) => row({ id: `${index}`, source: `source ${index >> 3}` }));
      const changes = JSON.parse(`[${textOf(rows)}]`);
      assert.deepEqual(
        changes.map(({ id, source }: { id: string; source: string }) => [id, source]),
        rows.map(([, , , , id, , , source]) => [id, source]),
      );
      assert.equal(textOf(rows, "\n").split("\n").length, count);
    }
  });

  test("holds whatever a name holds, and on lines of its own never a line break", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("," as const, "\n" as const), (text, separator) => {
        const changed = JSON.stringify({ username: { from: null, to: text } }, null, 1);
        const json = textOf([row({ id: text, username: text, changed })], separator);
        if (separator === "\n") assert.equal(json.includes("\n"), false);
        const change = JSON.parse(json);
        assert.deepEqual([change.id, change.username, change.changed.username.to], [text, text, text]);
      }),
    );
  });
});

describe("the text of a time", () => {
  test("has six digits after the second, whatever the order of the times", () => {
    const timeText = createTimeText();
    for (const [microseconds, text] of [
      [0, "1970-01-01T00:00:00.000000Z"],
      [1, "1970-01-01T00:00:00.000001Z"],
      [1_795_312_803_123_456, "2026-11-22T02:00:03.123456Z"],
      [1_795_312_803_100_000, "2026-11-22T02:00:03.100000Z"],
      [1_795_312_802_999_999, "2026-11-22T02:00:02.999999Z"],
      // Numbers hold microseconds up to the year 2255.
      [Number.MAX_SAFE_INTEGER, "2255-06-05T23:47:34.740991Z"],
    ] as const) {
      assert.equal(timeText(microseconds), text);
    }
  });
});
