import { z } from "zod";
import { problems, rowIssues } from "../../errors.ts";
import { delimiters, encodings, formats } from "../../intake/reading.ts";
import { styles } from "../../organizations/settings.ts";
import type { ImportResource, ImportRow, ImportStatus } from "../../reconcile/attempts/types.ts";
import { holdSchema } from "../../reconcile/guard/hold.ts";

const statuses = [
  "receiving",
  "planning",
  "held",
  "applied",
  "planned",
  "discarded",
  "failed",
  "undone",
] as const satisfies readonly ImportStatus[];
const outcomes = [
  "added",
  "updated",
  "unchanged",
  "removed",
  "failed",
] as const satisfies readonly ImportRow["outcome"][];
const codesOf = <Code extends string>(table: Readonly<Record<Code, unknown>>) =>
  z.enum(Object.keys(table) as [Code, ...Code[]]);

const people = (what: string) => z.int().describe(`People ${what}.`);
/** The counts of an import of groups or locations. */
const things = (what: string) => z.int().describe(`People (of such a file: groups or locations) ${what}.`);

const countsSchema = z.object({
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

const exampleImport: ImportResource = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  kind: "users",
  style: "normal",
  dryRun: false,
  status: "applied",
  summary: "1 person was NOT added and gets no alerts. 12 rows read; 11 added, 0 updated, 0 unchanged. 1 row failed.",
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
};

/** How a file turned out to be written. */
export const readingSchema = z
  .object({
    format: z.enum(formats),
    encoding: z.enum(encodings),
    lineEnding: z.enum(["LF", "CRLF", "CR", "mixed"]).optional().describe("CSV: what ends its lines."),
    delimiter: z.enum(delimiters).optional().describe("CSV: what separates its columns."),
    header: z.boolean().optional().describe("CSV: whether the first row has the names of the columns."),
    ignored: z.array(z.string()).describe("Columns, elements or members that no field is read from; at most 50."),
    passedOver: z
      .array(z.object({ line: z.int(), text: z.string() }))
      .optional()
      .describe("CSV: lines that are not rows, such as `sep=;` or `(42 rows affected)`; at most 20."),
  })
  .meta({
    id: "Reading",
    examples: [
      {
        format: "csv",
        encoding: "windows-1252",
        lineEnding: "CRLF",
        delimiter: ",",
        header: true,
        ignored: ["middleName"],
      },
    ],
  });

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

/** An import as the API shows it. */
export const importSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(["users", "groups", "locations"]),
    style: z.enum(styles),
    dryRun: z.boolean().describe("Whether nothing was to be applied."),
    status: z.enum(statuses),
    summary: z.string().describe("What happened, in one or two sentences; people who get no alerts come first."),
    source: z.object({
      name: z.string(),
      channel: z.enum(["api", "sftp", "cli", "console"]),
      format: z.string().nullable(),
      fileName: z.string().nullable(),
      bytes: z.int().nullable(),
      sha256: z.string().nullable().describe("Of the body, decompressed; hexadecimal."),
      reading: readingSchema.nullable().describe("How the file turned out to be written; null before it was read."),
    }),
    actor: z.string().describe("Who sent it: `api-key:` and the key's name."),
    counts: countsSchema.nullable(),
    problem: z
      .object({
        code: codesOf(problems),
        detail: z.string(),
        line: z.int().optional(),
        column: z.int().optional(),
        field: z.string().optional(),
      })
      .nullable()
      .describe("Why it failed; nothing was applied then."),
    hold: holdSchema.nullable().describe("Why it is held, or was; of a dry run: would be. null: no limit was passed."),
    decision: decisionSchema.nullable().describe("What became of it after it was held."),
    planHash: z.string().nullable().describe("Of a dry run, and of what is held: the same plan has the same hash."),
    firstSequence: z.int().nullable().describe("Number of its first change; null when nothing changed."),
    lastSequence: z.int().nullable(),
    createdAt: z.string(),
    finishedAt: z.string().nullable(),
  })
  .meta({ id: "Import", examples: [exampleImport] });

const exampleRow: ImportRow = {
  row: 9,
  line: 83,
  outcome: "failed",
  code: "group_code_damaged",
  field: "groupID",
  message: rowIssues.group_code_damaged.message({ value: "1", code: "00001" }),
};

/** A note on one row of an import. */
export const importRowSchema = z
  .object({
    row: z.int().describe("Number of the record in the file, from 1; 0: somebody whom the file does not name."),
    line: z.int().describe("Line on which the record begins, from 1; 0 with row 0."),
    outcome: z.enum(outcomes),
    code: codesOf(rowIssues),
    field: z.string().nullable().describe("The field, as the feed names it; null: the row as a whole."),
    message: z.string().describe("What was found, what was done, and what to do."),
  })
  .meta({ id: "ImportRow", examples: [exampleRow] });

/** Parameters of `POST /v1/imports/users`. */
export const importQuery = z.strictObject({
  style: z
    .enum(styles)
    .optional()
    .describe("How to process the file; without it as the source, else the organization, is set."),
  source: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("The source the file is of; without it the key's own, else `default`."),
  dryRun: z.enum(["true", "false"]).default("false").describe("`true`: tell what would happen, and apply nothing."),
});

/** Parameters of `POST /v1/imports/groups` and `/v1/imports/locations`. */
export const recordsQuery = importQuery.omit({ style: true });

/** The import's id in an address. */
export const importParams = z.strictObject({ id: z.uuid().describe("Id of the import.") });

/** Filters of the list of imports. */
export const importFilter = {
  status: z.enum(statuses).optional().describe("Only imports in this state."),
  source: z.string().min(1).max(100).optional().describe("Only imports of this source."),
};

/** Filters of an import's rows. */
export const rowFilter = {
  outcome: z.enum(outcomes).optional().describe("Only rows with this outcome."),
  code: codesOf(rowIssues).optional().describe("Only notes of this kind."),
};

const change = z.object({ from: z.unknown(), to: z.unknown() });

/** One item of a plan. */
export const planItemSchema = z
  .object({
    number: z.int().describe("In the order of the plan, from 1."),
    type: z.enum(["user", "group", "location"]),
    action: z.enum(["add", "update", "remove"]),
    id: z.string().nullable().describe("Its id; null for a person who would be added."),
    databaseId: z.string().nullable(),
    username: z.string().nullable(),
    row: z.int().nullable().describe("Row of the file that says so."),
    changed: z.record(z.string(), change).describe("Each property, from what to what."),
    memberships: z.array(
      z.object({ groupId: z.string(), role: z.object({ from: z.int().nullable(), to: z.int().nullable() }) }),
    ),
  })
  .meta({
    id: "PlanItem",
    examples: [
      {
        number: 1,
        type: "user",
        action: "update",
        id: "4711",
        databaseId: "900123456",
        username: "jdoe",
        row: 12,
        changed: { lastName: { from: "Doe", to: "Roe" } },
        memberships: [{ groupId: "CRS-0001", role: { from: null, to: 0 } }],
      },
    ],
  });

/** Filters of a plan. */
export const planFilter = {
  type: z.enum(["user", "group", "location"]).optional().describe("Only things of this type."),
  action: z.enum(["add", "update", "remove"]).optional().describe("Only what is added, updated or removed."),
  databaseId: z.string().min(1).max(200).optional().describe("Only the person with this databaseID."),
  username: z.string().min(1).max(200).optional().describe("Only the person with this userID, as it is written."),
};

/** Parameters of `GET /v1/imports/{id}/response`. */
export const responseQuery = z.strictObject({
  outcome: z.enum(["failed"]).optional().describe("`failed`: only the rows that failed."),
});
