import sql, { empty } from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import type { Reading } from "../../intake/reading.ts";
import type { Style } from "../../organizations/settings.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { Hold } from "../guard/hold.ts";
import type { Channel } from "../receive/request.ts";
import {
  type Decision,
  earlierCounts,
  type ImportCounts,
  type ImportProblem,
  type ImportResource,
  type ImportStatus,
} from "./import-resource.ts";
import type { CommonFailure } from "./outcomes.ts";
import { cutPage, type Page } from "./pages.ts";
import { summarize } from "./summary.ts";

/** The position of a page of imports: the import before it. */
export type ImportKey = readonly [createdAt: string, id: string];

/** A filter for a list of imports. */
export interface ImportFilter {
  readonly status?: ImportStatus;
  /** Name of a source. */
  readonly source?: string;
}

const importColumns = sql`
  imports.id, imports.kind, imports.style, imports.dry_run as "dryRun", imports.status, sources.name as "sourceName",
  imports.channel, imports.format, imports.file_name as "fileName", imports.bytes, imports.sha256, imports.reading,
  imports.actor,
  imports.outcomes -> 'commonFailure' as "commonFailure",
  imports.counts, imports.problem, imports.hold, imports.decision,
  (select settings ->> 'timeZone' from organizations where id = imports.organization_id) as "timeZone",
  imports.plan_hash as "planHash", imports.first_sequence as "firstSequence", imports.last_sequence as "lastSequence",
  timestamp_text(imports.created_at) as "createdAt", timestamp_text(imports.finished_at) as "finishedAt"`;
const importTables = sql`
  imports join sources on sources.organization_id = imports.organization_id and sources.number = imports.source`;

interface StoredImport {
  [column: string]: unknown;
  id: string;
  kind: ImportResource["kind"];
  style: Style;
  dryRun: boolean;
  status: ImportStatus;
  sourceName: string;
  channel: Channel;
  format: string | null;
  fileName: string | null;
  bytes: number | null;
  sha256: string | null;
  reading: Reading | null;
  actor: string;
  commonFailure: CommonFailure | null;
  counts: ImportCounts | null;
  problem: ImportProblem | null;
  hold: Hold | null;
  decision: Decision | null;
  timeZone: string | null;
  planHash: string | null;
  firstSequence: number | null;
  lastSequence: number | null;
  createdAt: string;
  finishedAt: string | null;
}

function toResource(stored: StoredImport): ImportResource {
  const { id, kind, style, dryRun, status, sourceName, channel, format, fileName, bytes, sha256 } = stored;
  const { reading, actor, problem, hold, decision, planHash, firstSequence, lastSequence, createdAt, finishedAt } =
    stored;
  const counts = stored.counts && { ...earlierCounts, ...stored.counts };
  const source = { name: sourceName, channel, format, fileName, bytes, sha256, reading };
  const resource = {
    id,
    kind,
    style,
    dryRun,
    status,
    source,
    actor,
    counts,
    problem,
    hold,
    decision,
    planHash,
    createdAt,
  };
  const summary = summarize({ ...resource, commonFailure: stored.commonFailure }, stored.timeZone ?? "UTC");
  return {
    id,
    kind,
    style,
    dryRun,
    status,
    summary,
    source,
    actor,
    counts,
    problem,
    hold,
    decision,
    planHash,
    firstSequence,
    lastSequence,
    createdAt,
    finishedAt,
  };
}

/**
 * One import.
 * @throws MusterError not_found
 */
export function getImport(database: Database, organizationId: number, id: string): Promise<ImportResource> {
  return withOrganization(database, organizationId, (client) => readImport(client, organizationId, id));
}

/** The same in a transaction of the caller's. */
export async function readImport(executor: Executor, organizationId: number, id: string): Promise<ImportResource> {
  const { rows } = await executor.query<StoredImport>(
    prepared(sql`
      select ${importColumns} from ${importTables}
      where imports.organization_id = ${organizationId} and imports.id = ${id}`),
  );
  const [stored] = rows;
  if (!stored) throw new MusterError("not_found", "There is no such import.");
  return toResource(stored);
}

/** The imports of these ids, in no order; unknown ones are left out. */
export async function readImports(
  executor: Executor,
  organizationId: number,
  ids: readonly string[],
): Promise<ImportResource[]> {
  if (ids.length === 0) return [];
  const { rows } = await executor.query<StoredImport>(
    prepared(sql`
      select ${importColumns} from ${importTables}
      where imports.organization_id = ${organizationId} and imports.id = any(${ids}::uuid[])`),
  );
  return rows.map(toResource);
}

/** Imports, the latest first. */
export async function listImports(
  database: Database,
  organizationId: number,
  filter: ImportFilter,
  page: { readonly after?: ImportKey; readonly limit: number },
): Promise<Page<ImportResource, ImportKey>> {
  const { status, source } = filter;
  const after = page.after && sql`and (imports.created_at, imports.id) < (${page.after[0]}, ${page.after[1]}::uuid)`;
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<StoredImport>(
      prepared(sql`
        select ${importColumns} from ${importTables}
        where imports.organization_id = ${organizationId}
          ${status === undefined ? empty : sql`and imports.status = ${status}`}
          ${source === undefined ? empty : sql`and sources.name = ${source}`} ${after ?? empty}
        order by imports.created_at desc, imports.id desc limit ${page.limit + 1}`),
    ),
  );
  return cutPage(rows, page.limit, (last) => [last.createdAt, last.id], toResource);
}
