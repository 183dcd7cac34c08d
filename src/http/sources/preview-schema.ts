import { z } from "zod";
import { readingSchema } from "../imports/schemas.ts";

const groupOrders = z.object({
  deletePerson: z.boolean(),
  leaveAll: z.boolean(),
  leave: z.array(z.string()),
  join: z.array(z.object({ groupId: z.string(), role: z.int().nullable() })),
});

/** How a sample would be read. */
export const previewSchema = z
  .object({
    reading: readingSchema.nullable(),
    rows: z.array(
      z.object({
        row: z.int(),
        line: z.int(),
        fields: z.record(z.string(), z.string()).describe("The fields as the mapping gives them."),
        values: z
          .object({
            databaseId: z.string().optional(),
            username: z.string().optional(),
            firstName: z.string().optional(),
            lastName: z.string().optional(),
            emails: z.array(z.object({ email: z.string() })).optional(),
            phones: z
              .array(
                z.object({
                  number: z.string(),
                  extension: z.string(),
                  messageType: z.int(),
                  label: z.string(),
                  carrier: z.string(),
                }),
              )
              .optional(),
            groups: groupOrders.optional(),
            address: z.string().optional(),
            customFields: z.array(z.string()).optional(),
            location: z.string().optional(),
            showAllGroups: z.union([z.boolean(), z.literal("")]).optional(),
          })
          .describe("What an import makes of them."),
        failed: z.boolean().describe("Whether the row could not be applied."),
        issues: z.array(z.object({ code: z.string(), field: z.string().nullable(), message: z.string() })),
      }),
    ),
    problem: z
      .object({
        code: z.string(),
        detail: z.string(),
        line: z.int().optional(),
        column: z.int().optional(),
        field: z.string().optional(),
      })
      .nullable()
      .describe("Why the file would be refused, as far as it was read."),
  })
  .meta({
    id: "Preview",
    examples: [
      {
        reading: { format: "csv", encoding: "utf-8", lineEnding: "LF", delimiter: ",", header: true, ignored: [] },
        rows: [
          {
            row: 1,
            line: 2,
            fields: { databaseID: "001", email: "jane@example.edu" },
            values: { databaseId: "001", emails: [{ email: "jane@example.edu" }] },
            failed: false,
            issues: [],
          },
        ],
        problem: null,
      },
    ],
  });
