import { z } from "zod";
import { changeSchema, exampleChange } from "../../changes/change-schema.ts";
import { changeOrigins, changeTypes } from "../../changes/feed-request.ts";
import { impossibleTime } from "../contract/times.ts";

/** Most changes of a page. */
export const largestFeedPage = 10_000;
/** Longest wait for something new, in seconds. */
export const longestWait = 30;

/** A parameter that may be repeated, or hold several values with commas between them. */
const several = <Value>(item: z.ZodType<Value, string>) =>
  z
    .union([z.string().max(10_000), z.array(z.string().max(1000)).max(100)])
    .transform((given) => [given].flat().flatMap((part) => part.split(",").map((one) => one.trim())))
    .pipe(z.array(item).max(100))
    .optional();

/** RFC 3339 with at most microseconds: more would be rounded. A + that was sent as it is arrives as a space. */
export const time = z
  .string()
  .max(50)
  .transform((text) => text.replace(" ", "+").toUpperCase())
  .pipe(
    z
      .string()
      .regex(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/,
        "is no time such as 2026-11-22T02:00:03.123456Z",
      ),
  )
  .superRefine((text, context) => {
    const message = impossibleTime(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .optional();

/** Query of GET /changes. */
export const changesQuery = z.strictObject({
  cursor: z.string().min(1).max(1000).optional().describe("Where to go on: `cursor` of the answer before. Opaque."),
  since: time.describe("Only changes after this time (RFC 3339). Not together with `cursor`."),
  until: time.describe("Only changes up to this time, it included (RFC 3339)."),
  type: several(z.enum(changeTypes)).describe(
    `What changed: ${changeTypes.join(", ")}. Several: with commas, or repeated. \`permission\` selects changes of users ` +
      "that give or take a role above member; `import` selects changes of held imports.",
  ),
  groupId: z
    .string()
    .min(1)
    .max(100)
    .normalize("NFC")
    .optional()
    .describe(
      "Changes of this group, of who belongs to it and with which role, every other change of people who belong to it when " +
        "the page is read, its topics, and the requests to join it.",
    ),
  excludeSource: several(z.string().min(1).max(100)).describe("Leaves out what imports of these sources changed."),
  excludeActor: z
    .union([z.string().max(1000), z.array(z.string().max(1000)).max(100)])
    .transform((given) => [given].flat())
    .optional()
    .describe("Leaves out what these actors changed, such as `api-key:sync`. Several: repeated."),
  origin: several(z.enum(changeOrigins)).describe(
    "`source`: an import changed it; `self-registered`: people who registered themselves; `manual`: everything else.",
  ),
  importId: z
    .uuid()
    .optional()
    .describe(
      "Only what this import changed. Without `cursor` and `since`, the feed begins where the import does. A key that is " +
        "bound to a source filters by imports of that source.",
    ),
  latest: z
    .enum(["true", "false"])
    .default("false")
    .describe("`true`: several changes of one thing on a page become one."),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(largestFeedPage)
    .default(1000)
    .describe("How many entries of the log a page has at most."),
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(longestWait)
    .default(0)
    .describe("Seconds to wait for something new, if there is nothing yet."),
});

/** A page of the feed. */
export const feedSchema = z
  .object({
    changes: z.array(changeSchema),
    cursor: z.string().describe("For the next request, whether there is more now or not."),
    until: z
      .string()
      .describe("The answer is complete up to this time, never later than the last change. Fits as the next `since`."),
    hasMore: z.boolean().describe("Whether there is more already."),
    complete: z
      .boolean()
      .optional()
      .describe("Only when `until` was given: whether all is known up to then. Otherwise ask again later."),
  })
  .meta({
    id: "Changes",
    examples: [
      {
        changes: [exampleChange],
        cursor: "WzQ3MTEsIjIwMjYtMTEtMjJUMDI6MDA6MDMuMTIzNDU2WiJd",
        until: "2026-11-22T02:00:03.123456Z",
        hasMore: false,
      },
    ],
  });
