import { z } from "zod";
import { changeTypes } from "./feed-request.ts";

export const exampleChange = {
  sequence: 4711,
  at: "2026-11-22T02:00:03.123456Z",
  type: "user",
  action: "updated",
  id: "17",
  databaseId: "900123456",
  username: "jdoe",
  source: "students",
  importId: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  actor: "api-key:nightly",
  changed: { lastName: { from: "Doe", to: "Roe" } },
  memberships: [{ groupId: "CRS-0001", role: { from: null, to: 0 } }],
} as const;

const anything = z.unknown();

/** A change as the feed tells it. */
export const changeSchema = z
  .object({
    sequence: z.int().describe("Counts the changes of the organization, without a gap."),
    at: z.string().describe("RFC 3339, microseconds. Increases with the sequence."),
    type: z.enum(changeTypes),
    action: z.enum(["created", "updated", "deleted"]),
    id: z.string().describe("Id of what changed; of a location its name."),
    databaseId: z.string().nullable().describe("Of a person: what the highest source that knows them calls them."),
    username: z.string().nullable().describe("Of a person."),
    source: z.string().nullable().describe("The source whose import did it; null: no import."),
    importId: z.string().nullable(),
    actor: z.string().describe("Who did it: `api-key:<name>`, `user:<id>`; `muster`: the service by itself."),
    changed: z
      .record(z.string(), z.object({ from: anything, to: anything }))
      .describe("Per property: its value before and after; null if it had no value."),
    memberships: z
      .array(
        z.object({
          groupId: z.string(),
          role: z.object({ from: z.int().nullable(), to: z.int().nullable() }).describe("null: no member."),
        }),
      )
      .describe("Of a person: the memberships that changed."),
  })
  .meta({
    id: "Change",
    examples: [exampleChange],
  });
