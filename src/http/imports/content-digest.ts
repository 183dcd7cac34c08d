import { createHash } from "node:crypto";
import { z } from "zod";
import { MusterError } from "../../errors.ts";

/** The header by which a client proves that its file arrives whole (RFC 9530). */
export const contentDigestHeader = z.object({
  "content-digest": z
    .string()
    .optional()
    .describe(
      "`sha-256=:…:` or `sha-512=:…:` (RFC 9530), of the body as it is sent. A body that differs is refused " +
        "(`body_incomplete`), and nothing is changed.",
    ),
});

const algorithms = { "sha-512": "sha512", "sha-256": "sha256" } as const;

/**
 * Compares a body with the digest that its sender announced.
 * @param header `Content-Digest` as it was sent; undefined: the body is handed on as it is
 * @returns the body. **Only the end of the iteration says that it is whole**
 * @throws MusterError request_invalid if the header has no usable digest; body_incomplete (of the iteration) if the body differs
 */
export function withContentDigest(
  body: AsyncIterable<Uint8Array>,
  header: string | undefined,
): AsyncIterable<Uint8Array> {
  if (header === undefined) return body;
  const found = Object.entries(algorithms).flatMap(([name, algorithm]) => {
    const [, digest] = new RegExp(`(?:^|,)\\s*${name}=:([A-Za-z0-9+/]+={0,2}):\\s*(?:,|$)`).exec(header) ?? [];
    return digest === undefined ? [] : [{ algorithm, digest: Buffer.from(digest, "base64") }];
  });
  const [strongest] = found;
  if (strongest === undefined) {
    throw new MusterError(
      "request_invalid",
      "Content-Digest has no digest that can be checked. Send sha-256=:…: with the digest in base64 (RFC 9530).",
      { field: "Content-Digest" },
    );
  }
  return checked(body, strongest);
}

async function* checked(
  body: AsyncIterable<Uint8Array>,
  { algorithm, digest }: { readonly algorithm: string; readonly digest: Buffer },
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash(algorithm);
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest().equals(digest)) return;
  throw new MusterError(
    "body_incomplete",
    "The body is not the one of which Content-Digest has the digest: it was cut off or changed on the way. Nothing was changed. Send the whole file again.",
    { field: "Content-Digest" },
  );
}
