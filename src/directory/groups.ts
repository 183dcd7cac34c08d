import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import type { Prisma } from "../store/generated/client.ts";
import { asWriter, type FeedHead } from "../store/organization-lock.ts";
import type { Records } from "../store/records.ts";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { expireDigests, newGroupAffectsRows } from "./digests.ts";
import { groupNameLength } from "./group-codes.ts";
import {
  type GroupDocument,
  type GroupWithMembers,
  groupDocument,
  groupProperties,
  storedGroupRow,
} from "./group-document.ts";
import { foldCase } from "./text.ts";

/** A new group; texts are trimmed, in NFC, and within their limits. */
export interface NewGroup extends Omit<GroupDocument, "groupId" | "version" | "name" | "createdAt" | "updatedAt"> {
  /** Absent: the next free number. */
  readonly groupId?: string | undefined;
  /** Absent: the id. */
  readonly name?: string | undefined;
}

/** The groups that a list shows. All given conditions have to apply. */
export interface GroupFilter {
  /** The beginning of the name or the id; of the name without regard to case. */
  readonly query?: string | undefined;
  readonly category?: number | undefined;
  readonly type?: number | undefined;
  readonly privacy?: number | undefined;
  readonly parentGroupId?: string | undefined;
}

/**
 * Groups in the order of their ids, byte by byte.
 * @param page `after`: the id after which to begin
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 */
export async function listGroups(
  database: Database,
  organizationId: number,
  filter: GroupFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<GroupDocument[]> {
  const { query, category, type, privacy, parentGroupId } = filter;
  const where: Prisma.GroupWhereInput = {
    organizationId,
    ...(page.after === undefined ? {} : { groupId: { gt: page.after } }),
    ...(category === undefined ? {} : { category }),
    ...(type === undefined ? {} : { type }),
    ...(privacy === undefined ? {} : { privacy }),
    ...(parentGroupId === undefined ? {} : { parentGroupId }),
    ...(query === undefined ? {} : { OR: beginsWith(query) }),
  };
  const groups = await withOrganization(database, organizationId, async (transaction) =>
    (await transaction.records()).group.findMany({ where, orderBy: { groupId: "asc" }, take: page.limit + 1 }),
  );
  return groups.map((group) => groupDocument(storedGroupRow.parse(group)));
}

function beginsWith(query: string): Prisma.GroupWhereInput[] {
  const pattern = (text: string) => text.replace(/[\\%_]/g, "\\$&");
  return [{ nameNormalized: { startsWith: pattern(foldCase(query)) } }, { groupId: { startsWith: pattern(query) } }];
}

/**
 * One group, with the number of its members.
 * @throws MusterError not_found
 */
export const getGroup = (database: Database, organizationId: number, groupId: string): Promise<GroupWithMembers> =>
  withOrganization(database, organizationId, (transaction) => readGroup(transaction, organizationId, groupId));

/**
 * One group, with the number of its members, as the transaction sees it.
 * @throws MusterError not_found
 */
export async function readGroup(
  transaction: Transaction,
  organizationId: number,
  groupId: string,
): Promise<GroupWithMembers> {
  const records = await transaction.records();
  const group = await records.group.findUnique({ where: { organizationId_groupId: { organizationId, groupId } } });
  if (!group) throw noSuchGroup();
  const members = await records.membership.count({ where: { organizationId, groupId } });
  return { ...groupDocument(storedGroupRow.parse(group)), members };
}

/** The problem of an id that no group has. */
export const noSuchGroup = () => new MusterError("not_found", "There is no such group.");

/**
 * Creates a group.
 * @throws MusterError conflict when the id or the name (without regard to case) is taken
 * @throws MusterError request_invalid when there is no such parent, or the name is left to an id that is too long for it
 */
export function createGroup(context: ChangeContext, wanted: NewGroup): Promise<GroupWithMembers> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction, head) => {
    const records = await transaction.records();
    const groupId =
      wanted.groupId ?? (await nextGroupNumber(transaction, organizationId, head, wanted.name === undefined));
    const name = wanted.name ?? groupId;
    if (name.length > groupNameLength) {
      throw invalidGroup("name", `is needed: the groupId has more than the ${groupNameLength} characters of a name`);
    }
    await requireFree(records, organizationId, groupId, name, wanted.parentGroupId);
    const group = await insertGroup(records, organizationId, { ...wanted, groupId, name }, clock());
    await expireDigests(transaction, organizationId, { affectsRows: newGroupAffectsRows(groupId) });
    await recordChanges(transaction, organizationId, { actor }, [
      { type: "group", action: "created", id: groupId, changed: changedProperties(null, group, groupProperties) },
    ]);
    return { ...group, members: 0 };
  });
}

/**
 * Gives out the next number that is no group's id yet, and no group's name if it is to be the name, too. Numbers that
 * were given out in the same transaction are passed over as ids of groups.
 */
async function nextGroupNumber(
  executor: Executor,
  organizationId: number,
  { lastGroupNumber }: FeedHead,
  isName: boolean,
): Promise<string> {
  const statement = takeGroupNumber(organizationId, lastGroupNumber, isName);
  return (await selectRow(executor, groupIdRow, prepared(statement)))!.groupId;
}

const groupIdRow = z.object({ groupId: z.string() });

/** The statement that gives out the next free number of a group, after the last one. */
export const takeGroupNumber = (organizationId: number, lastGroupNumber: number, isName: boolean): Sql => sql`
  with recursive candidate (number) as (
    select ${lastGroupNumber}::bigint + 1
    union all
    select number + 1 from candidate
    where exists (
      select from groups where organization_id = ${organizationId}
        and (group_id = number::text or (${isName}::boolean and name_normalized = number::text)))
  )
  update feed_heads set last_group_number = (select max(number) from candidate)
  where organization_id = ${organizationId} returning last_group_number::text as "groupId"`;

/** Makes sure that the id and the name are free, and that there is such a parent. */
async function requireFree(
  records: Records,
  organizationId: number,
  groupId: string,
  name: string,
  parentGroupId: string | null,
): Promise<void> {
  const nameNormalized = foldCase(name);
  const related = [{ groupId }, { nameNormalized }, ...(parentGroupId === null ? [] : [{ groupId: parentGroupId }])];
  const found = await records.group.findMany({
    where: { organizationId, OR: related },
    select: { groupId: true, nameNormalized: true },
  });
  if (parentGroupId !== null && !found.some((group) => group.groupId === parentGroupId)) {
    throw invalidGroup("parentGroupId", "is not a group");
  }
  if (found.some((group) => group.groupId === groupId)) {
    throw taken("groupId", "There is a group with this groupId already.");
  }
  const holder = found.find((group) => group.nameNormalized === nameNormalized);
  if (holder) throw taken("name", `The name belongs to the group ${holder.groupId}. Choose another one.`);
}

async function insertGroup(
  records: Records,
  organizationId: number,
  group: Omit<NewGroup, "groupId" | "name"> & Pick<GroupDocument, "groupId" | "name">,
  at: Date,
): Promise<GroupDocument> {
  const { default: isDefault, protected: isProtected, ...others } = group;
  const nameNormalized = foldCase(group.name);
  const stored = await records.group.create({
    data: { organizationId, nameNormalized, isDefault, isProtected, ...others, createdAt: at, updatedAt: at },
  });
  return groupDocument(storedGroupRow.parse(stored));
}

/** The problem of an impossible value of a group's property; the message completes "<field> …". */
export const invalidGroup = (field: string, message: string) =>
  new MusterError("request_invalid", `Nothing was changed: ${field} ${message}.`, {
    field,
    errors: [{ field, message }],
  });

const taken = (field: string, detail: string) =>
  new MusterError("conflict", detail, { field, errors: [{ field, message: "is taken" }] });
