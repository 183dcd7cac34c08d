import { z } from "zod";
import { problems, rowIssues } from "../../errors.ts";
import { readingSchema } from "../../intake/reading.ts";
import { styles } from "../../organizations/settings.ts";
import { holdSchema } from "../guard/hold.ts";
import { channels, importKinds } from "../receive/request.ts";

/** The states of an import. */
export const importStatuses = ["receiving", "planning", "held", "applied", "planned", "discarded", "failed"] as const;
export type ImportStatus = (typeof importStatuses)[number];

/** The outcomes of a row. */
export const rowOutcomes = ["added", "updated", "unchanged", "removed", "failed"] as const;

/** A schema of the codes that a table lists. */
export const codesOf = <Code extends string>(table: Readonly<Record<Code, unknown>>) =>
  z.enum(Object.keys(table) as [Code, ...Code[]]);

const people = (what: string) => z.int().describe(`People ${what}.`);
/** The counts of an import of groups or locations. */
const things = (what: string) => z.int().describe(`People (of such a file: groups or locations) ${what}.`);

/**
 * Counts what an import did, or would do: people, and rows in `rows`, `failed` and `warnings`. Of a file of groups or
 * locations, `added`, `updated`, `removed` and `notAdded` count these instead of people.
 */
export const countsSchema = z.object({
  rows: z.int().describe("Rows that were read."),
  people: people("that the rows are about"),
  added: things("that were added"),
  updated: things("that were changed"),
  unchanged: things("that stayed as they were"),
  removed: things("that were deleted"),
  withdrawn: people("whom this source no longer has; others still claim them, so that they stay"),
  kept: people("whom the file no longer names and who were not deleted all the same: they are protected"),
  failed: z.int().describe("Rows that were not applied."),
  notAdded: things("whose rows all failed and that are not known: they were not added; people so get no alerts"),
  warnings: z.int().describe("Rows that were applied with a warning."),
  merged: z.int().describe("Rows that were merged into another row of the same person."),
  returned: people("among those added who had been deleted before, and have their id again"),
  membershipsAdded: z.int(),
  membershipsRemoved: z.int(),
  groupsCreated: z.int(),
  locationsCreated: z.int(),
});

export type ImportCounts = z.infer<typeof countsSchema>;

/** Counts that older imports lack. */
export const earlierCounts = { withdrawn: 0, kept: 0, returned: 0 };

/** The decision about an import that was held. */
const decisionSchema = z
  .object({
    outcome: z.enum(["approved", "discarded", "superseded"]),
    decidedBy: z.string().nullable().describe("The person who decided; null when a later import of the source came."),
    actor: z.string(),
    reason: z.string().nullable(),
    supersededBy: z.string().nullable().describe("The later import."),
    at: z.string(),
  })
  .meta({
    id: "Decision",
    examples: [
      {
        outcome: "approved",
        decidedBy: "Kim Park",
        actor: "api-key:approvals",
        reason: "RES-NORTH was closed",
        supersededBy: null,
        at: "2026-11-22T07:12:40.000000Z",
      },
    ],
  });

export type Decision = z.infer<typeof decisionSchema>;

/** The reason for which an import was refused as a whole. */
const problemSchema = z.object({
  code: codesOf(problems),
  detail: z.string(),
  line: z.int().exactOptional(),
  column: z.int().exactOptional(),
  field: z.string().exactOptional(),
});

/** The problem of an import as it is stored. */
export type ImportProblem = z.infer<typeof problemSchema> & {
  /** The last roster of the source that was applied, which still counts. Summaries name it. */
  readonly lastRoster?: { readonly people: number; readonly at: string } | null;
};

/** An import as the API shows it. */
export const importSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(importKinds),
    style: z.enum(styles),
    dryRun: z.boolean().describe("Whether nothing was to be applied."),
    status: z.enum(importStatuses),
    summary: z.string().describe("What happened, in one or two sentences; people who get no alerts come first."),
    source: z.object({
      name: z.string(),
      channel: z.enum(channels),
      format: z.string().nullable(),
      fileName: z.string().nullable(),
      bytes: z.int().nullable(),
      sha256: z.string().nullable().describe("Of the body, decompressed; hexadecimal."),
      reading: readingSchema.nullable().describe("How the file turned out to be written; null before it was read."),
    }),
    actor: z.string().describe("Who sent it: `api-key:` and the key's name."),
    counts: countsSchema.nullable(),
    problem: problemSchema.nullable().describe("Why it failed; nothing was applied then."),
    hold: holdSchema.nullable().describe("Why it is held, or was; of a dry run: would be. null: no limit was passed."),
    decision: decisionSchema.nullable().describe("What became of it after it was held."),
    planHash: z.string().nullable().describe("Of a dry run, and of what is held: the same plan has the same hash."),
    firstSequence: z.int().nullable().describe("Number of its first change; null when nothing changed."),
    lastSequence: z.int().nullable(),
    createdAt: z.string(),
    finishedAt: z.string().nullable(),
  })
  .meta({
    id: "Import",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
        kind: "users",
        style: "normal",
        dryRun: false,
        status: "applied",
        summary:
          "1 person was NOT added and gets no alerts. 12 rows read; 11 added, 0 updated, 0 unchanged. 1 row failed.",
        source: {
          name: "default",
          channel: "api",
          format: "xml",
          fileName: "roster.xml",
          bytes: 4520,
          sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
          reading: { format: "xml", encoding: "utf-8", ignored: [] },
        },
        actor: "api-key:nightly",
        counts: {
          rows: 12,
          people: 12,
          added: 11,
          updated: 0,
          unchanged: 0,
          removed: 0,
          failed: 1,
          notAdded: 1,
          withdrawn: 0,
          kept: 0,
          warnings: 0,
          merged: 0,
          returned: 0,
          membershipsAdded: 19,
          membershipsRemoved: 0,
          groupsCreated: 6,
          locationsCreated: 2,
        },
        problem: null,
        hold: null,
        decision: null,
        planHash: null,
        firstSequence: 1,
        lastSequence: 19,
        createdAt: "2026-11-22T02:00:01.123456Z",
        finishedAt: "2026-11-22T02:00:01.345678Z",
      },
    ],
  });

/** An import, with its problem as stored. Times are RFC 3339 in UTC, with microseconds. */
export type ImportResource = Omit<z.infer<typeof importSchema>, "problem"> & { readonly problem: ImportProblem | null };

/** A note on one row of an import. */
export const importRowSchema = z
  .object({
    row: z.int().describe("Number of the record in the file, from 1; 0: somebody whom the file does not name."),
    line: z.int().describe("Line on which the record begins, from 1; 0 with row 0."),
    outcome: z.enum(rowOutcomes),
    code: codesOf(rowIssues),
    field: z.string().nullable().describe("The field, as the feed names it; null: the row as a whole."),
    message: z.string().describe("What was found, what was done, and what to do."),
  })
  .meta({
    id: "ImportRow",
    examples: [
      {
        row: 9,
        line: 83,
        outcome: "failed",
        code: "group_code_damaged",
        field: "groupID",
        message: rowIssues.group_code_damaged.message({ value: "1", code: "00001" }),
      },
    ],
  });
export type ImportRow = z.infer<typeof importRowSchema>;
