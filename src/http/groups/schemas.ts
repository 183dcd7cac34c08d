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
import {
  codeSchema,
  describeCodes,
  guardPercentSchema,
  guardPercentText,
  styleText,
} from "../../directory/group-document.ts";
import { line, paragraphs } from "../../directory/text.ts";
import { pageQuery } from "../contract/paging.ts";

/** A code in a query. */
const codeText = (codes: Readonly<Record<number, string>>) =>
  z.enum(Object.keys(codes)).transform(Number).optional().describe(describeCodes(codes));

const groupId = z
  .string()
  .normalize("NFC")
  .regex(groupIdPattern, "has 1 to 100 characters without white space, | and ;");

/** The settings of a group, with their defaults. */
const settable = {
  category: codeSchema(groupCategories).default(1),
  type: codeSchema(groupTypes).default(1),
  privacy: codeSchema(groupPrivacies).default(1),
  postApproval: z.boolean().default(false).describe("Whether topics wait for approval."),
  description: paragraphs(2000).default(""),
  style: z.enum(groupStyles).nullable().default(null).describe(styleText),
  default: z.boolean().default(false).describe("Whether every new person joins; who is there already does not."),
  protected: z.boolean().default(false).describe("Whether losses of members are looked at more closely."),
  guardPercent: guardPercentSchema.default(null).describe(guardPercentText),
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

/** The answer to a purge. */
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
