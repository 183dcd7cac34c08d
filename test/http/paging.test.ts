import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { MusterError } from "../../src/errors.ts";
import { etag, ifMatchVersions, requireVersion } from "../../src/http/contract/etags.ts";
import { cutPage, decodeCursor, encodeCursor, pageQuery } from "../../src/http/contract/paging.ts";

const shape = z.tuple([z.string(), z.int()]);
const refused = (code: string) => (error: unknown) => error instanceof MusterError && error.code === code;

test("a cursor holds the key of the last item, whatever its characters", () => {
  const key = ['Müller "x"', 17] as const;
  assert.match(encodeCursor(key), /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(decodeCursor(encodeCursor(key), shape), key);
  assert.equal(decodeCursor(undefined, shape), undefined);
});

test("a cursor of another list, or none at all, is refused", () => {
  for (const cursor of [
    "x",
    "AAAA",
    "%00",
    encodeCursor([1]),
    encodeCursor(["a\0b", 1]),
    encodeCursor(["a", 1, 2]),
    "e30",
  ]) {
    assert.throws(() => decodeCursor(cursor, shape), refused("request_invalid"), cursor);
  }
});

test("a page is cut where the limit is, and only a further row makes a cursor", () => {
  const key = (row: number) => [row];
  assert.deepEqual(cutPage([1, 2, 3], 2, key), { items: [1, 2], nextCursor: encodeCursor([2]) });
  assert.deepEqual(cutPage([1, 2], 2, key), { items: [1, 2], nextCursor: null });
  assert.deepEqual(cutPage([], 2, key), { items: [], nextCursor: null });
});

test("limit is a whole number from 1 to 1000, 100 without one", () => {
  const query = z.strictObject(pageQuery);
  assert.equal(query.parse({}).limit, 100);
  assert.equal(query.parse({ limit: "1000" }).limit, 1000);
  for (const limit of ["0", "1001", "-1", "1.5", "x", "", ["1", "2"]]) {
    assert.equal(query.safeParse({ limit }).success, false, String(limit));
  }
});

test("If-Match names versions; without it, or with *, any will do", () => {
  assert.equal(etag(7), '"7"');
  assert.doesNotThrow(() => requireVersion(ifMatchVersions(undefined), 7));
  assert.doesNotThrow(() => requireVersion(ifMatchVersions(" * "), 7));
  assert.doesNotThrow(() => requireVersion(ifMatchVersions('"6", "7"'), 7));
  assert.throws(() => requireVersion(ifMatchVersions('"6"'), 7), refused("version_mismatch"));
  assert.throws(() => requireVersion(ifMatchVersions('W/"6"'), 7), refused("version_mismatch"));
  assert.throws(() => ifMatchVersions("7"), refused("request_invalid"));
  assert.throws(() => ifMatchVersions(""), refused("request_invalid"));
});
