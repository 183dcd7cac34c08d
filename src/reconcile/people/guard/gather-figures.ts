import type { GuardLimits } from "../../../organizations/guard-limits.ts";
import type { Executor } from "../../../store/database.ts";
import { couldPass, type Figure, type GroupLoss, type GuardFigures, isOverPeople, passes } from "../../guard/guard.ts";
import type { ImportContext } from "../../setup/context.ts";
import { rosterLoss } from "../plan/group-styles.ts";
import {
  changedIdentifiers,
  claimed,
  emptiedGroup,
  figureExamples,
  groupLosses,
  lastRoster,
  namedGroups,
  peopleOfAnotherSource,
  planFigures,
} from "./figures.ts";

/** More members than any group has. */
const beyondAll = 2_000_000_000;

interface PlanFigures extends Record<string, unknown> {
  readonly rows: number;
  readonly peopleInFile: number;
  readonly peopleLookedAt: number;
  readonly peopleRemoved: number;
  readonly membershipsRemoved: number;
  readonly contactsRemoved: number;
  readonly rowsFailed: number;
  readonly rowsUnidentified: number;
  readonly groupsUnknown: number;
  readonly peopleNew: number;
  readonly usernamesChanged: number;
}

/**
 * Gathers what the guard judges, from the plan in the temporary tables. What no limit could be over is not looked up, so
 * that an ordinary night costs next to nothing.
 */
export async function gatherFigures(
  executor: Executor,
  context: ImportContext,
  { sourceName, limits }: { readonly sourceName: string; readonly limits: GuardLimits },
): Promise<GuardFigures> {
  const one = async <Row extends Record<string, unknown>>(statement: string, values: readonly unknown[] = []) =>
    (await executor.query<Row>(statement, [...values])).rows[0];
  const plan = (await one<PlanFigures>(planFigures(context)))!;
  const isRoster = context.rules.deletesAbsentPeople;
  const counted = async (table: "users" | "memberships") =>
    (await one<{ count: number }>(claimed(context, table)))!.count;
  const { peopleLookedAt, peopleInFile } = plan;
  // These can be no more than so many, which an ordinary night is far from.
  const mayBeChanged = passes(
    plan.peopleNew + plan.usernamesChanged + plan.rowsFailed,
    peopleInFile,
    limits.identifiersChanged,
  );
  const mayBeOthers = passes(peopleLookedAt, peopleInFile, limits.peopleOfAnotherSource);
  const removes = plan.peopleRemoved > 0 || couldPass(plan.contactsRemoved, limits.contactsRemoved);
  const peopleOfSource = mayBeChanged || mayBeOthers || removes ? await counted("users") : 0;
  const membershipsOfSource = couldPass(plan.membershipsRemoved, limits.membershipsRemoved)
    ? await counted("memberships")
    : 0;
  const withExamples = async (
    name: keyof typeof figureExamples,
    count: number,
    isNeeded: boolean,
  ): Promise<Figure> => ({
    count,
    examples: isNeeded ? (await one<{ examples: string[] }>(figureExamples[name](context)))!.examples : [],
  });
  const named = couldPass(plan.groupsUnknown, limits.groupsUnknown)
    ? (await one<{ groupsNamed: number }>(namedGroups(context)))!.groupsNamed
    : plan.groupsUnknown;
  const mayBeSilent = plan.rowsUnidentified > 0 && plan.membershipsRemoved > 0;
  const silenceRemoves = isRoster || (mayBeSilent && (await executor.query(rosterLoss)).rowCount !== 0);
  const last = isRoster ? await one<{ people: number }>(lastRoster(context)) : undefined;
  const removesTooMany = isOverPeople(plan.peopleRemoved, peopleOfSource, limits);
  const { groupMembersRemoved: groupLimit } = limits;
  const losses =
    plan.membershipsRemoved > 0
      ? (
          await executor.query<GroupLoss & Record<string, unknown>>(groupLosses(context), [
            groupLimit?.from ?? beyondAll,
            groupLimit ? Math.floor((groupLimit.from * groupLimit.percent) / 100) : beyondAll,
          ])
        ).rows
      : [];
  const identifiers =
    peopleOfSource > 0 && mayBeChanged
      ? await one<GuardFigures["identifiersChanged"] & Record<string, unknown>>(changedIdentifiers(context))
      : undefined;
  const others =
    peopleOfSource > 0 && mayBeOthers
      ? await one<GuardFigures["peopleOfAnotherSource"] & Record<string, unknown>>(peopleOfAnotherSource(context))
      : undefined;
  const { rows, membershipsRemoved } = plan;
  return {
    ...{
      isRoster,
      silenceRemoves,
      sourceName,
      rows,
      peopleInFile,
      membershipsRemoved,
      peopleOfSource,
      membershipsOfSource,
    },
    peopleInLastRoster: last?.people ?? null,
    peopleRemoved: await withExamples("peopleRemoved", plan.peopleRemoved, removesTooMany),
    groupLosses: losses,
    emptiedGroup: removesTooMany
      ? ((await one<{ groupId: string; people: number }>(emptiedGroup(context))) ?? null)
      : null,
    contactsRemoved: await withExamples(
      "contactsRemoved",
      plan.contactsRemoved,
      couldPass(plan.contactsRemoved, limits.contactsRemoved),
    ),
    rowsFailed: await withExamples("rowsFailed", plan.rowsFailed, isRoster && plan.rowsFailed > 0),
    rowsUnidentified: await withExamples("rowsUnidentified", plan.rowsUnidentified, plan.rowsUnidentified > 0),
    groupsNamed: named,
    groupsUnknown: await withExamples(
      "groupsUnknown",
      plan.groupsUnknown,
      couldPass(plan.groupsUnknown, limits.groupsUnknown),
    ),
    identifiersChanged: identifiers ?? { count: 0, examples: [], zerosLost: 0, lostZero: null },
    peopleOfAnotherSource: others ?? { count: 0, examples: [], source: null },
  };
}
