import { z } from "zod";
import { readingSchema } from "../../intake/reading.ts";
import { type Scalar, type ScalarProperty, scalarFields } from "../../person/fields.ts";

const groupOrders = z.object({
  deletePerson: z.boolean(),
  leaveAll: z.boolean(),
  leave: z.array(z.string()),
  join: z.array(z.object({ groupId: z.string(), role: z.int().nullable() })),
});

/** A single value as an import reads it. A blank flag is "". */
function readSchema({ kind }: Scalar): z.ZodType {
  if (kind === "texts") return z.array(z.string());
  return kind === "flag" ? z.union([z.boolean(), z.literal("")]) : z.string();
}

const readScalars = Object.fromEntries(
  scalarFields.map((field) => [field.property, readSchema(field).optional()]),
) as Record<ScalarProperty, z.ZodOptional<z.ZodType>>;

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
            ...readScalars,
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
