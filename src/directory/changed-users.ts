import type { Stretch } from "../changes/feed.ts";
import { userFields } from "../person/fields.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { type FeedRecord, toFeedRecord } from "./feed-record.ts";
import { usersByPage } from "./list-users.ts";
import { type UserDocument, userDocuments } from "./user-document.ts";

/** Who is wanted as feeds write them. */
export interface RecordsWanted {
  /** Only who changed within this stretch of the log, those who are gone included; absent: everybody. */
  readonly stretch?: Stretch | undefined;
  readonly groupId?: string | undefined;
  /** Name of the source whose databaseID is meant. */
  readonly source: string;
}

/** Somebody who changed, by id; of those who are gone, what they were called. */
type Changed = number | readonly [id: number, databaseId: string | null, username: string | null];

const pageSize = 1000;

/**
 * People as feeds write them, page by page in the order of their ids; between two pages no connection is held. Who is gone
 * has the code 00000, who has left the group `G|00002` (file formats, section 3), so that a copy that imports it follows.
 */
export async function* feedRecords(
  database: Database,
  organizationId: number,
  { stretch, groupId, source }: RecordsWanted,
): AsyncGenerator<readonly FeedRecord[], void, undefined> {
  const record = (document: string) => toFeedRecord(JSON.parse(document) as UserDocument, source);
  if (stretch === undefined) {
    const pages = usersByPage(database, organizationId, { groupId });
    for await (const users of pages) yield users.map(({ document }) => record(document));
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

/** Numbers alone as far as possible: everybody may have changed. */
async function listChanged(
  database: Database,
  organizationId: number,
  { after, through }: Stretch,
  groupId: string | undefined,
): Promise<readonly Changed[]> {
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<{ changed: string }>(
      `select coalesce(json_agg(case when is_deleted then json_build_array(id, database_id, username) else to_json(id) end order by id), '[]')::text as changed
       from (
         select distinct on (id::bigint) id::bigint, database_id, username,
           not exists (select from users u where u.organization_id = $1 and u.id = c.id::bigint) as is_deleted
         from changes c
         where organization_id = $1 and type = 'user' and sequence > $2 and sequence <= $3
           and ($4::text is null
             or exists (select from json_array_elements(memberships::json) m where m ->> 'groupId' = $4)
             or exists (select from memberships m
               where m.organization_id = $1 and m.user_id = c.id::bigint and m.group_id = $4))
         order by id::bigint, sequence desc
       ) last`,
      [organizationId, after, through, groupId ?? null],
    ),
  );
  return JSON.parse(rows[0]!.changed);
}

async function documentsOf(
  database: Database,
  organizationId: number,
  changed: readonly Changed[],
): Promise<Map<number, string>> {
  const ids = changed.filter((one) => typeof one === "number");
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<{ id: number; document: string }>(userDocuments("select unnest($2::bigint[]) as id"), [
      organizationId,
      ids,
    ]),
  );
  return new Map(rows.map(({ id, document }) => [id, document]));
}

const blank = Object.fromEntries(userFields.map((column) => [column, ""])) as FeedRecord;

const goneRecord = ([, databaseId, username]: Exclude<Changed, number>): FeedRecord => ({
  ...blank,
  ...{ userID: username ?? "", databaseID: databaseId ?? "", groupID: "00000" },
});

/** Somebody who does not belong to the group any more is told of by leaving it, and nothing else. */
function orLeft(record: FeedRecord, groupId: string): FeedRecord {
  const isMember = record.groupID.split(";").some((token) => token.split("|", 1)[0] === groupId);
  if (isMember) return record;
  const { userID, databaseID, email } = record;
  return { ...blank, userID, databaseID, email, groupID: `${groupId}|00002` };
}
