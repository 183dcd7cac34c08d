import type { GuardLimits } from "../../../organizations/guard-limits.ts";
import type { Executor } from "../../../store/statement.ts";
import { type Figure, type GroupLoss, type GuardFigures, nothingFound, type ValueFigure } from "../../guard/figures.ts";
import { couldPass, isOverPeople, passedLimit, passes } from "../../guard/limits.ts";
import type { ImportContext } from "../../setup/context.ts";
import { rosterLoss } from "../plan/roster-groups.ts";
import { type exampleStatements, readExamples } from "./examples.ts";
import { readChangedIdentifiers, readPeopleOfAnotherSource } from "./identity-figures.ts";
import { readEmptiedGroup, readGroupLosses, readLocationLosses } from "./losses.ts";
import {
  countClaimed,
  countNamedMemberships,
  type PlanFigures,
  readLastRoster,
  readPlanFigures,
} from "./plan-figures.ts";
import { readRecentRemovals } from "./recent-removals.ts";
import { readValueFigures } from "./value-figures.ts";

interface Gathering {
  readonly executor: Executor;
  readonly context: ImportContext;
  readonly limits: GuardLimits;
  readonly plan: PlanFigures;
  readonly at: Date;
}

/**
 * Gathers the figures that the guard judges, from the plan in the temporary tables. It leaves out figures that cannot be
 * over their limit, so that an ordinary night costs next to nothing.
 */
export async function gatherFigures(
  executor: Executor,
  context: ImportContext,
  { sourceName, limits, at }: { readonly sourceName: string; readonly limits: GuardLimits; readonly at: Date },
): Promise<GuardFigures> {
  const plan = await readPlanFigures(executor, context);
  const gathering = { executor, context, limits, plan, at };
  const isRoster = context.rules.deletesAbsentPeople;
  const people = await gatherPeople(gathering);
  return {
    isRoster,
    silenceRemoves: isRoster || (await removesByRosterGroups(gathering)),
    sourceName,
    rows: plan.rows,
    peopleInFile: plan.peopleInFile,
    peopleInLastRoster: isRoster ? await readLastRoster(executor, context) : null,
    peopleNew: plan.peopleNew,
    ...people,
    ...(await gatherValues(gathering, people.peopleOfSource)),
    ...(await gatherMemberships(gathering)),
    ...(await gatherRows(gathering)),
  };
}

/** True if members leave groups that are rosters of their own, in a file with rows that nobody can identify. */
async function removesByRosterGroups({ executor, plan }: Gathering): Promise<boolean> {
  if (plan.rowsUnidentified === 0 || plan.membershipsRemoved === 0) return false;
  return (await executor.query(rosterLoss)).rowCount !== 0;
}

type PeopleFigures = Pick<
  GuardFigures,
  | "peopleOfSource"
  | "peopleRemoved"
  | "peopleRemovedBefore"
  | "emptiedGroup"
  | "contactsRemoved"
  | "identifiersChanged"
  | "peopleOfAnotherSource"
>;

/** Gathers what happens to people: those who go, those who lose contacts, and those who are known by other identifiers. */
async function gatherPeople(gathering: Gathering): Promise<PeopleFigures> {
  const { executor, context, limits, plan } = gathering;
  // These figures are upper bounds, which an ordinary night is far from.
  const mostChanged = plan.peopleNew + plan.usernamesChanged + plan.rowsFailed;
  const { changedAtOnce } = limits;
  const couldBeChanged = passes(mostChanged, plan.peopleInFile, limits.identifiersChanged);
  const couldChangeAtOnce = limits.identifiersChanged !== null && couldPass(mostChanged, changedAtOnce);
  const mayBeOthers = passes(plan.peopleLookedAt, plan.peopleInFile, limits.peopleOfAnotherSource);
  const mayLoseContacts = couldPass(plan.contactsRemoved, limits.contactsRemoved);
  const isNeeded =
    couldBeChanged ||
    couldChangeAtOnce ||
    mayBeOthers ||
    mayLoseContacts ||
    plan.peopleRemoved > 0 ||
    valuesAtMost(plan).some(([figure, most]) => couldPass(most, limits[figure]) || couldPass(most, changedAtOnce));
  const peopleOfSource = isNeeded ? await countClaimed(executor, context, "users") : 0;
  const mayBeChanged = couldBeChanged || (couldChangeAtOnce && passes(mostChanged, peopleOfSource, changedAtOnce));
  const before = plan.peopleRemoved > 0 ? await countRecentRemovals(gathering) : 0;
  const removesTooMany = isOverPeople(plan.peopleRemoved + before, peopleOfSource + before, limits);
  const identifiers = peopleOfSource > 0 && mayBeChanged ? await readChangedIdentifiers(executor, context) : undefined;
  const others = peopleOfSource > 0 && mayBeOthers ? await readPeopleOfAnotherSource(executor, context) : undefined;
  return {
    peopleOfSource,
    peopleRemoved: await withExamples(gathering, "peopleRemoved", removesTooMany),
    peopleRemovedBefore: before,
    emptiedGroup: removesTooMany ? await readEmptiedGroup(executor, context) : null,
    contactsRemoved: await withExamples(gathering, "contactsRemoved", mayLoseContacts),
    identifiersChanged: identifiers ?? { count: 0, examples: [], zerosLost: 0, lostZero: null },
    peopleOfAnotherSource: others ?? { count: 0, examples: [], source: null },
  };
}

/** Counts the people whom earlier imports deleted within the days that count together. */
async function countRecentRemovals({ executor, context, limits, at }: Gathering): Promise<number> {
  return limits.removalDays === null ? 0 : readRecentRemovals(executor, context, limits.removalDays, at);
}

/** Upper bounds of the figures of changed values. They need no look at stored people. */
const valuesAtMost = (plan: PlanFigures): [ValueFigure, number][] => [
  ["namesChanged", plan.namesTouched],
  ["namesSwapped", plan.namesTouched],
  ["peopleReplaced", plan.namesTouched + plan.identifiersRecycled],
  ["contactsOfOthers", plan.contactsGained],
  ["contactsShared", plan.contactsGained],
  ["rolesGranted", plan.rolesTouched],
  ["lettersLost", plan.lettersLost],
];

/** The smallest number with which the guard may compare a figure (docs/guard.md). */
function fewestCompared(figure: ValueFigure, peopleOfSource: number, { peopleNew, peopleInFile }: PlanFigures): number {
  if (figure === "rolesGranted") return peopleOfSource + peopleNew;
  return figure === "peopleReplaced" ? Math.min(peopleInFile, peopleOfSource) || peopleInFile : peopleOfSource;
}

/** Gathers the values that change, if one of them could be over its limit. */
async function gatherValues(
  { executor, context, limits, plan }: Gathering,
  peopleOfSource: number,
): Promise<Pick<GuardFigures, ValueFigure>> {
  const { changedAtOnce } = limits;
  const isNeeded = valuesAtMost(plan).some(([figure, most]) => {
    const ofSource = fewestCompared(figure, peopleOfSource, plan);
    return ofSource > 0 && passedLimit(most, ofSource, limits[figure], { ofSource, changedAtOnce }) !== null;
  });
  if (isNeeded) return readValueFigures(executor, context);
  const { namesChanged, namesSwapped, contactsOfOthers, contactsShared, peopleReplaced, rolesGranted, lettersLost } =
    nothingFound;
  return { namesChanged, namesSwapped, contactsOfOthers, contactsShared, peopleReplaced, rolesGranted, lettersLost };
}

type MembershipFigures = Pick<
  GuardFigures,
  "membershipsRemoved" | "membershipsOfSource" | "groupLosses" | "locationLosses" | "groupsNamed" | "groupsUnknown"
>;

/** Gathers the memberships that end, and those that the file names in vain. */
async function gatherMemberships(gathering: Gathering): Promise<MembershipFigures> {
  const { executor, context, limits, plan } = gathering;
  const mayPass = couldPass(plan.membershipsRemoved, limits.membershipsRemoved);
  const mayBeUnknown = couldPass(plan.groupsUnknown, limits.groupsUnknown);
  const leaving = plan.peopleRemoved + plan.locationsTouched;
  const { scopeEmptied } = limits;
  const mayLeave = scopeEmptied !== null && leaving * 100 > scopeEmptied.percent * scopeEmptied.from;
  return {
    membershipsRemoved: plan.membershipsRemoved,
    membershipsOfSource: mayPass ? await countClaimed(executor, context, "memberships") : 0,
    groupLosses: plan.membershipsRemoved > 0 ? await gatherGroupLosses(gathering) : [],
    locationLosses: mayLeave ? await readLocationLosses(executor, context) : [],
    groupsNamed: mayBeUnknown ? await countNamedMemberships(executor, context) : plan.groupsUnknown,
    groupsUnknown: await withExamples(gathering, "groupsUnknown", mayBeUnknown),
  };
}

function gatherGroupLosses({ executor, context, limits }: Gathering): Promise<GroupLoss[]> {
  const sizes = [limits.groupMembersRemoved, limits.scopeEmptied].filter((limit) => limit !== null);
  return readGroupLosses(executor, context, { sizes });
}

/** Gathers the rows that could not be applied. */
async function gatherRows(gathering: Gathering): Promise<Pick<GuardFigures, "rowsFailed" | "rowsUnidentified">> {
  const { context, plan } = gathering;
  return {
    rowsFailed: await withExamples(gathering, "rowsFailed", context.rules.deletesAbsentPeople && plan.rowsFailed > 0),
    rowsUnidentified: await withExamples(gathering, "rowsUnidentified", plan.rowsUnidentified > 0),
  };
}

async function withExamples(
  { executor, context, plan }: Gathering,
  figure: keyof typeof exampleStatements,
  isNeeded: boolean,
): Promise<Figure> {
  return { count: plan[figure], examples: isNeeded ? await readExamples(executor, context, figure) : [] };
}
