import { z } from "zod";
import { mappingSchema } from "../intake/mapping-schema.ts";
import { guardLimitsSchema } from "./guard-limits.ts";

/** The settings of a source beside its style and rank. They are stored as JSON; absent ones have these defaults. */
export const sourceSettingsSchema = z.strictObject({
  /** The mapping of its files; null: the documented columns. */
  mapping: mappingSchema.nullable().default(null),
  /** `kept`: its files fill a blank primary e-mail and change no other. `source`: they decide the primary e-mail. */
  primaryEmail: z.enum(["kept", "source"]).default("kept"),
  /** Beyond which limits its imports are held. */
  guard: guardLimitsSchema.prefault({}),
});

/** Settings of a source, every one present. */
export type SourceSettings = z.infer<typeof sourceSettingsSchema>;
