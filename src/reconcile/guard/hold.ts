import { z } from "zod";

/** The reasons for which an import is held; a closed list (docs/guard.md). */
export const holdCodes = [
  "people_removed",
  "memberships_removed",
  "group_members_removed",
  "scope_emptied",
  "contacts_removed",
  "people_missing",
  "rows_failed",
  "rows_unidentified",
  "groups_unknown",
  "identifiers_changed",
  "people_of_another_source",
  "names_changed",
  "names_swapped",
  "contacts_of_others",
  "contacts_shared",
  "people_replaced",
  "roles_granted",
  "letters_lost",
] as const;
export type HoldCode = (typeof holdCodes)[number];

/** The part of an import that a hold keeps from being applied. */
export const holdScopes = ["removals", "everything"] as const;
export type HoldScope = (typeof holdScopes)[number];

/** One limit that an import is over. */
export const holdReasonSchema = z.object({
  code: z.enum(holdCodes),
  scope: z.enum(holdScopes),
  figure: z.int().describe("The number that was counted."),
  of: z.int().nullable().describe("The number with which the figure is compared."),
  limit: z.string().describe("The limit that the figure is over."),
  message: z.string().describe("The finding, and its likely cause."),
  advice: z.string().describe("The next step."),
  examples: z.array(z.string()).describe("Up to ten of the things counted."),
});
export type HoldReason = z.infer<typeof holdReasonSchema>;

const people = (who: string) => z.int().describe(`People ${who}.`);

/** The removals of a plan, counted. */
export const waitingSchema = z.object({
  peopleRemoved: people("who would be deleted"),
  peopleWithdrawn: people("whom this source would release and who stay, since other sources claim them"),
  membershipsRemoved: z.int(),
  contactsRemoved: people("who would lose an e-mail or a phone"),
});
export type Waiting = z.infer<typeof waitingSchema>;

/** A hold: the part of an import that waits for a decision, and the reasons. */
export const holdSchema = z
  .object({
    scope: z.enum(holdScopes).describe("`removals`: the rest was applied; `everything`: nothing was."),
    reasons: z.array(holdReasonSchema),
    waiting: waitingSchema.describe("The removals that wait; of a dry run, those that would wait."),
  })
  .meta({
    id: "Hold",
    examples: [
      {
        scope: "removals",
        reasons: [
          {
            code: "people_removed",
            scope: "removals",
            figure: 2318,
            of: 41_870,
            limit: "5 %",
            message: "2,318 people would be deleted: 5.5 % of the 41,870 of students (limit 5 %).",
            advice: "If the file is wrong, correct it and send it again; this hold closes itself.",
            examples: ["900123456 Jane Doe"],
          },
        ],
        waiting: { peopleRemoved: 2318, peopleWithdrawn: 12, membershipsRemoved: 7204, contactsRemoved: 0 },
      },
    ],
  });
export type Hold = z.infer<typeof holdSchema>;
