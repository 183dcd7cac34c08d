import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createWindow } from "../../src/intake/window.ts";

test("a window holds what was appended and not yet let go, however large the chunks", () => {
  const step = fc.record({
    length: fc.oneof(fc.nat(300), fc.constant(400_000)),
    drop: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const window = createWindow();
      let expected = Buffer.alloc(0);
      let next = 0;
      for (const { length, drop } of steps) {
        const chunk = Uint8Array.from({ length }, () => (next++ * 31) & 255);
        expected = Buffer.concat([expected, chunk]);
        assert.ok(window.append(chunk).equals(expected));
        const from = Math.floor(drop * expected.length);
        window.dropUntil(from);
        expected = expected.subarray(from);
      }
    }),
    { seed: 20261126, numRuns: 25 },
  );
});
