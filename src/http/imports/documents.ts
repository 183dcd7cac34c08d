import { z } from "zod";

/** A response that is JSON or XML, and for imports a text for people, too. */
export function documents(description: string, schema: z.ZodType, withText = false) {
  const content = { "application/json": { schema }, "application/xml": { schema } };
  return { description, content: withText ? { ...content, "text/plain": { schema: z.string() } } : content };
}
