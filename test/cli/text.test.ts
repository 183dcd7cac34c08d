import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, quoted } from "../../src/cli/text.ts";

test("printable text shows line breaks and control characters, and keeps the rest", () => {
  assert.equal(printable("a\r\nb\nc\u001b[2J\u202Ed"), "a⏎b⏎c[U+001B][2J[U+202E]d");
  assert.equal(printable("Zoë 👩‍🔬"), "Zoë 👩‍🔬");
});

test("quoted text shows invisible characters, and is shortened between characters", () => {
  assert.equal(quoted("Ann\u200B\uFEFF"), '"Ann[U+200B][U+FEFF]"');
  assert.equal(quoted("𝒳".repeat(5), 3), '"𝒳𝒳𝒳…"');
  assert.equal(quoted("abc", 3), '"abc"');
});
