import { createHash } from "node:crypto";
import { z } from "zod";
import { MusterError } from "../../errors.ts";

/** Header of writes that are to happen only if nobody else was faster (RFC 9110, 13.1.1). */
export const ifMatchHeaders = z.object({
  "if-match": z
    .string()
    .max(1000)
    .optional()
    .describe(
      'The `ETag` of the version that you read, e.g. `"7"`: if somebody changed it since, nothing happens (412).',
    ),
});

/** The entity tag of a version: `"7"`. */
export function etag(version: number): string {
  return `"${version}"`;
}

/**
 * The entity tag as this service sent it. Proxies that compress an answer weaken its tag (`W/"7"`, nginx) or add to it
 * (`"7-gzip"`, Apache). Each version has one content, so that the tag still names it.
 */
function plainTag(tag: string): string {
  return tag.replace(/^W\//, "").replace(/(?:--?|;)(?:gzip|br|zstd|deflate)"$/, '"');
}

/**
 * Reads If-Match.
 * @returns the versions that the client would overwrite; undefined when it does not care (no header, or `*`)
 * @throws MusterError request_invalid when it is no list of entity tags
 */
export function ifMatchVersions(header: string | undefined): readonly string[] | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  const tags = header.split(",").map((tag) => tag.trim());
  if (tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag))) return tags;
  throw new MusterError("request_invalid", 'If-Match is not an entity tag in quotation marks, such as "7".', {
    field: "If-Match",
    errors: [{ field: "If-Match", message: "is not an entity tag in quotation marks" }],
  });
}

/**
 * Makes sure that the stored version is one that the client knows. Call it under the lock, before writing.
 * @param expected what `ifMatchVersions` returned
 * @throws MusterError version_mismatch
 */
export function requireVersion(expected: readonly string[] | undefined, version: number): void {
  if (isExpected(expected, etag(version))) return;
  throw new MusterError(
    "version_mismatch",
    `It is at version ${version} now. Read it again, and repeat your change if it still makes sense.`,
  );
}

function isExpected(expected: readonly string[] | undefined, tag: string): boolean {
  return expected === undefined || expected.some((one) => plainTag(one) === tag);
}

/** The entity tag of a resource without a version: a hash of its content. */
export function contentTag(content: object): string {
  return `"${createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16)}"`;
}

/**
 * Reads If-Match for a resource without a version.
 * @returns throws version_mismatch for an entity tag that the client does not know; call it under the lock
 * @throws MusterError request_invalid when it is no list of entity tags
 */
export function checkTag(headers: { readonly "if-match"?: string | undefined }): (tag: string) => void {
  const expected = ifMatchVersions(headers["if-match"]);
  return (tag) => {
    if (isExpected(expected, tag)) return;
    throw new MusterError(
      "version_mismatch",
      "It has changed since you read it. Read it again, and repeat your change if it still makes sense.",
    );
  };
}

/**
 * Reads the version that If-Match names, for resources whose changes name one version.
 * @returns undefined when the client does not care; 0, which is the version of nothing, for other tags
 * @throws MusterError request_invalid when it is no list of entity tags
 */
export function ifMatchVersion(headers: { readonly "if-match"?: string | undefined }): number | undefined {
  const expected = ifMatchVersions(headers["if-match"]);
  if (expected === undefined) return undefined;
  const [tag = ""] = expected.length === 1 ? expected.map(plainTag) : [];
  return /^"[1-9]\d{0,8}"$/.test(tag) ? Number(tag.slice(1, -1)) : 0;
}

/**
 * Reads If-Match, and returns what makes sure of it.
 * @returns throws version_mismatch for a stored version that is not one the client knows; call it under the lock
 * @throws MusterError request_invalid when it is no list of entity tags
 */
export function checkIfMatch(headers: { readonly "if-match"?: string | undefined }): (version: number) => void {
  const expected = ifMatchVersions(headers["if-match"]);
  return (version) => requireVersion(expected, version);
}

/** Header of reads that are to be answered only if there is something new (RFC 9110, 13.1.2). */
export const ifNoneMatchHeaders = z.object({
  "if-none-match": z
    .string()
    .max(1000)
    .optional()
    .describe("The `ETag` of an answer that you have: if there is nothing else, the answer is 304 without a body."),
});

/** True if If-None-Match names this entity tag. Tags are compared weakly, since caches may weaken them. */
export function isKnown(header: string | undefined, tag: string): boolean {
  return (header ?? "").split(",").some((one) => ["*", tag].includes(plainTag(one.trim())));
}
