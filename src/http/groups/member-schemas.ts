import { z } from "zod";
import type { PersonName } from "../../directory/person-names.ts";
import { roleNames } from "../../directory/roles.ts";
import { limits } from "../../intake/limits.ts";
import { scalarField } from "../../person/fields.ts";
import { pageQuery } from "../contract/paging.ts";
import { groupParams } from "./schemas.ts";

/** The most people who come or leave with one request. */
export const mostMembers = 100_000;

const role = z
  .int()
  .min(0)
  .max(4)
  .optional()
  .describe(`${roleNames} Absent: a member keeps the present role; a new member gets 0.`);

/** Query of GET /groups/{groupId}/members. */
export const memberFilter = z.strictObject(pageQuery);

export const memberParams = groupParams.extend({ userId: z.string().max(1000).describe("The user's id.") });

/** Body of PUT /groups/{groupId}/members/{userId}. */
export const newMemberSchema = z.strictObject({ role }).meta({ id: "NewMember", examples: [{ role: 4 }] });

const userId = z.string().max(100).describe("The user's id.");
const { user: most } = limits;

/** The ways to name a person. */
const personName = {
  userId: userId.optional(),
  username: z
    .string()
    .max(scalarField("username").limit)
    .optional()
    .describe("Instead of `userId`: the username, without regard to case."),
  databaseId: z.string().max(most.databaseIdLength).optional().describe("Instead of `userId`: a source's identifier."),
  source: z.string().max(100).optional().describe("With `databaseId`: the name of its source. Absent: any source."),
};

/** True if one identifier names the person, and a source comes with its databaseId only. */
const namesOne = (name: PersonName) =>
  [name.userId, name.username, name.databaseId].filter((value) => value !== undefined).length === 1 &&
  (name.source === undefined || name.databaseId !== undefined);
const oneName = "needs exactly one of userId, username and databaseId; source goes with databaseId only";

/** Body of POST /groups/{groupId}/members. */
export const membersEditSchema = z
  .strictObject({
    add: z
      .array(z.strictObject({ ...personName, role }).refine(namesOne, oneName))
      .max(mostMembers)
      .default([]),
    remove: z
      .array(z.union([userId, z.strictObject(personName).refine(namesOne, oneName)]))
      .max(mostMembers)
      .default([]),
  })
  .meta({
    id: "MembersEdit",
    examples: [{ add: [{ userId: "17" }, { username: "jdoe", role: 4 }], remove: ["19", { databaseId: "900123456" }] }],
  });
