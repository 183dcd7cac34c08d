import { type ClaimNumber, selfRegistered } from "./state.ts";
import { employees, importRecords, stored, world } from "./world.ts";

export type Memberships = NonNullable<Parameters<typeof stored>[1]>["memberships"];
interface Case {
  memberships?: Memberships;
  origins?: ClaimNumber[];
  settings?: { createGroups: string[] };
}

/** Employees, who know the only person as 1 or "ann", send a groupID; rows replace unless told to fill. */
export function sendGroups(groupID: string, { memberships = {}, origins = [], settings }: Case = {}, mode = "replace") {
  const known = origins.includes(selfRegistered) ? {} : { sources: { [employees]: "1" } };
  const before = world({
    users: [stored(1, { username: "ann", memberships, origins, ...known })],
    groups: { STATIC: { style: "static" } },
    ...(settings && { settings }),
  });
  const sent = mode === "replace" ? { databaseID: "1", userID: "ann", groupID } : { userID: "ann", groupID };
  const result = importRecords(before, [sent], employees);
  return {
    ...result,
    groups: [...result.only.memberships.keys()],
    membership: (groupId: string) => result.only.memberships.get(groupId),
  };
}
