import { z } from "zod";
import { mappingSchema } from "../intake/mapping-schema.ts";
import { guardLimitsSchema } from "./guard-limits.ts";
import { styles } from "./settings.ts";
import { sourceSettingsSchema } from "./source-settings.ts";

/** The members of a source that its administrators set. */
export const wishMembers = {
  rank: z
    .int()
    .min(1)
    .max(60)
    .describe("1 is the highest: what it says is not overwritten by sources of a larger rank."),
  style: z.enum(styles).nullable().describe("How its files are processed; null: as the organization is set."),
  mapping: mappingSchema.nullable().describe("How its files are read; null: by the documented columns."),
  primaryEmail: sourceSettingsSchema.shape.primaryEmail
    .unwrap()
    .describe(
      "`source`: its files decide the primary e-mail of known people. `kept`: they fill a blank one, and another first address becomes a further one.",
    ),
};

/** The members of a change that somebody announces, such as the end of a term. */
export const announcement = {
  percent: z.int().min(1).max(100).describe("Percent of what the source has that may go."),
  from: z.iso.datetime({ offset: true }).describe("From when on it counts."),
  until: z.iso.datetime({ offset: true }).describe("From when on it does not count any more."),
  announcedBy: z.string().trim().min(1).max(200).describe("The person who announces it, by name."),
};
/** A change that was announced. */
export const announcedChangeSchema = z.object({
  ...announcement,
  usedBy: z.string().nullable().describe("The import that used it: it counts once."),
});
export type AnnouncedChange = z.infer<typeof announcedChangeSchema>;

/** A source as the API shows it. Times are RFC 3339 in UTC, with microseconds. */
export const sourceSchema = z
  .object({
    name: z.string(),
    ...wishMembers,
    guard: guardLimitsSchema,
    announcedChange: announcedChangeSchema
      .nullable()
      .describe("More may go than the limits say, between two times, once."),
    version: z.int(),
    lastAppliedAt: z.string().nullable().describe("When an import of it was applied last; null: never."),
    expectedBy: z
      .string()
      .nullable()
      .describe("When it should have come again, by its own rhythm; null: it has none yet."),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({
    id: "Source",
    examples: [
      {
        name: "default",
        rank: 1,
        style: null,
        mapping: null,
        primaryEmail: "kept",
        guard: guardLimitsSchema.parse({}),
        announcedChange: null,
        version: 1,
        lastAppliedAt: "2026-11-22T02:00:01.345678Z",
        expectedBy: "2026-11-23T08:00:01.345678Z",
        createdAt: "2026-11-21T10:00:00.000000Z",
        updatedAt: "2026-11-21T10:00:00.000000Z",
      },
    ],
  });
export type SourceResource = z.infer<typeof sourceSchema>;
