import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../../../errors.ts";
import type { Reading } from "../../../intake/reading.ts";
import type { Transaction } from "../../../store/database.ts";
import { literal, prepared, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import { isUniqueViolation } from "../../../store/unique-violation.ts";
import { judgeFigures } from "../../guard/judge.ts";
import { isOff } from "../../guard/limits.ts";
import { readLastRoster } from "../guard/plan-figures.ts";
import { emptyPlan, emptyStaging, prepareStaging } from "../stage/staging.ts";
import { applyPart } from "./apply-part.ts";
import type { AppliedFile, FileInParts } from "./file-in-parts.ts";
import { figuresOfParts, joinParts, type Part } from "./parts.ts";
import { plainEntry } from "./plain-rows.ts";
import { readEncodedRows, stagePart } from "./read-parts.ts";
import { readPlainRules } from "./read-plain-rules.ts";
import { noEarlierParts, RelatedParts, refuseEmailsOfMany } from "./related-parts.ts";

/** Rows of a part: few enough that they stay in PostgreSQL's caches, many enough for sets to pay. */
export const partRows = 6_000;
/** The first part is this much smaller, and each one is twice its predecessor: PostgreSQL then starts to work early. */
const firstPart = 1 / 8;

/** Tells if the organization knows nobody, and has known nobody who could return. */
export async function knowsNobody(executor: Executor, organizationId: number): Promise<boolean> {
  const statement = prepared(knowsAnybody(organizationId));
  return !(await selectRow(executor, z.object({ known: z.boolean() }), statement))!.known;
}

export const knowsAnybody = (organizationId: number): Sql => sql`
  select exists (select from users where organization_id = ${organizationId})
    or exists (select from user_tombstones where organization_id = ${organizationId}) as known`;

/**
 * Applies a file of users to an organization that knows nobody, part by part while the next one is read. Both processors
 * work, and nothing is looked up that cannot exist (docs/decisions/021). The caller holds the organization's lock. All parts
 * are applied in its transaction.
 *
 * Parts are allowed only as long as they make no difference. They might if rows of two parts may be one person's, if a group
 * is spelled in two ways, or if the file is over a limit of the guard. Then, and if the document is refused, everything is
 * undone.
 * @returns undefined if everything was undone: the file has to be planned as a whole
 */
export async function applyInParts(transaction: Transaction, file: FileInParts): Promise<AppliedFile | undefined> {
  await prepareStaging(transaction);
  await transaction.query("savepoint parts");
  try {
    const applied = await applyParts(transaction, file);
    await transaction.query("release savepoint parts");
    return applied;
  } catch (error) {
    if (!needsTheWhole(error)) throw error;
    await transaction.query("rollback to savepoint parts; release savepoint parts");
    return undefined;
  }
}

/** Only reading a document from its start tells where its fault is, so a refused one is read again as a whole. */
const needsTheWhole = (error: unknown) =>
  error instanceof RelatedParts || error instanceof MusterError || isUniqueViolation(error, identities);

/** Constraints that fail when two parts have the same person, or two people who want one userID. */
const identities = ["user_sources_database_id", "users_username"];

async function applyParts(transaction: Transaction, file: FileInParts): Promise<AppliedFile> {
  const { organizationId, setup } = file;
  let reading: Reading | null = null;
  let rules = await readPlainRules(transaction, organizationId, setup);
  const batches = readEncodedRows(
    file,
    (row) => plainEntry(row, rules),
    (found) => {
      reading = found;
    },
  );
  try {
    let all: Part | undefined;
    const earlier = noEarlierParts();
    for (let number = 1, next = await batches.next(); !next.done; number++) {
      if (number > 1) {
        await emptyStaging(transaction);
        await emptyPlan(transaction);
      }
      const rows = file.partRows * Math.min(1, firstPart * 2 ** (number - 1));
      const staged = await stagePart(transaction, batches, next.value, rows, rules);
      next = staged.next;
      const part = await applyPart(transaction, file, rules, { number, wanted: staged.wanted, earlier });
      if (part.counts.groupsCreated + part.counts.locationsCreated > 0)
        rules = await readPlainRules(transaction, organizationId, setup);
      if (number === 1 || next.done) await refuseEmailsOfMany(transaction, organizationId);
      all = all === undefined ? part : joinParts(all, part);
    }
    if (all === undefined || (await isOverLimits(transaction, file, all))) throw new RelatedParts();
    return { ...all, reading };
  } finally {
    await batches.return?.();
  }
}

/** Tells if the guard would hold the file, or would let it pass only because somebody announced a change. */
async function isOverLimits(
  executor: Executor,
  { organizationId, setup, run }: FileInParts,
  all: Part,
): Promise<boolean> {
  const { guard: limits, announcedChange, name: sourceName } = setup.source;
  if (isOff(limits)) return false;
  const isRoster = setup.rules.deletesAbsentPeople;
  const source = { organization: literal(organizationId), source: literal(setup.source.number) };
  const peopleInLastRoster = isRoster ? await readLastRoster(executor, source) : null;
  const rolesGranted = { count: await countRoles(executor, organizationId), examples: [] };
  const figures = figuresOfParts(all, { isRoster, sourceName, peopleInLastRoster, rolesGranted });
  const verdict = judgeFigures(figures, limits, announcedChange, run.at);
  return verdict.outcome === "held" || verdict.uses !== null;
}

export const countRolesStatement = (organizationId: number): Sql => sql`
  select count(distinct user_id)::integer as count from memberships
  where organization_id = ${organizationId} and role > 0`;

/** Counts the people with a role above member. Nobody was known before, so the file granted them. */
async function countRoles(executor: Executor, organizationId: number): Promise<number> {
  const statement = prepared(countRolesStatement(organizationId));
  return (await selectRow(executor, z.object({ count: z.int() }), statement))!.count;
}
