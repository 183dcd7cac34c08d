import { z } from "zod";
import type { GroupDocument } from "../../directory/group-document.ts";

const text = z.string();

/** A group as feeds write it (file formats, section 6), so that a list can be loaded back: every value is a text. */
const feedGroupSchema = z.object({
  groupID: text,
  name: text,
  category: text.describe("A code, as everywhere."),
  type: text,
  postApproval: text.describe("0 or 1; so are `default` and `protected`."),
  privacy: text,
  description: text,
  style: text.describe('"" for none; so are `guardPercent` and `parentGroupID`.'),
  default: text,
  protected: text,
  guardPercent: text,
  parentGroupID: text,
});

const exampleFeedGroup = {
  groupID: "CRS-0001",
  name: "Biology 101",
  category: "9",
  type: "2",
  postApproval: "0",
  privacy: "2",
  description: "",
  style: "active-roster",
  default: "0",
  protected: "0",
  guardPercent: "",
  parentGroupID: "",
};

/** All groups. */
export const feedGroupsSchema = z
  .object({ groups: z.array(feedGroupSchema) })
  .meta({ id: "GroupsV2", examples: [{ groups: [exampleFeedGroup] }] });

/** The outcome for the memberships of a group. */
export const endedMembershipsSchema = z
  .object({ groupID: z.string(), membershipsRemoved: z.int().describe("How many memberships ended.") })
  .meta({ id: "EndedMembershipsV2", examples: [{ groupID: "CRS-0001", membershipsRemoved: 31 }] });

const flag = (value: boolean) => (value ? "1" : "0");

/** A group as feeds write it. */
export function feedGroup(group: GroupDocument): z.infer<typeof feedGroupSchema> {
  return {
    groupID: group.groupId,
    name: group.name,
    category: String(group.category),
    type: String(group.type),
    postApproval: flag(group.postApproval),
    privacy: String(group.privacy),
    description: group.description,
    style: group.style ?? "",
    default: flag(group.default),
    protected: flag(group.protected),
    guardPercent: String(group.guardPercent ?? ""),
    parentGroupID: group.parentGroupId ?? "",
  };
}
