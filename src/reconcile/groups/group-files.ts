import sql from "sql-template-tag";
import { type Origin, type Recorded, together } from "../../changes/record.ts";
import { changedProperties } from "../../directory/changed-properties.ts";
import { deleteGroups, endMemberships } from "../../directory/dissolve-groups.ts";
import { emergencyAlerts } from "../../directory/group-codes.ts";
import { groupDocument, groupProperties, storedGroupColumns, storedGroupRow } from "../../directory/group-document.ts";
import {
  countNetworkAdministrators,
  type GroupState,
  joinNetworkAdministrators,
  type SavedGroup,
  saveGroups,
} from "../../directory/save-groups.ts";
import { foldCase } from "../../directory/text.ts";
import { type GroupField, groupColumns } from "../../intake/group-columns.ts";
import { prepared, selectRows } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { GroupLoss } from "../guard/figures.ts";
import type { RecordKind } from "../records/record-files.ts";
import type { RecordItem, RecordPlan } from "../records/record-plan.ts";
import { type GroupRow, normalizeGroup } from "./normalize-group.ts";
import { type GroupsPlan, type PlannedGroup, planGroups } from "./plan-groups.ts";

/** Files of groups (file formats, section 6). */
export const groupFiles: RecordKind<GroupField, GroupRow> = {
  columns: groupColumns,
  normalize: normalizeGroup,
  async plan(executor, organizationId, rows, holdsRemovals) {
    const stored = await readGroups(executor, organizationId);
    const plan = planGroups(rows, stored, await readLastGroupNumber(executor, organizationId));
    const known = new Map(stored.map((group) => [group.groupId, group]));
    const dissolved = holdsRemovals ? [] : plan.groups.filter(isDissolved);
    const members = await countMembers(
      executor,
      organizationId,
      dissolved.map(({ groupId }) => groupId),
    );
    return toRecordPlan(executor, organizationId, rows, { plan, known, dissolved, members });
  },
};

type Dissolved = Extract<PlannedGroup, { readonly groupId: string }>;
const isDissolved = (planned: PlannedGroup): planned is Dissolved =>
  planned.action === "delete" || planned.action === "purge";

/** A plan beside what is stored. */
interface Comparison {
  readonly plan: GroupsPlan;
  readonly known: ReadonlyMap<string, GroupState>;
  /** The groups that the plan deletes and purges, unless they are held. */
  readonly dissolved: readonly Dissolved[];
  /** The number of members of each; 0 for groups that are not named. */
  readonly members: ReadonlyMap<string, number>;
}

async function toRecordPlan(
  executor: Executor,
  organizationId: number,
  rows: readonly GroupRow[],
  { plan, known, dissolved, members }: Comparison,
): Promise<RecordPlan> {
  const saved = plan.groups.flatMap(savedGroup);
  const created = saved.filter(({ isNew }) => isNew).map(({ group }) => group.groupId);
  const losses = lossesOf(dissolved, known, members);
  const removed = losses.reduce((sum, { lost }) => sum + lost, 0);
  const joining = created.length === 0 ? 0 : await countNetworkAdministrators(executor, organizationId);
  const ids = new Set(dissolved.map(({ groupId }) => groupId));
  const kept = plan.groups.filter((planned) => !isDissolved(planned) || ids.has(planned.groupId));
  const of = (action: "delete" | "purge") =>
    dissolved.filter((planned) => planned.action === action).map(({ groupId }) => groupId);
  return {
    items: kept.flatMap((planned) => itemOf(planned, known, members)),
    failures: plan.failures,
    warnings: plan.warnings,
    notAdded: unknownRows(rows, plan, known),
    groupIds: new Map(plan.groups.map((planned) => [planned.row, idOf(planned)])),
    memberships: {
      added: created.length * joining,
      removed,
      before: removed === 0 ? 0 : await countMemberships(executor, organizationId),
    },
    losses,
    locationLosses: [],
    apply: (origin, at) =>
      applyGroups(executor, organizationId, origin, at, {
        saved,
        created,
        purged: of("purge"),
        deleted: of("delete"),
        lastGroupNumber: plan.lastGroupNumber,
      }),
  };
}

const idOf = (planned: PlannedGroup) => ("group" in planned ? planned.group.groupId : planned.groupId);

function savedGroup(planned: PlannedGroup): SavedGroup[] {
  if (planned.action === "create") {
    const { group } = planned;
    return [{ group, isNew: true, changed: changedProperties<GroupState>(null, group, groupProperties) }];
  }
  return planned.action === "update" ? [{ group: planned.group, isNew: false, changed: planned.changed }] : [];
}

function itemOf(
  planned: PlannedGroup,
  known: ReadonlyMap<string, GroupState>,
  members: ReadonlyMap<string, number>,
): RecordItem[] {
  const { row } = planned;
  const id = idOf(planned);
  const [saved] = savedGroup(planned);
  if (saved) return [{ type: "group", action: saved.isNew ? "add" : "update", id, row, changed: saved.changed }];
  const count = members.get(id) ?? 0;
  const emptied = count === 0 ? {} : { members: { from: count, to: 0 } };
  if (planned.action === "purge" && count > 0) return [{ type: "group", action: "update", id, row, changed: emptied }];
  if (planned.action !== "delete") return [];
  const changed = { ...changedProperties<GroupState>(known.get(id)!, null, groupProperties), ...emptied };
  return [{ type: "group", action: "remove", id, row, changed }];
}

function lossesOf(
  dissolved: readonly Dissolved[],
  known: ReadonlyMap<string, GroupState>,
  members: ReadonlyMap<string, number>,
): GroupLoss[] {
  return dissolved
    .flatMap(({ groupId }): GroupLoss[] => {
      const lost = members.get(groupId) ?? 0;
      const { category, protected: isProtected, guardPercent } = known.get(groupId)!;
      if (lost === 0) return [];
      return [{ groupId, members: lost, lost, guardPercent, isProtected: isProtected || category === emergencyAlerts }];
    })
    .sort((one, other) => other.lost - one.lost);
}

/** Rows that failed and whose group is not stored: it was not created. */
function unknownRows(rows: readonly GroupRow[], { failures }: GroupsPlan, known: ReadonlyMap<string, GroupState>) {
  const names = new Set([...known.values()].map(({ name }) => foldCase(name)));
  return rows
    .filter(({ row, action }) => action === "save" && failures.has(row))
    .filter(({ groupId, nameNormalized = "" }) =>
      groupId === undefined ? !names.has(nameNormalized) : !known.has(groupId),
    )
    .map(({ row }) => row);
}

interface GroupChanges {
  readonly saved: readonly SavedGroup[];
  readonly created: readonly string[];
  readonly purged: readonly string[];
  readonly deleted: readonly string[];
  readonly lastGroupNumber: number;
}

async function applyGroups(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  at: Date,
  { saved, created, purged, deleted, lastGroupNumber }: GroupChanges,
): Promise<Recorded> {
  const steps = [
    () => saveGroups(executor, organizationId, saved, lastGroupNumber, origin, at),
    () => joinNetworkAdministrators(executor, organizationId, created, origin, at),
    () => endMemberships(executor, organizationId, purged, origin, at),
    () => deleteGroups(executor, organizationId, deleted, origin, at),
  ];
  let recorded: Recorded = { count: 0 };
  for (const step of steps) {
    const { count, firstSequence, lastSequence } = await step();
    if (count > 0) recorded = together(recorded, { count, firstSequence: firstSequence!, lastSequence: lastSequence! });
  }
  return recorded;
}

async function readGroups(executor: Executor, organizationId: number): Promise<GroupState[]> {
  const statement = sql`select ${storedGroupColumns} from groups where organization_id = ${organizationId} order by group_id`;
  const rows = await selectRows(executor, storedGroupRow, statement);
  return rows.map((stored) => {
    const { version: _version, createdAt: _createdAt, updatedAt: _updatedAt, ...state } = groupDocument(stored);
    return state;
  });
}

async function readLastGroupNumber(executor: Executor, organizationId: number): Promise<number> {
  const { rows } = await executor.query<{ lastGroupNumber: number }>(
    prepared(
      sql`select last_group_number as "lastGroupNumber" from feed_heads where organization_id = ${organizationId}`,
    ),
  );
  return rows[0]!.lastGroupNumber;
}

async function countMembers(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
): Promise<Map<string, number>> {
  if (groupIds.length === 0) return new Map();
  const { rows } = await executor.query<{ groupId: string; members: number }>(
    prepared(sql`select group_id as "groupId", count(*)::integer as members from memberships
     where organization_id = ${organizationId} and group_id = any(${groupIds}::text[]) group by group_id`),
  );
  return new Map(rows.map(({ groupId, members }) => [groupId, members]));
}

async function countMemberships(executor: Executor, organizationId: number): Promise<number> {
  const { rows } = await executor.query<{ count: number }>(
    prepared(sql`select count(*)::integer as count from memberships where organization_id = ${organizationId}`),
  );
  return rows[0]!.count;
}
