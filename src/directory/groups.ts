import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import type { Group, Prisma } from "../store/generated/client.ts";
import { asWriter, type FeedHead } from "../store/organization-lock.ts";
import { changedProperties } from "./changed-properties.ts";
import { type GroupStyle, groupNameLength } from "./group-codes.ts";
import { foldCase, timeText } from "./text.ts";

/** A group as the API shows it. */
export interface GroupDocument {
  readonly groupId: string;
  readonly version: number;
  readonly name: string;
  /** Codes: `groupCategories`, `groupTypes`, `groupPrivacies`. */
  readonly category: number;
  readonly type: number;
  readonly privacy: number;
  /** Whether topics wait for approval. */
  readonly postApproval: boolean;
  readonly description: string;
  /** How imports treat its memberships; null: as the import is processed. */
  readonly style: GroupStyle | null;
  /** Whether every new person joins. */
  readonly default: boolean;
  readonly protected: boolean;
  /** Imports that take more percent of its members away are held; null: as the source is set. */
  readonly guardPercent: number | null;
  readonly parentGroupId: string | null;
  /** RFC 3339, UTC; so is `updatedAt`. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A group by itself. */
export interface GroupWithMembers extends GroupDocument {
  /** How many people belong to it. */
  readonly members: number;
}

/** A new group; texts are trimmed, in NFC, and within their limits. */
export interface NewGroup extends Omit<GroupDocument, "groupId" | "version" | "name" | "createdAt" | "updatedAt"> {
  /** Absent: the next free number. */
  readonly groupId?: string | undefined;
  /** Absent: the id. */
  readonly name?: string | undefined;
}

/** Which groups a list shows: those to which everything that is given applies. */
export interface GroupFilter {
  /** How the name or the id begins: the name without regard to case. */
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
  return groups.map(groupDocument);
}

function beginsWith(query: string): Prisma.GroupWhereInput[] {
  const pattern = (text: string) => text.replace(/[\\%_]/g, "\\$&");
  return [{ nameNormalized: { startsWith: pattern(foldCase(query)) } }, { groupId: { startsWith: pattern(query) } }];
}

/**
 * One group, with the number of its members.
 * @throws MusterError not_found
 */
export async function getGroup(database: Database, organizationId: number, groupId: string): Promise<GroupWithMembers> {
  const found = await withOrganization(database, organizationId, async (transaction) => {
    const records = await transaction.records();
    const group = await records.group.findUnique({ where: { organizationId_groupId: { organizationId, groupId } } });
    return group && { group, members: await records.membership.count({ where: { organizationId, groupId } }) };
  });
  if (!found) throw noSuchGroup();
  return { ...groupDocument(found.group), members: found.members };
}

/**
 * The same as the lock's holder sees it.
 * @throws MusterError not_found
 */
export async function readGroup(
  executor: Executor,
  organizationId: number,
  groupId: string,
): Promise<GroupWithMembers> {
  const { rows } = await executor.query<StoredGroup & { members: number }>(
    `select ${storedGroupColumns}, (
       select count(*) from memberships where organization_id = $1 and memberships.group_id = groups.group_id) as members
     from groups where organization_id = $1 and group_id = $2`,
    [organizationId, groupId],
  );
  const [group] = rows;
  if (!group) throw noSuchGroup();
  return { ...groupDocument(group), members: group.members };
}

/** The problem of an id that is no group's. */
export const noSuchGroup = () => new MusterError("not_found", "There is no such group.");

/**
 * Creates a group. Imports look at unchanged rows again afterwards: one may name the group.
 * @throws MusterError conflict when the id or the name (without regard to case) is taken
 * @throws MusterError request_invalid when there is no such parent, or the name is left to an id that is too long for it
 */
export function createGroup(context: ChangeContext, wanted: NewGroup): Promise<GroupWithMembers> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client, head) => {
    const groupId = wanted.groupId ?? (await nextGroupNumber(client, organizationId, head, wanted.name === undefined));
    const name = wanted.name ?? groupId;
    if (name.length > groupNameLength) {
      throw invalidGroup("name", `is needed: the groupId has more than the ${groupNameLength} characters of a name`);
    }
    await requireFree(client, organizationId, groupId, name, wanted.parentGroupId);
    const group = await insertGroup(client, organizationId, { ...wanted, groupId, name }, clock());
    await client.query("update organizations set rules_epoch = rules_epoch + 1 where id = $1", [organizationId]);
    await recordChanges(client, organizationId, { actor }, [
      { type: "group", action: "created", id: groupId, changed: changedProperties(null, group, groupProperties) },
    ]);
    return { ...group, members: 0 };
  });
}

/** The properties whose changes the log tells. */
export const groupProperties = [
  "name",
  "category",
  "type",
  "privacy",
  "postApproval",
  "description",
  "style",
  "default",
  "protected",
  "guardPercent",
  "parentGroupId",
] as const satisfies readonly (keyof GroupDocument)[];

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
  const { rows } = await executor.query<{ groupId: string }>(
    `with recursive candidate (number) as (
       select $2::bigint + 1
       union all
       select number + 1 from candidate
       where exists (
         select from groups where organization_id = $1 and (group_id = number::text or ($3 and name_normalized = number::text)))
     )
     update feed_heads set last_group_number = (select max(number) from candidate)
     where organization_id = $1 returning last_group_number::text as "groupId"`,
    [organizationId, lastGroupNumber, isName],
  );
  return rows[0]!.groupId;
}

async function requireFree(
  executor: Executor,
  organizationId: number,
  groupId: string,
  name: string,
  parentGroupId: string | null,
): Promise<void> {
  const { rows } = await executor.query<{ idTaken: boolean; nameHolder: string | null; parentExists: boolean }>(
    `select exists (select from groups where organization_id = $1 and group_id = $2) as "idTaken",
       (select group_id from groups where organization_id = $1 and name_normalized = $3) as "nameHolder",
       exists (select from groups where organization_id = $1 and group_id = $4) as "parentExists"`,
    [organizationId, groupId, foldCase(name), parentGroupId],
  );
  const { idTaken, nameHolder, parentExists } = rows[0]!;
  if (parentGroupId !== null && !parentExists) throw invalidGroup("parentGroupId", "is no group");
  if (idTaken) throw taken("groupId", "There is a group with this groupId already.");
  if (nameHolder !== null) throw taken("name", `The name belongs to the group ${nameHolder}. Choose another one.`);
}

async function insertGroup(
  executor: Executor,
  organizationId: number,
  group: NewGroup & { readonly groupId: string; readonly name: string },
  at: Date,
): Promise<GroupDocument> {
  const { rows } = await executor.query<StoredGroup>(
    `insert into groups (organization_id, group_id, name, name_normalized, category, type, privacy, post_approval,
       description, style, is_default, is_protected, guard_percent, parent_group_id, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
     returning ${storedGroupColumns}`,
    [
      ...[organizationId, group.groupId, group.name, foldCase(group.name), group.category, group.type, group.privacy],
      ...[
        group.postApproval,
        group.description,
        group.style,
        group.default,
        group.protected,
        group.guardPercent,
        group.parentGroupId,
        at,
      ],
    ],
  );
  return groupDocument(rows[0]!);
}

/** SQL: the columns of groups of which `groupDocument` makes a document. */
export const storedGroupColumns = `group_id as "groupId", name, category, type, privacy, post_approval as "postApproval",
  description, style, is_default as "isDefault", is_protected as "isProtected", guard_percent as "guardPercent", parent_group_id as "parentGroupId", version,
  created_at as "createdAt", updated_at as "updatedAt"`;

export type StoredGroup = Omit<Group, "organizationId" | "nameNormalized" | "version"> & { version: bigint | number };

export function groupDocument(group: StoredGroup): GroupDocument {
  return {
    groupId: group.groupId,
    version: Number(group.version),
    name: group.name,
    category: group.category,
    type: group.type,
    privacy: group.privacy,
    postApproval: group.postApproval,
    description: group.description,
    style: group.style as GroupStyle | null,
    default: group.isDefault,
    protected: group.isProtected,
    guardPercent: group.guardPercent,
    parentGroupId: group.parentGroupId,
    createdAt: timeText(group.createdAt),
    updatedAt: timeText(group.updatedAt),
  };
}

/** The problem of a group's property that cannot be so. */
export const invalidGroup = (field: string, message: string) =>
  new MusterError("request_invalid", `Nothing was changed: ${field} ${message}.`, {
    field,
    errors: [{ field, message }],
  });

const taken = (field: string, detail: string) =>
  new MusterError("conflict", detail, { field, errors: [{ field, message: "is taken" }] });
