import { z } from "zod";
import { planItemTypes } from "./plans.ts";

/** The things that an import does, or does not do, to a person, a group or a location. */
export const importChangeActions = ["added", "updated", "removed", "kept"] as const;
/** The progress of a change. */
export const importChangeStatuses = ["applied", "planned", "discarded"] as const;

/** The reasons for which a person is removed or kept although no row says so, as codes. */
export const importChangeReasons = [
  "absent",
  "static_group",
  "role_by_hand",
  "last_network_administrator",
  "self_registered",
  "protected",
] as const;
export type ImportChangeReason = (typeof importChangeReasons)[number];

/** Returns the code of the reason for which a person was kept, which notes give as a text. */
export function keptReason(text: string): ImportChangeReason {
  const codes: Readonly<Record<string, ImportChangeReason>> = {
    "the person belongs to a static group": "static_group",
    "the person holds a role that no import granted": "role_by_hand",
    "the person is the last network administrator": "last_network_administrator",
    "the person registered themself": "self_registered",
  };
  return codes[text] ?? "protected";
}

/** One change of an import. */
export const importChangeSchema = z
  .object({
    status: z
      .enum(importChangeStatuses)
      .describe(
        "`planned`: a dry run would do it, or it waits for a decision. `discarded`: somebody decided against it.",
      ),
    action: z.enum(importChangeActions),
    type: z.enum(planItemTypes),
    id: z.string().nullable().describe("Its id, of a location its name; null for a person who would be added."),
    databaseId: z.string().nullable(),
    username: z.string().nullable(),
    email: z.string().nullable().describe("Of a person: the primary e-mail, if it is known."),
    firstName: z.string().nullable().describe("Of a person: the name after the change, if it is known."),
    lastName: z.string().nullable(),
    changed: z
      .record(z.string(), z.object({ from: z.unknown(), to: z.unknown() }))
      .describe("Each property, from what to what, lists of e-mails and phones included."),
    memberships: z.array(
      z.object({ groupId: z.string(), role: z.object({ from: z.int().nullable(), to: z.int().nullable() }) }),
    ),
    reason: z
      .object({ code: z.enum(importChangeReasons), message: z.string() })
      .nullable()
      .describe("The reason for which a person is kept, or is removed because the file does not name them."),
  })
  .meta({
    id: "ImportChange",
    examples: [
      {
        status: "applied",
        action: "updated",
        type: "user",
        id: "4711",
        databaseId: "900123456",
        username: "jdoe",
        email: "jdoe@example.edu",
        firstName: "Jane",
        lastName: "Roe",
        changed: { lastName: { from: "Doe", to: "Roe" } },
        memberships: [{ groupId: "CRS-0001", role: { from: null, to: 0 } }],
        reason: null,
      },
    ],
  });
export type ImportChange = z.infer<typeof importChangeSchema>;
