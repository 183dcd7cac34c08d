import { z } from "zod";
import { roleNames } from "../../directory/roles.ts";
import { pageQuery } from "../contract/paging.ts";
import { groupParams } from "./schemas.ts";

/** The most people who come or leave with one request. */
export const mostMembers = 100_000;

const role = z.int().min(0).max(4).default(0).describe(roleNames);

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
