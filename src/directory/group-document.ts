import { raw } from "sql-template-tag";
import { z } from "zod";
import { groupCategories, groupPrivacies, groupStyles, groupTypes } from "./group-codes.ts";
import { timeText } from "./text.ts";

export const exampleGroup = {
  groupId: "CRS-0001",
  version: 1,
  name: "Biology 101",
  category: 9,
  type: 2,
  privacy: 2,
  postApproval: false,
  description: "Section A, fall term",
  style: "active-roster",
  default: false,
  protected: false,
  guardPercent: null,
  parentGroupId: null,
  createdAt: "2026-11-22T02:00:03.123000Z",
  updatedAt: "2026-11-22T02:00:03.123000Z",
} as const;

/** The names of codes, as in `1 General, 2 Classifieds, …` */
export const describeCodes = (codes: Readonly<Record<number, string>>) =>
  `${Object.entries(codes)
    .map(([code, name]) => `${code} ${name}`)
    .join(", ")}.`;

/** A code that is one of these. */
export const codeSchema = (codes: Readonly<Record<number, string>>) =>
  z.literal(Object.keys(codes).map(Number)).describe(describeCodes(codes));
export const guardPercentSchema = z.int().min(0).max(100).nullable();
export const guardPercentText =
  "Imports that take more percent of its members away are held; null: as the source is set.";

export const styleText = "How imports treat its memberships; null: as the organization has it.";

/** A group as the API shows it. Times are RFC 3339, UTC. */
export const groupSchema = z
  .object({
    groupId: z.string().describe("What feeds call it."),
    version: z.int().describe("Counts the changes; it is the ETag."),
    name: z.string().describe("Unique, without regard to case."),
    category: codeSchema(groupCategories),
    type: codeSchema(groupTypes),
    privacy: codeSchema(groupPrivacies),
    postApproval: z.boolean().describe("Whether topics wait for approval."),
    description: z.string(),
    style: z.enum(groupStyles).nullable().describe(styleText),
    default: z.boolean().describe("Whether every new person joins."),
    protected: z.boolean().describe("Whether losses of members are looked at more closely."),
    guardPercent: guardPercentSchema.describe(guardPercentText),
    parentGroupId: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: "Group", examples: [exampleGroup] });

export type GroupDocument = z.infer<typeof groupSchema>;

/** A group by itself. */
export const groupWithMembersSchema = groupSchema
  .extend({ members: z.int().describe("How many people belong to it.") })
  .meta({ id: "GroupWithMembers", examples: [{ ...exampleGroup, members: 31 }] });

export type GroupWithMembers = z.infer<typeof groupWithMembersSchema>;

/** The properties whose changes the log tells. */
export const groupProperties = [
  "name",
  "category",
  "type",
  "privacy",
  "postApproval",
  "description",
  "style",
  "default",
  "protected",
  "guardPercent",
  "parentGroupId",
] as const satisfies readonly (keyof GroupDocument)[];

/** The columns of a `storedGroupRow`. */
export const storedGroupColumns =
  raw(`group_id as "groupId", name, category, type, privacy, post_approval as "postApproval",
  description, style, is_default as "isDefault", is_protected as "isProtected", guard_percent as "guardPercent",
  parent_group_id as "parentGroupId", version, created_at as "createdAt", updated_at as "updatedAt"`);

/** A group as stored, by Prisma or by SQL. */
export const storedGroupRow = z.object({
  groupId: z.string(),
  name: z.string(),
  category: z.int(),
  type: z.int(),
  privacy: z.int(),
  postApproval: z.boolean(),
  description: z.string(),
  style: z.enum(groupStyles).nullable(),
  isDefault: z.boolean(),
  isProtected: z.boolean(),
  guardPercent: z.int().nullable(),
  parentGroupId: z.string().nullable(),
  version: z.coerce.number(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type StoredGroup = z.infer<typeof storedGroupRow>;

/** Shows a stored group. */
export function groupDocument({ isDefault, isProtected, createdAt, updatedAt, ...group }: StoredGroup): GroupDocument {
  return {
    groupId: group.groupId,
    version: group.version,
    name: group.name,
    category: group.category,
    type: group.type,
    privacy: group.privacy,
    postApproval: group.postApproval,
    description: group.description,
    style: group.style,
    default: isDefault,
    protected: isProtected,
    guardPercent: group.guardPercent,
    parentGroupId: group.parentGroupId,
    createdAt: timeText(createdAt),
    updatedAt: timeText(updatedAt),
  };
}
