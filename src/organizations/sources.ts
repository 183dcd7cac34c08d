import { isDeepStrictEqual } from "node:util";
import sql from "sql-template-tag";
import { z } from "zod";
import { dueSources } from "../announcements/overdue.ts";
import { type ChangeEntry, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { Prisma } from "../store/generated/client.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared, selectRow, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { type AuditEntry, recordAudit } from "./audit-log.ts";
import type { ChangeContext } from "./organizations.ts";
import { type AnnouncedChange, type SourceResource, sourceSchema } from "./source-resource.ts";
import { sourceSettingsSchema } from "./source-settings.ts";

/** The settings to give a source. Without a rank it keeps its own; a new one comes last. */
export type SourceWish = Pick<SourceResource, "style" | "mapping" | "primaryEmail" | "guard"> & {
  readonly rank?: number | undefined;
};

/** Claims are a bit set of 63, of which three are taken. */
const mostSources = 60;
const firstNumber = 3;

const storedSource = sourceSchema
  .omit({ mapping: true, primaryEmail: true, guard: true })
  .extend({ number: z.int(), settings: sourceSettingsSchema });

/** Reads the sources that are in use, the highest first, with their numbers. */
export async function readSources(
  executor: Executor,
  organizationId: number,
): Promise<(SourceResource & { number: number })[]> {
  const rows = await selectRows(
    executor,
    storedSource,
    prepared(sql`select number, name, rank, style, settings, announced_change as "announcedChange", version,
       timestamp_text(last_applied_at) as "lastAppliedAt",
       (select timestamp_text(due_at) from (${dueSources}) due
        where due.organization_id = sources.organization_id and due.number = sources.number) as "expectedBy",
       timestamp_text(created_at) as "createdAt", timestamp_text(updated_at) as "updatedAt"
     from sources where organization_id = ${organizationId} and retired_at is null order by rank, number`),
  );
  return rows.map(({ settings, ...source }) => ({ ...source, ...settings }));
}

/** All sources of an organization, the highest first. There are at most 60. */
export function listSources(database: Database, organizationId: number): Promise<SourceResource[]> {
  return withOrganization(database, organizationId, (transaction) => readSources(transaction, organizationId));
}

/**
 * One source.
 * @throws MusterError not_found
 */
export async function getSource(database: Database, organizationId: number, name: string): Promise<SourceResource> {
  const source = (await listSources(database, organizationId)).find((one) => one.name === name);
  if (!source) throw new MusterError("not_found", "There is no such source.");
  return source;
}

/**
 * Creates a source, or replaces what is set of it. The source at its new rank, and all below it, move down. A change
 * makes the next imports look at every row again, and is recorded.
 * @param checkVersion throws when the stored version is not the one that the caller knows; of a new source it gets 0
 * @throws MusterError conflict when there are 60 sources already
 */
export function putSource(
  context: ChangeContext,
  name: string,
  wish: SourceWish,
  checkVersion: (version: number) => void,
): Promise<{ readonly source: SourceResource; readonly isNew: boolean }> {
  const { database, queue, clock, organizationId, actor } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const sources = await readSources(transaction, organizationId);
    const before = sources.find((one) => one.name === name);
    checkVersion(before?.version ?? 0);
    const at = clock();
    const records = await transaction.records();
    const number = before?.number ?? (await numberFor(transaction, organizationId, name));
    const order = ordered(sources, name, wish.rank ?? before?.rank ?? sources.length + 1);
    const changes: ChangeEntry[] = [];
    const rank = order.indexOf(name) + 1;
    const settings = { mapping: wish.mapping, primaryEmail: wish.primaryEmail, guard: wish.guard };
    const after = { rank, style: wish.style, ...settings };
    if (!before) {
      const set = {
        rank,
        style: wish.style,
        settings: settings as Prisma.InputJsonObject,
        createdAt: at,
        updatedAt: at,
      };
      await records.source.upsert({
        where: { organizationId_number: { organizationId, number } },
        create: { ...set, organizationId, number, name },
        update: { ...set, version: { increment: 1 }, retiredAt: null, lastAppliedAt: null },
      });
      changes.push(entryOf(name, "created", {}, after));
    } else if (differs(before, after)) {
      await transaction.query(
        prepared(sql`update sources set rank = ${rank}, style = ${wish.style}, settings = settings || ${JSON.stringify(settings)}, version = version + 1, updated_at = ${at}
         where organization_id = ${organizationId} and number = ${number}`),
      );
      changes.push(entryOf(name, "updated", before, after));
    }
    const moved = sources.filter((one) => one.name !== name && order.indexOf(one.name) + 1 !== one.rank);
    for (const one of moved)
      changes.push(entryOf(one.name, "updated", { rank: one.rank }, { rank: order.indexOf(one.name) + 1 }));
    await transaction.query(
      prepared(sql`update sources set rank = wanted.rank, version = version + 1, updated_at = ${at}
       from unnest(${moved.map((one) => one.name)}::text[], ${moved.map((one) => order.indexOf(one.name) + 1)}::integer[]) as wanted (name, rank)
       where organization_id = ${organizationId} and sources.name = wanted.name`),
    );
    if (changes.length > 0) {
      const shapesRows = changes.some(({ changed }) =>
        Object.keys(changed).some((name) => !propertiesOfNoRow.has(name)),
      );
      await records.organization.update({
        where: { id: organizationId },
        data: { rulesEpoch: { increment: 1 }, rowsEpoch: { increment: shapesRows ? 1 : 0 } },
      });
      await recordChanges(transaction, organizationId, { actor }, changes);
      await recordAudit(transaction, organizationId, ...changes.map((change) => auditEntryOf(change, actor, at)));
    }
    const source = (await readSources(transaction, organizationId)).find((one) => one.name === name)!;
    return { source, isNew: !before };
  });
}

/**
 * Announces a change of a source, or takes the announcement back.
 * @param announced null: nothing is announced any more
 * @throws MusterError not_found
 */
export function announceChange(
  context: ChangeContext,
  name: string,
  announced: Omit<AnnouncedChange, "usedBy"> | null,
): Promise<SourceResource> {
  const { database, queue, clock, organizationId, actor } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const before = (await readSources(transaction, organizationId)).find((one) => one.name === name);
    if (!before) throw new MusterError("not_found", "There is no such source.");
    const announcedChange = announced && { ...announced, usedBy: null };
    if (!isDeepStrictEqual(before.announcedChange, announcedChange)) {
      const at = clock();
      const { source } = await transaction.records();
      await source.update({
        where: { organizationId_name: { organizationId, name } },
        data: {
          // The API does not show the actor. Imports that this actor sends may not use the announcement.
          announcedChange: announcedChange === null ? Prisma.DbNull : { ...announcedChange, actor },
          version: { increment: 1 },
          updatedAt: at,
        },
      });
      const change = entryOf(name, "updated", before, { announcedChange });
      await recordChanges(transaction, organizationId, { actor }, [change]);
      await recordAudit(transaction, organizationId, auditEntryOf(change, actor, at));
    }
    return (await readSources(transaction, organizationId)).find((one) => one.name === name)!;
  });
}

const numberRow = z.object({ retired: z.int().nullable(), last: z.int().nullable() });

/**
 * Finds the number of a new source. Claims, imports and changes contain the numbers of sources, so that no number is ever
 * given to another source. A retired source gets its own number again.
 * @throws MusterError conflict when all numbers are given out
 */
async function numberFor(executor: Executor, organizationId: number, name: string): Promise<number> {
  const row = await selectRow(
    executor,
    numberRow,
    prepared(sql`select max(number) as last, max(number) filter (where name = ${name}) as retired
     from sources where organization_id = ${organizationId}`),
  );
  const number = row?.retired ?? Math.max(firstNumber, row?.last ?? 0) + 1;
  if (number < firstNumber + mostSources) return number;
  const most = `An organization has at most ${mostSources} sources, including those that were retired.`;
  throw new MusterError("conflict", `${most} Send this feed as one of them, or under the name of a retired one.`);
}

/** Names by rank, with this one at its own. */
function ordered(sources: readonly SourceResource[], name: string, rank: number): string[] {
  const others = sources.map((one) => one.name).filter((other) => other !== name);
  return [...others.slice(0, rank - 1), name, ...others.slice(rank - 1)];
}

const properties = ["rank", "style", "mapping", "primaryEmail", "guard", "announcedChange"] as const;
type SourceValues = Partial<Pick<SourceResource, (typeof properties)[number]>>;

/** The values of a source after a change; null: the value has ended. */
type ValuesAfter = { readonly [Name in keyof SourceValues]: SourceValues[Name] | null };

/** Properties of a source that no row depends on: digests have their own style, and the guard looks at changes. */
const propertiesOfNoRow: ReadonlySet<string> = new Set(["style", "guard"]);

const differs = (before: SourceValues, after: SourceValues) =>
  properties.some((property) => property in after && !isDeepStrictEqual(before[property], after[property]));

/** Builds the change log's entry of a source. */
export function entryOf(
  name: string,
  action: ChangeEntry["action"],
  before: SourceValues,
  after: ValuesAfter,
): ChangeEntry {
  const changed = properties
    .filter((property) => property in after && !isDeepStrictEqual(before[property] ?? null, after[property] ?? null))
    .map((property) => [property, { from: before[property] ?? null, to: after[property] ?? null }]);
  return { type: "source", action, id: name, changed: Object.fromEntries(changed) };
}

const auditEntryOf = ({ id, action, changed }: ChangeEntry, actor: string, at: Date): AuditEntry => ({
  at,
  action: "source.changed",
  actor,
  subject: id,
  details: { isNew: action === "created", properties: Object.keys(changed) },
});

/** Returns the name of a source by its number; undefined when there is no such source. */
export function sourceName(database: Database, organizationId: number, number: number): Promise<string | undefined> {
  return withOrganization(database, organizationId, async (transaction) => {
    const { source } = await transaction.records();
    const found = await source.findUnique({
      where: { organizationId_number: { organizationId, number } },
      select: { name: true },
    });
    return found?.name;
  });
}
