import sql, { empty, type Sql } from "sql-template-tag";
import { rolesWith } from "../directory/standing.ts";
import { readViewer } from "../directory/visible-groups.ts";
import { readImports } from "../reconcile/attempts/read-imports.ts";
import { withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { type Actor, type Moderation, nameOf } from "./context.ts";
import { expireOnReading, isOverdue } from "./expire-topics.ts";
import { actionsOfKey, actionsOfPerson, type PendingAction, type PendingType } from "./rules.ts";
import type { ItemKey } from "./topics.ts";

/** An item that waits for a decision. */
export interface PendingItem {
  readonly id: string;
  readonly type: PendingType;
  /** null of an import; so is `groupName`. */
  readonly groupId: string | null;
  readonly groupName: string | null;
  /** A decision names it; null of an import, whose plan it names instead. */
  readonly version: number | null;
  readonly planHash: string | null;
  /** One line. */
  readonly summary: string;
  /** All that a topic would send, or the message of a person who asks to join; null of an import. */
  readonly text: string | null;
  /** The person who asked, by id and name; the sender of an import. */
  readonly requestedBy: { readonly userId: string | null; readonly name: string };
  /** RFC 3339, UTC, microseconds. */
  readonly createdAt: string;
  /** Seconds since then. */
  readonly age: number;
  /** The actions that the caller may take. */
  readonly actions: readonly PendingAction[];
}

/** Limits the queue to some items. */
export interface PendingFilter {
  readonly type?: PendingType | undefined;
  readonly groupId?: string | undefined;
}

/** A page of the queue. */
export interface PendingPage {
  /** At most one more than was asked for, so that the caller knows whether there are more. */
  readonly items: readonly PendingItem[];
  /** Numbers of items that the caller may see, for every type. */
  readonly counts: Readonly<Record<PendingType, number>>;
}

/**
 * Lists the pending items that the caller may decide about or asked for, the oldest first. An API key sees all.
 * @throws MusterError not_found if the person who signed in was deleted
 */
export async function listPending(
  moderation: Moderation,
  { type, groupId }: PendingFilter,
  { after, limit }: { readonly after: ItemKey | undefined; readonly limit: number },
): Promise<PendingPage> {
  await expireOnReading(moderation);
  const { database, actor, clock } = moderation;
  const { organizationId } = actor;
  return withOrganization(
    database,
    organizationId,
    async (transaction) => {
      const visible = visibleItems({
        organizationId,
        userId: actor.userId,
        seesAll: await seesAll(transaction, actor),
        groupId,
      });
      const counted = await transaction.query<{ type: PendingType; count: number }>(
        prepared(sql`${visible} select type, count(*) as count from visible group by type`),
      );
      const { rows } = await transaction.query<StoredItem>(
        prepared(sql`${visible}
          select v.type, v.id, v.group_id as "groupId", g.name as "groupName", v.version, v.plan_hash as "planHash", v.line, v.text,
            u.id::text as "userId", ${nameOf(sql`u`)} as name, v.actor, timestamp_text(v.created_at) as "createdAt",
            timestamp_text(v.publish_before) as "publishBefore", v.decides, v.administers,
            v.person is not distinct from ${actor.userId}::bigint as "isOwn"
          from visible v
          left join groups g on g.organization_id = ${organizationId} and g.group_id = v.group_id
          left join users u on u.organization_id = ${organizationId} and u.id = v.person
          where true ${type === undefined ? empty : sql`and v.type = ${type}`}
            ${after === undefined ? empty : sql`and (v.created_at, v.id) > (${after[0]}, ${after[1]})`}
          order by v.created_at, v.id limit ${limit + 1}`),
      );
      const held = rows.filter((row) => row.type === "import").map(({ id }) => id);
      const imports = await readImports(transaction, organizationId, held);
      const summaries = new Map(imports.map(({ id, summary }) => [id, summary]));
      const count = (name: PendingType) => counted.rows.find((row) => row.type === name)?.count ?? 0;
      return {
        items: rows.map((row) => toItem(row, actor, clock(), summaries.get(row.id))),
        counts: { topic: count("topic"), membership: count("membership"), import: count("import") },
      };
    },
    "repeatable read",
  );
}

/** API keys and network administrators see all pending items. */
async function seesAll(executor: Executor, { organizationId, userId }: Actor): Promise<boolean> {
  return userId === null || (await readViewer(executor, organizationId, userId)).isNetworkAdministrator;
}

interface StoredItem {
  readonly [column: string]: unknown;
  readonly type: PendingType;
  readonly id: string;
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly version: number | null;
  readonly planHash: string | null;
  readonly line: string;
  readonly text: string | null;
  readonly userId: string | null;
  readonly name: string;
  readonly actor: string;
  readonly createdAt: string;
  readonly publishBefore: string | null;
  readonly decides: boolean;
  readonly administers: boolean;
  readonly isOwn: boolean;
}

/** The viewer of pending items, and the one group that is asked for. */
interface PendingView {
  readonly organizationId: number;
  readonly userId: number | null;
  readonly seesAll: boolean;
  readonly groupId: string | undefined;
}

/** Begins a statement with the pending items that somebody may see, as `visible`. */
export const visibleItems = ({ organizationId, userId, seesAll, groupId }: PendingView): Sql => sql`
  with own as materialized (
    select group_id, role = any(${rolesWith("decide")}::smallint[]) as decides,
      role = any(${rolesWith("administer")}::smallint[]) as administers
    from memberships where organization_id = ${organizationId} and user_id = ${userId}::bigint and role > 0
  ), item as (
    select 'topic' as type, id, group_id, author_id as person, version, null as plan_hash, subject as line, body as text, actor,
      publish_before, created_at
    from topics where organization_id = ${organizationId} and status = 'pending'
    union all
    select 'membership', id, group_id, user_id, version, null, message, message, actor, null, created_at
    from membership_requests where organization_id = ${organizationId} and status = 'pending'
    union all
    select 'import', id, null, null, null, plan_hash, '', null, actor, null, created_at
    from imports where organization_id = ${organizationId} and status = 'held'
  ), visible as materialized (
    select item.*, ${seesAll}::boolean or coalesce(own.decides, false) as decides,
      ${seesAll}::boolean or coalesce(own.administers, false) as administers
    from item left join own using (group_id)
    where (${seesAll}::boolean or own.decides or person = ${userId}::bigint)
      ${groupId === undefined ? empty : sql`and group_id = ${groupId}`}
  )`;

function toItem(
  row: StoredItem,
  { userId, services, actor }: Actor,
  now: Date,
  summary: string | undefined,
): PendingItem {
  const { id, type, groupId, groupName, version, planHash, createdAt } = row;
  const asker = type === "import" ? { ...row, isOwn: row.actor === actor } : row;
  const actions = userId === null ? actionsOfKey(type, services ?? []) : actionsOfPerson(type, asker);
  const asked = row.userId === null ? row.actor : row.name;
  return {
    id,
    type,
    groupId,
    groupName,
    version,
    planHash,
    summary: type === "topic" ? row.line : (summary ?? joinLine(asked, groupName ?? "", row.line)),
    text: row.text,
    requestedBy: { userId: row.userId, name: asked },
    createdAt,
    age: Math.max(0, Math.floor((now.getTime() - Date.parse(createdAt)) / 1000)),
    // While another writer is at work, a topic that is late may not be marked as expired yet.
    actions: isOverdue(row, now) ? actions.filter((action) => action !== "approve") : actions,
  };
}

/** Characters of a message that a line shows. */
const messageLength = 100;

function joinLine(name: string, groupName: string, message: string): string {
  const line = message.replace(/\s+/g, " ");
  const shown = [...line].length > messageLength ? `${[...line].slice(0, messageLength).join("")}…` : line;
  return `${name} asks to join ${groupName}${shown === "" ? "" : `: ${shown}`}`;
}
