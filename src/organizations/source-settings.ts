import { z } from "zod";
import { mappingSchema } from "../intake/mapping.ts";
import { guardLimitsSchema } from "./guard-limits.ts";

/** What a source can set beside its style and rank. Stored as JSON; whatever is absent has the default given here. */
export const sourceSettingsSchema = z.strictObject({
  /** How its files are read; null: by the documented columns. */
  mapping: mappingSchema.nullable().default(null),
  /** Beyond which limits its imports are held. */
  guard: guardLimitsSchema.prefault({}),
});

/** Settings of a source, every one present. */
export type SourceSettings = z.infer<typeof sourceSettingsSchema>;
