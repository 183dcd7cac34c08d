import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ChangesFrame, createChangesText } from "../../src/changes/change-text.ts";

const json: ChangesFrame = { before: "[", separator: "," };
const lines: ChangesFrame = { before: "", separator: "\n" };
const sources = { "3": "students", "62": 'a "name"' };

interface Values {
  readonly sequence?: bigint;
  /** Microseconds since 1970. */
  readonly at?: bigint;
  readonly id?: string;
  readonly username?: string | null;
  readonly source?: number | null;
  readonly importId?: string | null;
  readonly changed?: string;
}

/** A row as PostgreSQL writes it in COPY's binary format. */
function row(values: Values = {}): Buffer {
  const { sequence = 4711n, at = 1_795_312_803_123_456n, id = "7", username = null, source = 3 } = values;
  const fields = [
    Buffer.from(values.changed ?? "{}"),
    Buffer.from("[]"),
    int64(sequence),
    int64(at - 946_684_800_000_000n),
    ...["user", "updated", id, "900"].map((text) => Buffer.from(text)),
    username === null ? null : Buffer.from(username),
    source === null ? null : Buffer.from([0, source]),
    values.importId ? Buffer.from(values.importId.replaceAll("-", ""), "hex") : null,
    Buffer.from("api-key:nightly"),
  ];
  return Buffer.concat(fields.flatMap((field) => (field === null ? [int32(-1)] : [int32(field.length), field])));
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function textOf(rows: readonly Buffer[], frame: ChangesFrame = json, expected = 0): string {
  const text = createChangesText(frame, sources, expected);
  for (const one of rows) {
    // The bytes before a row belong to other rows, and the driver reuses all of them.
    const bytes = Buffer.concat([Buffer.from([0, 12]), one]);
    text.add(bytes, 2);
    bytes.fill(0);
  }
  assert.equal(text.count(), rows.length);
  return text.end(frame === json ? "]" : "").toString();
}

describe("the text of changes", () => {
  test("is JSON with the members of a change in their order", () => {
    assert.equal(
      textOf([row({ importId: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a" })]),
      '[{"sequence":4711,"at":"2026-11-22T02:00:03.123456Z","type":"user","action":"updated","id":"7","databaseId":"900",' +
        '"username":null,"source":"students","importId":"0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",' +
        '"actor":"api-key:nightly","changed":{},"memberships":[]}]',
    );
  });

  test("joins any number of them, each with the source it came from, however many were expected", () => {
    assert.equal(textOf([]), "[]");
    const names = [null, "students", 'a "name"', null];
    for (const count of [1, 2, 100, 1000]) {
      const rows = Array.from({ length: count }, (_, index) =>
        row({ id: `${index}`, source: [null, 3, 62, 5][index % 4]! }),
      );
      for (const expected of [0, count * 300, 1_000_000]) {
        assert.deepEqual(
          JSON.parse(textOf(rows, json, expected)).map(({ id, source }: Record<string, unknown>) => [id, source]),
          rows.map((_, index) => [`${index}`, names[index % 4]]),
        );
      }
      assert.equal(textOf(rows, lines).split("\n").length, count);
    }
  });

  test("holds whatever a name holds, and on lines of its own never a line break", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\0", "\n", '"', "\\", "ä") }),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(json, lines), (given, frame) => {
        // As text from PostgreSQL is: UTF-8.
        const text = given.toWellFormed();
        const changed = JSON.stringify({ username: { from: null, to: text } }, null, 1);
        const written = textOf([row({ id: text, username: text, changed })], frame);
        if (frame === lines) assert.equal(written.includes("\n"), false);
        const [change] = JSON.parse(frame === lines ? `[${written}]` : written);
        assert.deepEqual([change.id, change.username, change.changed.username.to], [text, text, text]);
        assert.ok(written.includes(`"id":${JSON.stringify(text)},`));
      }),
    );
  });

  test("of a large change is as large as it", () => {
    const changed = JSON.stringify({ address: { from: null, to: "ü".repeat(500_000) } });
    const [, change] = JSON.parse(textOf([row(), row({ changed }), row()]));
    assert.equal(JSON.stringify(change.changed), changed);
  });

  test("does not hold much more memory than it needs", () => {
    const text = createChangesText(json, sources, 1_000_000);
    text.add(row(), 0);
    const end = text.end("]") as Buffer;
    assert.ok(end.buffer.byteLength < 100_000);
  });

  test("has numbers and times with all their digits, whatever their order", () => {
    for (const [sequence, at, text] of [
      [1n, 0n, "1970-01-01T00:00:00.000000Z"],
      [9n, 1n, "1970-01-01T00:00:00.000001Z"],
      [10n, 1_795_312_803_123_456n, "2026-11-22T02:00:03.123456Z"],
      [99n, 1_795_312_803_100_000n, "2026-11-22T02:00:03.100000Z"],
      [4_294_967_296n, 1_795_312_802_999_999n, "2026-11-22T02:00:02.999999Z"],
      [9_007_199_254_740_991n, 9_007_199_254_740_991n, "2255-06-05T23:47:34.740991Z"],
    ] as const) {
      const [told] = JSON.parse(textOf([row({ sequence, at })]));
      assert.deepEqual([told.sequence, told.at], [Number(sequence), text]);
    }
  });

  test("keeps the text of a second from one change to the next", () => {
    const times = [1_795_312_803_999_999n, 1_795_312_804_000_000n, 1_795_312_803_000_001n, 1_795_312_803_000_010n];
    assert.deepEqual(
      JSON.parse(textOf(times.map((at) => row({ at })))).map(({ at }: { at: string }) => at.slice(17)),
      ["03.999999Z", "04.000000Z", "03.000001Z", "03.000010Z"],
    );
  });
});
