import { z } from "zod";
import type { MemberDocument, MembersEdited } from "../../directory/members.ts";
import { roles } from "../../organizations/settings.ts";
import { pageQuery } from "../contract/paging.ts";
import { groupParams } from "./schemas.ts";

/** Most people who come or leave with one request. */
export const mostMembers = 100_000;

const roleNames = `Role: ${roles.map((role, number) => `${number} ${role}`).join(", ")}.`;
const role = z.int().min(0).max(4).default(0).describe(roleNames);

const exampleMember: MemberDocument = {
  userId: "17",
  role: 0,
  since: "2026-11-22T02:00:03.123000Z",
  firstName: "Jane",
  lastName: "Doe",
  username: "jdoe",
};

/** A member of a group. */
export const memberSchema = z
  .object({
    userId: z.string(),
    role: z.int().describe(roleNames),
    since: z.string().describe("Since when, in this role."),
    firstName: z.string(),
    lastName: z.string(),
    username: z.string().nullable(),
  })
  .meta({ id: "Member", examples: [exampleMember] });

/** Query of GET /groups/{groupId}/members. */
export const memberFilter = z.strictObject(pageQuery);

export const memberParams = groupParams.extend({ userId: z.string().max(1000).describe("The user's id.") });

/** Body of PUT /groups/{groupId}/members/{userId}. */
export const newMemberSchema = z.strictObject({ role }).meta({ id: "NewMember", examples: [{ role: 4 }] });

const userId = z.string().max(100).describe("The user's id.");

/** Body of POST /groups/{groupId}/members. */
export const membersEditSchema = z
  .strictObject({
    add: z.array(z.strictObject({ userId, role })).max(mostMembers).default([]),
    remove: z.array(userId).max(mostMembers).default([]),
  })
  .meta({ id: "MembersEdit", examples: [{ add: [{ userId: "17" }, { userId: "18", role: 4 }], remove: ["19"] }] });

const exampleEdited: MembersEdited = {
  added: 2,
  roleChanged: 0,
  removed: 0,
  unchanged: 0,
  errors: [{ field: "remove.0", message: "is no user" }],
};

/** What became of such an edit. */
export const membersEditedSchema = z
  .object({
    added: z.int().describe("People who belong to the group now and did not."),
    roleChanged: z.int().describe("Members who have another role now."),
    removed: z.int().describe("People who belonged to the group and do not any more."),
    unchanged: z.int().describe("People for whom nothing changed: members in that role, or no members to begin with."),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .describe("Items that were left out: nobody's ids, and people who stand twice. All others are applied."),
  })
  .meta({ id: "MembersEdited", examples: [exampleEdited] });
