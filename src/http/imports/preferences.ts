import { z } from "zod";

/** The header by which a client says that it does not wait for an import. */
export const preferHeader = z.object({
  prefer: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      "`respond-async` (RFC 7240): the answer is 202 as soon as the file is stored, and names the import. It is finished " +
        "even if the service is stopped or killed meanwhile. Files of a source are processed in the order in which they were stored.",
    ),
});

/**
 * Tells if a client prefers an answer before the work is done (RFC 7240, section 4.1).
 * @param header as it was sent; several headers are several preferences
 */
export function prefersNotToWait(header: string | readonly string[] | undefined): boolean {
  const preferences = (typeof header === "string" ? [header] : (header ?? [])).flatMap((value) => value.split(","));
  return preferences.some((preference) => /^\s*respond-async\s*(?:;|$)/i.test(preference));
}
