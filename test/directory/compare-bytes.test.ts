import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytes } from "../../src/directory/text.ts";

test("texts are ordered as their bytes in UTF-8 are, whatever their characters", () => {
  const unit = fc.constantFrom("a", "b", "Z", "é", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{1f600}");
  const text = fc.oneof(fc.string({ unit, maxLength: 4 }), fc.string({ unit: "binary", maxLength: 6 }));
  fc.assert(
    fc.property(text, text, (one, other) => {
      const expected = Buffer.compare(Buffer.from(one), Buffer.from(other));
      assert.equal(Math.sign(compareBytes(one, other)), expected);
    }),
    { seed: 20261126, numRuns: 2_000 },
  );
});
