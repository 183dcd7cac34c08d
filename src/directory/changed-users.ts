import sql, { empty, type Sql } from "sql-template-tag";
import type { Stretch } from "../changes/feed.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRows } from "../store/sql.ts";
import { type Lost, leftRecord, withLosses } from "./feed-losses.ts";
import { blankRecord, type FeedRecord, toFeedRecord } from "./feed-record.ts";
import { usersByPage } from "./list-users.ts";
import { parseDocument, storedUserRow, userDocuments } from "./user-document.ts";
import type { UserDocument } from "./user-schema.ts";

/** The people to be written as feeds do. */
export interface RecordsWanted {
  /** Only people who changed within this stretch of the log, deleted ones included; absent: everybody. */
  readonly stretch?: Stretch | undefined;
  readonly groupId?: string | undefined;
  /** Name of the source whose databaseID is meant. */
  readonly source: string;
}

/** A person who was deleted. */
type Gone = readonly [id: number, databaseId: string | null, username: string | null];

/** A person who lost something within the stretch. It may have come back since. */
interface Loser extends Lost {
  readonly id: number;
}

/** A person who changed: the id alone if nothing was lost. */
type Changed = number | Gone | Loser;

const isGone = (one: Changed): one is Gone => Array.isArray(one);
const idOf = (one: number | Loser): number => (typeof one === "number" ? one : one.id);

const pageSize = 1000;

/**
 * People as feeds write them, page by page in the order of their ids. Between two pages no connection is held. Deleted
 * people have the code 00000. Memberships that ended have `G|00002`, and lost addresses and phones have the order `delete`
 * (file formats, sections 1 to 3). So a copy that imports this stays equal.
 */
export async function* feedRecords(
  database: Database,
  organizationId: number,
  { stretch, groupId, source }: RecordsWanted,
): AsyncGenerator<readonly FeedRecord[], void, undefined> {
  const record = (document: UserDocument) => toFeedRecord(document, source);
  if (stretch === undefined) {
    const pages = usersByPage(database, organizationId, { groupId });
    for await (const users of pages) yield users.map((user) => record(parseDocument(user)));
    return;
  }
  const changed = await listChanged(database, organizationId, stretch, groupId);
  for (let first = 0; first < changed.length; first += pageSize) {
    const page = changed.slice(first, first + pageSize);
    const documents = await documentsOf(database, organizationId, page);
    yield page.flatMap((one) => {
      if (isGone(one)) return [goneRecord(one)];
      const document = documents.get(idOf(one));
      if (document === undefined) return [];
      if (groupId !== undefined && !isMember(document, groupId)) return [leftRecord(record(document), [groupId])];
      return typeof one === "number" ? [record(document)] : withLosses(record(document), document, one);
    });
  }
}

/** Everybody may have changed. So people who exist are numbers alone, in one value, and its items are not checked. */
async function listChanged(
  database: Database,
  organizationId: number,
  stretch: Stretch,
  groupId: string | undefined,
): Promise<readonly Changed[]> {
  const { rows } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query<{ changed: Changed[] }>(prepared(changedPeople(organizationId, stretch, groupId))),
  );
  return rows[0]!.changed;
}

/** The statement of `listChanged`: one row. */
export const changedPeople = (
  organizationId: number,
  { after, through }: Stretch,
  groupId: string | undefined,
): Sql => {
  const concernsGroup = sql`and (
        exists (select from json_array_elements(memberships::json) m where m ->> 'groupId' = ${groupId})
        or exists (select from memberships m
          where m.organization_id = ${organizationId} and m.user_id = c.id::bigint and m.group_id = ${groupId}))`;
  return sql`
    with entry as materialized (
      select id::bigint as id, changed::json as changed, memberships::json as memberships from changes
      where organization_id = ${organizationId} and type = 'user' and action <> 'created'
        and sequence > ${after} and sequence <= ${through}
    ), loss as (
      select id, 'groups' as kind, m ->> 'groupId' as value from entry, json_array_elements(memberships) m
      where m #>> '{role,to}' is null
      union
      select id, 'emails', value from entry, json_array_elements_text(${listBefore("emails")}) value
      union
      select id, 'phones', concat_ws(' x', p ->> 'number', nullif(p ->> 'extension', ''))
      from entry, json_array_elements(${listBefore("phones")}) p
    ), loser as (
      select id, json_build_object('id', id, 'groups', ${lossesOf("groups")}, 'emails', ${lossesOf("emails")},
        'phones', ${lossesOf("phones")}) as losses
      from loss group by id
    )
    select coalesce(json_agg(case when is_deleted then json_build_array(id, database_id, username)
      else coalesce(losses, to_json(id)) end order by id), '[]') as changed
    from (
      select distinct on (id::bigint) id::bigint, database_id, username,
        not exists (select from users u where u.organization_id = ${organizationId} and u.id = c.id::bigint) as is_deleted
      from changes c
      where organization_id = ${organizationId} and type = 'user' and sequence > ${after} and sequence <= ${through}
        ${groupId === undefined ? empty : concernsGroup}
      order by id::bigint, sequence desc
    ) last left join loser using (id)`;
};

/** The values of a list before a change; null if the change did not concern it. */
const listBefore = (name: "emails" | "phones"): Sql =>
  sql`case when json_typeof(changed #> array[${name}::text, 'from']) = 'array' then changed #> array[${name}::text, 'from'] end`;

const lossesOf = (kind: keyof Lost): Sql =>
  sql`coalesce(json_agg(value order by value) filter (where kind = ${kind}::text), '[]')`;

async function documentsOf(
  database: Database,
  organizationId: number,
  changed: readonly Changed[],
): Promise<Map<number, UserDocument>> {
  const ids = changed.flatMap((one) => (isGone(one) ? [] : [idOf(one)]));
  const statement = prepared(userDocuments(organizationId, sql`select unnest(${ids}::bigint[]) as id`));
  const rows = await withOrganization(database, organizationId, (transaction) =>
    selectRows(transaction, storedUserRow, statement),
  );
  return new Map(rows.map((row) => [row.id, parseDocument(row)]));
}

const goneRecord = ([, databaseId, username]: Gone): FeedRecord => ({
  ...blankRecord,
  userID: username ?? "",
  databaseID: databaseId ?? "",
  groupID: "00000",
});

const isMember = ({ memberships }: UserDocument, groupId: string): boolean =>
  memberships.some((membership) => membership.groupId === groupId);
