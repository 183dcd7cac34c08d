import sql, { empty, type Sql } from "sql-template-tag";
import type { Stretch } from "../changes/feed.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRows } from "../store/sql.ts";
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

/** A person who changed: the id, and the identifiers of a person who was deleted. */
type Changed = number | readonly [id: number, databaseId: string | null, username: string | null];

const pageSize = 1000;

/**
 * People as feeds write them, page by page in the order of their ids. Between two pages no connection is held. Deleted
 * people have the code 00000, and those who have left the group have `G|00002` (file formats, section 3). A copy that
 * imports this follows.
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
      if (typeof one !== "number") return [goneRecord(one)];
      const document = documents.get(one);
      if (document === undefined) return [];
      return [groupId === undefined ? record(document) : orLeft(record(document), groupId)];
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
    select coalesce(json_agg(case when is_deleted then json_build_array(id, database_id, username) else to_json(id) end
      order by id), '[]') as changed
    from (
      select distinct on (id::bigint) id::bigint, database_id, username,
        not exists (select from users u where u.organization_id = ${organizationId} and u.id = c.id::bigint) as is_deleted
      from changes c
      where organization_id = ${organizationId} and type = 'user' and sequence > ${after} and sequence <= ${through}
        ${groupId === undefined ? empty : concernsGroup}
      order by id::bigint, sequence desc
    ) last`;
};

async function documentsOf(
  database: Database,
  organizationId: number,
  changed: readonly Changed[],
): Promise<Map<number, UserDocument>> {
  const ids = changed.filter((one) => typeof one === "number");
  const statement = prepared(userDocuments(organizationId, sql`select unnest(${ids}::bigint[]) as id`));
  const rows = await withOrganization(database, organizationId, (transaction) =>
    selectRows(transaction, storedUserRow, statement),
  );
  return new Map(rows.map((row) => [row.id, parseDocument(row)]));
}

const goneRecord = ([, databaseId, username]: Exclude<Changed, number>): FeedRecord => ({
  ...blankRecord,
  userID: username ?? "",
  databaseID: databaseId ?? "",
  groupID: "00000",
});

/** A person who does not belong to the group any more leaves it, and says nothing else. */
function orLeft(record: FeedRecord, groupId: string): FeedRecord {
  const isMember = record.groupID.split(";").some((token) => token.split("|", 1)[0] === groupId);
  if (isMember) return record;
  const { userID, databaseID, email } = record;
  return { ...blankRecord, userID, databaseID, email, groupID: `${groupId}|00002` };
}
