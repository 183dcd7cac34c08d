import { z } from "zod";
import { mappingSchema } from "../intake/mapping.ts";

/** What a source can set beside its style and rank. Stored as JSON; whatever is absent has the default given here. */
export const sourceSettingsSchema = z.strictObject({
  /** How its files are read; null: by the documented columns. */
  mapping: mappingSchema.nullable().default(null),
});

/** Settings of a source, every one present. */
export type SourceSettings = z.infer<typeof sourceSettingsSchema>;
