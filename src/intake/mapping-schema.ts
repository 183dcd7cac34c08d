import { z } from "zod";
import { kindsOf, type UserField, userFields } from "../person/fields.ts";
import { identifiers, lists, positional } from "./documented-mapping.ts";
import { compilePattern } from "./patterns.ts";
import { delimiters, encodings } from "./reading.ts";

const text = (most: number) => z.string().max(most);
const columnSchema = z
  .union([z.string().trim().min(1).max(100), z.int().min(1).max(256)])
  .describe("A column: its name, or its position from 1.");
const pattern = text(200).superRefine((source, context) => {
  const compiled = compilePattern(source);
  if (typeof compiled === "string") context.addIssue({ code: "custom", message: compiled });
});
const valuesSchema = z
  .record(text(200), text(200))
  .refine((values) => Object.keys(values).length <= 1000, "a value map has at most 1,000 entries");

const constantSchema = z.strictObject({ constant: text(1000).describe("The same for everybody.") });
const partMembers = {
  column: columnSchema,
  values: valuesSchema.optional().describe("Texts that mean a value, compared without regard to case."),
  otherwise: z
    .enum(["keep", "blank", "fail"])
    .optional()
    .describe(
      "What becomes of a value that the map doesn't have: it stays (`keep`, the default), is left out, or the row fails.",
    ),
  prefix: text(100).optional().describe("Put before a value that isn't blank."),
  suffix: text(100).optional().describe("Put after a value that isn't blank."),
};
const joinedPartSchema = z.union([columnSchema, z.strictObject(partMembers), constantSchema]);
const fieldSchema = z.union([
  columnSchema,
  z.strictObject({ ...partMembers, pattern: pattern.optional().describe("What an identifier must look like.") }),
  constantSchema,
  z.strictObject({ join: z.array(joinedPartSchema).min(1).max(20).describe("Several columns make one value.") }),
]);

export type FieldSource = z.infer<typeof fieldSchema>;
export type JoinedPart = z.infer<typeof joinedPartSchema>;
/** A column, and what is done to its values. */
export type MappedColumn = Extract<JoinedPart, { readonly column: unknown }>;

/** Fields whose value several columns may make. */
const joinable = [...lists, ...positional, ...kindsOf("text")];

/** How the files of a source are read, as an administrator sets it (docs/field-mapping.md). */
export const mappingSchema = z
  .strictObject({
    delimiter: z
      .enum(delimiters)
      .optional()
      .describe("What separates the columns of CSV; absent: as file formats, section 1, say."),
    encoding: z.enum(encodings).optional().describe("Of every file, whatever it says; absent: told by the file."),
    header: z.boolean().optional().describe("Whether CSV has a header row; absent: told by the first row."),
    fields: z
      .partialRecord(z.enum(userFields), fieldSchema)
      .optional()
      .describe("Where each field comes from; absent: the documented columns."),
    ignore: z.array(columnSchema).max(256).optional().describe("Columns that are known and not read."),
  })
  .superRefine(({ fields = {}, header }, context) => {
    const refuse = (message: string, ...path: string[]) =>
      context.addIssue({ code: "custom", message, path: ["fields", ...path] });
    const given = Object.keys(fields) as UserField[];
    if (given.length > 0 && !given.some((field) => identifiers.includes(field))) {
      refuse(`a mapping must say where one of ${identifiers.join(", ")} comes from`);
    }
    for (const field of given) {
      const source = fields[field]!;
      if (isJoin(source) && !joinable.includes(field)) {
        refuse(`${field} takes one value: give one column`, field);
      }
      if (typeof source === "object" && "pattern" in source && !identifiers.includes(field)) {
        refuse(`a pattern can be set for ${identifiers.join(", ")}`, field);
      }
      if (header === false && columnsOf(source).some((column) => typeof column === "string")) {
        refuse("without a header row columns have positions, not names", field);
      }
    }
  })
  .meta({
    id: "FieldMapping",
    examples: [
      {
        delimiter: ";",
        fields: {
          firstName: "FIRST_NAME",
          email: "EMAIL",
          databaseID: { column: "EMPLID", pattern: "[0-9]{9}" },
          groupID: { join: [{ column: "MAJOR", prefix: "MAJ-" }, { constant: "STUDENTS" }] },
          campusName: { column: "CAMPUS", values: { "Main Campus": "Main" } },
        },
      },
    ],
  });
export type FieldMapping = z.infer<typeof mappingSchema>;

/** True for a field whose value several columns make. */
export const isJoin = (source: FieldSource): source is { join: JoinedPart[] } =>
  typeof source === "object" && "join" in source;

function columnsOf(source: FieldSource): (string | number)[] {
  if (typeof source !== "object") return [source];
  if ("join" in source) return source.join.flatMap(columnsOf);
  return "column" in source ? [source.column] : [];
}
