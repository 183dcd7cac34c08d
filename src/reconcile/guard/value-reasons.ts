import type { GuardLimits } from "../../organizations/guard-limits.ts";
import { numeral, percentage } from "../numerals.ts";
import type { GuardFigures, ValueFigure } from "./figures.ts";
import type { HoldCode, HoldReason } from "./hold.ts";
import { passedLimit } from "./limits.ts";
import { approveAdvice } from "./sentences.ts";

/** A figure of changed values, as a hold tells it. */
interface ValueReason {
  readonly figure: ValueFigure;
  readonly code: HoldCode;
  /** The end of the sentence "11 of 40 people of students (27.5 %; limit 5 %) …", and the likely cause. */
  readonly finding: (sourceName: string) => string;
  readonly advice: string;
}

const valueReasons: readonly ValueReason[] = [
  {
    figure: "peopleReplaced",
    code: "people_replaced",
    finding: () =>
      "arrive with another name and another e-mail under one identifier. Probably the databaseIDs or userIDs are on the wrong rows, or were given to other people.",
    advice:
      "Check both columns, and send the corrected file; this hold closes itself. If the identifiers belong to other people now, delete the old people first. Approve the plan only if they are the same people.",
  },
  {
    figure: "namesSwapped",
    code: "names_swapped",
    finding: () => "would have their first and last names swapped. Probably the two columns were exchanged.",
    advice: approveAdvice,
  },
  {
    figure: "namesChanged",
    code: "names_changed",
    finding: () => "would get another name. Probably a column moved, or was sorted without the others.",
    advice: approveAdvice,
  },
  {
    figure: "contactsOfOthers",
    code: "contacts_of_others",
    finding: (sourceName) =>
      `would get an e-mail or a phone that belonged to another person of ${sourceName}. Probably a column moved, or was sorted without the others.`,
    advice: approveAdvice,
  },
  {
    figure: "contactsShared",
    code: "contacts_shared",
    finding: () =>
      "would get an e-mail or a phone that many of them get. Probably it is a placeholder, or belongs to an office.",
    advice:
      "Have the export leave such a cell blank, and send the file again; this hold closes itself. If these people share it, approve the plan.",
  },
  {
    figure: "rolesGranted",
    code: "roles_granted",
    finding: () =>
      "would get a role above member that they have in no group. Probably the column of groups, or its mapping, is wrong.",
    advice:
      "If these people are members, correct the file or the mapping of the source, and send it again; this hold closes itself. If they should have these roles, approve the plan.",
  },
  {
    figure: "lettersLost",
    code: "letters_lost",
    finding: () =>
      "have text in this file that lost letters. Their stored text stays. Probably the file was saved in another encoding.",
    advice:
      "Export the file as UTF-8 and send it again; this hold closes itself. To approve the plan applies the rest of the file; the stored text still stays.",
  },
];

/** Finds the values that change for more people than the limits allow, each as one reason. */
export const valuesChanged: readonly ((figures: GuardFigures, limits: GuardLimits) => HoldReason | undefined)[] =
  valueReasons.map((reason) => (figures, limits) => judgeValues(reason, figures, limits));

/**
 * The number with which a figure is compared. People whom an identifier may have turned into others need not be people of
 * the source: if they are more, they are compared with the file.
 */
function comparedWith(figure: ValueFigure, figures: GuardFigures): number {
  const { peopleOfSource, peopleNew, peopleInFile } = figures;
  if (figure === "rolesGranted") return peopleOfSource + peopleNew;
  return figure === "peopleReplaced" && figures[figure].count > peopleOfSource ? peopleInFile : peopleOfSource;
}

/** A first file changes nobody of its source. The roles that it grants are judged by `changedAtOnce` alone. */
function judgeValues(
  { figure, code, finding, advice }: ValueReason,
  figures: GuardFigures,
  limits: GuardLimits,
): HoldReason | undefined {
  const { count, examples } = figures[figure];
  const { peopleOfSource, sourceName } = figures;
  const { [figure]: own, changedAtOnce } = limits;
  const ofSource = comparedWith(figure, figures);
  if (own === null || ofSource === 0) return undefined;
  const ordinary = figure === "rolesGranted" && peopleOfSource === 0 ? { ...own, percent: 100 } : own;
  const limit = passedLimit(count, ofSource, ordinary, { ofSource, changedAtOnce });
  if (limit === null) return undefined;
  const share = `${percentage(count, ofSource)}; limit ${limit.percent} %`;
  const others = ofSource > peopleOfSource && figure === "peopleReplaced" ? "in the file" : `of ${sourceName}`;
  return {
    code,
    scope: "everything",
    figure: count,
    of: ofSource,
    limit: `${limit.percent} %`,
    message: `${numeral(count)} of ${numeral(ofSource)} people ${others} (${share}) ${finding(sourceName)}`,
    advice,
    examples,
  };
}
