import { rolesWith } from "../directory/standing.ts";
import { readViewer } from "../directory/visible-groups.ts";
import { readImports } from "../reconcile/attempts/read-imports.ts";
import { type Executor, withOrganization } from "../store/database.ts";
import { type Actor, type Moderation, nameOf } from "./context.ts";
import { expireOnReading, isOverdue } from "./expire-topics.ts";
import { actionsOfKey, actionsOfPerson, type PendingAction, type PendingType } from "./rules.ts";
import type { ItemKey } from "./topics.ts";

/** Something that waits for a decision. */
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
  /** Who asked: a person by id and name; of an import who sent it. */
  readonly requestedBy: { readonly userId: string | null; readonly name: string };
  /** RFC 3339, UTC, microseconds. */
  readonly createdAt: string;
  /** Seconds since then. */
  readonly age: number;
  /** What the caller may do with it. */
  readonly actions: readonly PendingAction[];
}

/** Which items a queue shows. */
export interface PendingFilter {
  readonly type?: PendingType | undefined;
  readonly groupId?: string | undefined;
}

/** A page of the queue. */
export interface PendingPage {
  /** At most one more than was asked for, so that the caller knows whether there are more. */
  readonly items: readonly PendingItem[];
  /** How many of each type the caller may see, whatever the type that was asked for. */
  readonly counts: Readonly<Record<PendingType, number>>;
}

/**
 * Whatever waits and the caller may decide about, or asked themself; of an API key, all. The oldest first.
 * @throws MusterError not_found when whoever signed in is no user any more
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
    async (client) => {
      const values = [organizationId, actor.userId, await seesAll(client, actor), groupId ?? null];
      const roles = [rolesWith("decide"), rolesWith("administer")];
      const counted = await client.query<{ type: PendingType; count: number }>(
        `${waiting} select type, count(*) as count from visible group by type`,
        [...values, ...roles],
      );
      const { rows } = await client.query<StoredItem>(
        `${waiting}
         select v.type, v.id, v.group_id as "groupId", g.name as "groupName", v.version, v.plan_hash as "planHash", v.text,
           u.id::text as "userId", ${nameOf("u")} as name, v.actor, timestamp_text(v.created_at) as "createdAt",
           timestamp_text(v.publish_before) as "publishBefore", v.decides, v.administers, v.person is not distinct from $2 as "isOwn"
         from visible v
         left join groups g on g.organization_id = $1 and g.group_id = v.group_id
         left join users u on u.organization_id = $1 and u.id = v.person
         where ($7::text is null or v.type = $7) and ($8::timestamptz is null or (v.created_at, v.id) > ($8, $9::uuid))
         order by v.created_at, v.id limit $10`,
        [...values, ...roles, type ?? null, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
      );
      const held = rows.filter((row) => row.type === "import").map(({ id }) => id);
      const imports = await readImports(client, organizationId, held);
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

/** Whether somebody sees whatever waits: API keys do, and network administrators. */
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
  readonly text: string;
  readonly userId: string | null;
  readonly name: string;
  readonly actor: string;
  readonly createdAt: string;
  readonly publishBefore: string | null;
  readonly decides: boolean;
  readonly administers: boolean;
  readonly isOwn: boolean;
}

/**
 * What waits, as `visible`. Parameters: $1 organization, $2 person or null, $3 whether all is seen, $4 group or null, $5 roles
 * that decide, $6 roles that administer.
 */
const waiting = `
  with own as materialized (
    select group_id, role = any($5::smallint[]) as decides, role = any($6::smallint[]) as administers
    from memberships where organization_id = $1 and user_id = $2::bigint and role > 0
  ), item as (
    select 'topic' as type, id, group_id, author_id as person, version, null as plan_hash, subject as text, actor,
      publish_before, created_at
    from topics where organization_id = $1 and status = 'pending'
    union all
    select 'membership', id, group_id, user_id, version, null, message, actor, null, created_at
    from membership_requests where organization_id = $1 and status = 'pending'
    union all
    select 'import', id, null, null, null, plan_hash, '', actor, null, created_at
    from imports where organization_id = $1 and status = 'held'
  ), visible as materialized (
    select item.*, $3::boolean or coalesce(own.decides, false) as decides, $3 or coalesce(own.administers, false) as administers
    from item left join own using (group_id)
    where ($4::text is null or group_id = $4) and ($3 or own.decides or person = $2)
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
    ...{ id, type, groupId, groupName, version, planHash },
    summary: type === "topic" ? row.text : (summary ?? joinLine(asked, groupName ?? "", row.text)),
    requestedBy: { userId: row.userId, name: asked },
    ...{ createdAt, age: Math.max(0, Math.floor((now.getTime() - Date.parse(createdAt)) / 1000)) },
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
