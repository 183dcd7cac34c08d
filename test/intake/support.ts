import assert from "node:assert/strict";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import type { XmlLimits } from "../../src/intake/limits.ts";
import { documentedMapping } from "../../src/intake/mapping.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { readXmlRecords } from "../../src/intake/xml.ts";

/** Reading by the documented columns. */
export const documented = { mapping: documentedMapping };

const seed = process.env.FAST_CHECK_SEED;

/** `npm run test:quick` tries a quarter of the cases. */
const share = process.env.TEST_QUICK === "1" ? 4 : 1;

/** Parameters of every property: FAST_CHECK_SEED repeats a run; fast-check prints the seed of one that fails. */
export function property(cases: number): { numRuns: number; seed?: number } {
  // A seed repeats a run in full.
  return seed === undefined ? { numRuns: Math.ceil(cases / share) } : { numRuns: cases, seed: Number(seed) };
}

/** The bytes in pieces of the given lengths, the last one repeated. */
export async function* pieces(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (let index = 0; start < bytes.length; index += 1) {
    const length = Math.max(1, lengths[Math.min(index, lengths.length - 1)] ?? bytes.length);
    yield bytes.subarray(start, start + length);
    start += length;
  }
}

export interface ReadOptions {
  readonly lengths?: readonly number[];
  readonly limits?: XmlLimits;
}

/** The users of a document. */
export async function readUsers(document: string | Uint8Array, options: ReadOptions = {}): Promise<SourceRecord[]> {
  const bytes = typeof document === "string" ? Buffer.from(document) : document;
  const records: SourceRecord[] = [];
  for await (const batch of readXmlRecords(pieces(bytes, options.lengths ?? []), documented, options.limits))
    records.push(...batch);
  return records;
}

/** The problem for which a document is refused. */
export async function problemOf(document: string | Uint8Array, options: ReadOptions = {}): Promise<MusterError> {
  const error = await readUsers(document, options).then(
    (records) => assert.fail(`${records.length} records were read`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MusterError)) throw error;
  return error;
}

/** Asserts that a document is refused, whole and byte by byte, with this code. */
export async function assertRefused(
  document: string | Uint8Array,
  code: ProblemCode,
  place: { line?: number; column?: number; field?: string } = {},
): Promise<void> {
  for (const lengths of [[], [1], [7]]) {
    const problem = await problemOf(document, { lengths });
    assert.equal(problem.code, code, problem.message);
    assert.deepEqual({ ...problem.place, ...place }, problem.place, problem.message);
  }
}

/** Returns a document of users from the contents of each `<user>`. */
export function users(...contents: readonly string[]): string {
  const elements = contents.map((content) => `  <user>${content}</user>\n`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n${elements}</users>\n`;
}

/** Everything that a generator yields. */
export async function collect<T>(generator: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of generator) all.push(item);
  return all;
}
