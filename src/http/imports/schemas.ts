import { z } from "zod";
import { rowIssues } from "../../errors.ts";
import { styles } from "../../organizations/settings.ts";
import { importChangeActions } from "../../reconcile/attempts/import-changes-schema.ts";
import { codesOf, importStatuses, rowOutcomes } from "../../reconcile/attempts/import-resource.ts";
import { planActions, planItemTypes } from "../../reconcile/attempts/plans.ts";

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
  status: z.enum(importStatuses).optional().describe("Only imports in this state."),
  source: z.string().min(1).max(100).optional().describe("Only imports of this source."),
};

/** Filters of an import's rows. */
export const rowFilter = {
  outcome: z.enum(rowOutcomes).optional().describe("Only rows with this outcome."),
  code: codesOf(rowIssues).optional().describe("Only notes of this kind."),
};

/** Filters of a plan. */
export const planFilter = {
  type: z.enum(planItemTypes).optional().describe("Only things of this type."),
  action: z.enum(planActions).optional().describe("Only what is added, updated or removed."),
  databaseId: z.string().min(1).max(200).optional().describe("Only the person with this databaseID."),
  username: z.string().min(1).max(200).optional().describe("Only the person with this userID, as it is written."),
};

/** Filters of the changes of an import. */
export const changesFilter = {
  type: z.enum(planItemTypes).optional().describe("Only things of this type."),
  action: z.enum(importChangeActions).optional().describe("Only what is added, updated, removed or kept."),
};

/** Parameters of `GET /v1/imports/{id}/response`. */
export const responseQuery = z.strictObject({
  absent: z
    .enum(["true", "false"])
    .default("false")
    .describe("`true`: rows for the people who are removed because the file does not name them follow its own rows."),
  outcome: z.enum(["failed"]).optional().describe("`failed`: only the rows that failed."),
});
