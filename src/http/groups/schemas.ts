import { z } from "zod";
import {
  groupCategories,
  groupIdPattern,
  groupNameLength,
  groupPrivacies,
  groupStyles,
  groupTypes,
  reservedGroupIds,
} from "../../directory/group-codes.ts";
import type { GroupWithMembers } from "../../directory/groups.ts";
import { line, paragraphs } from "../../directory/text.ts";
import { pageQuery } from "../contract/paging.ts";

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
} as const satisfies Omit<GroupWithMembers, "members">;

/** `1 General, 2 Classifieds, …` */
const describeCodes = (codes: Readonly<Record<number, string>>) =>
  `${Object.entries(codes)
    .map(([code, name]) => `${code} ${name}`)
    .join(", ")}.`;

const code = (codes: Readonly<Record<number, string>>) =>
  z.literal(Object.keys(codes).map(Number)).describe(describeCodes(codes));
/** A code in a query. */
const codeText = (codes: Readonly<Record<number, string>>) =>
  z.enum(Object.keys(codes)).transform(Number).optional().describe(describeCodes(codes));

const guardPercent = z.int().min(0).max(100).nullable();
const guardPercentText = "Imports that take more percent of its members away are held; null: as the source is set.";

const styleText = "How imports treat its memberships; null: as the organization has it.";

/** A group as lists show it. */
export const groupSchema = z
  .object({
    groupId: z.string().describe("What feeds call it."),
    version: z.int().describe("Counts the changes; it is the ETag."),
    name: z.string().describe("Unique, without regard to case."),
    category: code(groupCategories),
    type: code(groupTypes),
    privacy: code(groupPrivacies),
    postApproval: z.boolean().describe("Whether topics wait for approval."),
    description: z.string(),
    style: z.enum(groupStyles).nullable().describe(styleText),
    default: z.boolean().describe("Whether every new person joins."),
    protected: z.boolean().describe("Whether losses of members are looked at more closely."),
    guardPercent: guardPercent.describe(guardPercentText),
    parentGroupId: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: "Group", examples: [exampleGroup] });

/** A group by itself. */
export const groupWithMembersSchema = groupSchema
  .extend({ members: z.int().describe("How many people belong to it.") })
  .meta({ id: "GroupWithMembers", examples: [{ ...exampleGroup, members: 31 }] });

const groupId = z
  .string()
  .normalize("NFC")
  .regex(groupIdPattern, "has 1 to 100 characters without white space, | and ;");

/** What can be set of a group, and what it is otherwise. */
const settable = {
  category: code(groupCategories).default(1),
  type: code(groupTypes).default(1),
  privacy: code(groupPrivacies).default(1),
  postApproval: z.boolean().default(false).describe("Whether topics wait for approval."),
  description: paragraphs(2000).default(""),
  style: z.enum(groupStyles).nullable().default(null).describe(styleText),
  default: z.boolean().default(false).describe("Whether every new person joins; who is there already does not."),
  protected: z.boolean().default(false).describe("Whether losses of members are looked at more closely."),
  guardPercent: guardPercent.default(null).describe(guardPercentText),
  parentGroupId: groupId.nullable().default(null),
};

/** Body of POST /groups. */
export const newGroupSchema = z
  .strictObject({
    groupId: groupId
      .refine((id) => !(reservedGroupIds as readonly string[]).includes(id), "is a code of feeds")
      .optional()
      .describe(`What feeds call it; the next free number when absent. Not ${reservedGroupIds.join(", ")}.`),
    name: line(groupNameLength).min(1).optional().describe("Unique, without regard to case; the groupId when absent."),
    ...settable,
  })
  .meta({ id: "NewGroup", examples: [{ groupId: "CRS-0001", name: "Biology 101", category: 9, type: 2, privacy: 2 }] });

/** Body of PATCH /groups/{groupId}. */
export const groupPatchSchema = z
  .strictObject({
    name: line(1000).optional().describe("A group keeps its name: absent, or what it is."),
    category: settable.category.unwrap().optional(),
    type: settable.type.unwrap().optional(),
    privacy: settable.privacy.unwrap().optional(),
    postApproval: settable.postApproval.unwrap().optional().describe("Whether topics wait for approval."),
    description: settable.description.unwrap().optional(),
    style: settable.style.unwrap().optional().describe(styleText),
    default: settable.default.unwrap().optional().describe("Whether people who come from now on join."),
    protected: settable.protected.unwrap().optional().describe("Whether losses of members are looked at more closely."),
    guardPercent: settable.guardPercent.unwrap().optional().describe(guardPercentText),
    parentGroupId: settable.parentGroupId.unwrap().optional(),
  })
  .meta({ id: "GroupPatch", examples: [{ description: "Section B, fall term", parentGroupId: null }] });

const expectedMembersText =
  "How many members it has, to be named for a group with 1,000 members and more, a protected one and one for emergency alerts.";

/** Query of DELETE /groups/{groupId}. */
export const groupDeletion = z.strictObject({
  expectedMembers: z
    .string()
    .regex(/^[0-9]{1,9}$/, "is a number of people")
    .transform(Number)
    .optional()
    .describe(expectedMembersText),
});

/** Body of POST /groups/{groupId}/purge. */
export const groupPurgeSchema = z
  .strictObject({ expectedMembers: z.int().min(0).optional().describe(expectedMembersText) })
  .meta({ id: "GroupPurge", examples: [{ expectedMembers: 1234 }] });

/** What a purge answers. */
export const purgedGroupSchema = z
  .object({ groupId: z.string(), membershipsRemoved: z.int().describe("How many memberships ended.") })
  .meta({ id: "PurgedGroup", examples: [{ groupId: "CRS-0001", membershipsRemoved: 1234 }] });

export const groupParams = z.strictObject({
  groupId: z.string().max(1000).normalize("NFC").describe("The group's id."),
});

/** Query of GET /groups. */
export const groupFilter = z.strictObject({
  ...pageQuery,
  query: line(100).min(1).optional().describe("How the name (without regard to case) or the groupId begins."),
  category: codeText(groupCategories),
  type: codeText(groupTypes),
  privacy: codeText(groupPrivacies),
  parentGroupId: z
    .string()
    .min(1)
    .max(100)
    .normalize("NFC")
    .optional()
    .describe("Only groups directly under this one."),
});
