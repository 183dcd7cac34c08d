import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { printable } from "../../src/intake/printable.ts";
import { property } from "./support.ts";

describe("text of a sender in a message", () => {
  test("is shown as it is, in any script", () => {
    for (const text of ["", "Ann O’Brien-Smith", "Ångström", "王小明", "e\u0301", "😀", "a  b", "‘€ 5’"]) {
      assert.equal(printable(text), text);
    }
  });

  test("shows line ends as ⏎, and every other character that nobody can see as its code", () => {
    assert.equal(printable("a\nb\r\nc\rd"), "a⏎b⏎c⏎d");
    assert.equal(printable("Ann\u200b"), "Ann[U+200B]");
    assert.equal(printable("\ufeffAnn\t\u00a0\u0000"), "[U+FEFF]Ann[U+0009][U+00A0][U+0000]");
    assert.equal(printable("a\u202eb\u2028c\ud800"), "a[U+202E]b[U+2028]c[U+D800]");
    assert.equal(printable("\u{e0041}x"), "[U+E0041]x");
  });

  test("is cut after as many characters as are asked for, and never within one", () => {
    assert.equal(printable("abcdef", 3), "abc…");
    assert.equal(printable("abc", 3), "abc");
    assert.equal(printable("ab😀", 3), "ab\ufffd…");
    assert.equal(printable("x".repeat(81)).length, 81);
  });

  test("holds no control character, whatever was sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      property(500),
    );
  });
});
