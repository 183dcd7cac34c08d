/** Larger documents of a provider are not read, in bytes. */
const largestDocument = 512 * 1024;

/**
 * Reads the text of a provider's answer.
 * @throws Error if it has more than 512 KiB
 */
export async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > largestDocument) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
